"""JSON Schemas of Python signatures, as device-connect-edge 0.2.5 derives them but for its faults.

Faults that are right here: what it has no word for it calls text (`X | None`, literals, enums, models, no annotation at all), and one
annotation that cannot be resolved makes all of them text; `**others` is no parameter named `others`, but allows any; defaults that
are no JSON are left out.
"""
_JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}
_EMPTY = object()
_CO_VARARGS, _CO_VARKEYWORDS = 4, 8


class Parameter:
    __slots__ = ("name", "kind", "default")

    def __init__(self, name, kind, default=_EMPTY):
        self.name = name
        # "positional" (only), "plain", "keyword" (only), "list" (*args), "map" (**kwargs)
        self.kind = kind
        self.default = default


def parameters_of(function, skip_first):
    """The parameters of a function, without the one that holds its object."""
    code = getattr(function, "__code__", None)
    if code is None or hasattr(function, "__wrapped__") or hasattr(function, "__signature__"):
        found = _inspected(function)
    else:
        found = _parameters_of_code(function, code)
    return found[1:] if skip_first else found


def _parameters_of_code(function, code):
    names = code.co_varnames
    plain, only = code.co_argcount, code.co_posonlyargcount
    defaults = function.__defaults__ or ()
    first_default = plain - len(defaults)
    found = [
        Parameter(
            names[i],
            "positional" if i < only else "plain",
            defaults[i - first_default] if i >= first_default else _EMPTY,
        )
        for i in range(plain)
    ]
    at = plain + code.co_kwonlyargcount
    if code.co_flags & _CO_VARARGS:
        found.append(Parameter(names[at], "list"))
        at += 1
    keywords = function.__kwdefaults__ or {}
    for name in names[plain : plain + code.co_kwonlyargcount]:
        found.append(Parameter(name, "keyword", keywords.get(name, _EMPTY)))
    if code.co_flags & _CO_VARKEYWORDS:
        found.append(Parameter(names[at], "map"))
    return found


def _inspected(function):
    import inspect

    kinds = ["positional", "plain", "list", "keyword", "map"]
    return [
        Parameter(each.name, kinds[each.kind], _EMPTY if each.default is each.empty else each.default)
        for each in inspect.signature(function).parameters.values()
    ]


def schema_of(function, descriptions=None, skip_first=True):
    """The schema of a function's parameters, as it is advertised."""
    return schemas_of(function, descriptions, skip_first)[0]


def schemas_of(function, descriptions=None, skip_first=True):
    """The schema of a function's parameters, and the one that calls are held to; None where that is the same."""
    hints, names = _hints_of(function)
    properties, held, required, others = {}, {}, [], False
    for parameter in parameters_of(function, skip_first):
        if parameter.kind in ("list", "map"):
            # Parameters come by name, so nothing ever reaches *args.
            others = others or parameter.kind == "map"
            continue
        name, default = parameter.name, parameter.default
        told, holds = _schemas_of_parameter(hints.get(name, _EMPTY), default, names)
        description = (descriptions or {}).get(name) or (_said_of(hints[name], names) if name in hints else None)
        properties[name] = {**told, "description": description} if description else told
        held[name] = holds
        if default is _EMPTY:
            required.append(name)
            continue
        plain = plain_json(default)
        if plain is not _EMPTY:
            properties[name] = {**properties[name], "default": plain}
    schema = _object(properties, required, others)
    same = all(_without_notes(properties[name]) == _without_notes(held[name]) for name in held)
    return schema, None if same else _object(held, required, others)


def _object(properties, required, others):
    schema = {"type": "object", "properties": properties, "required": required}
    return {**schema, "additionalProperties": True} if others else schema


def _schemas_of_parameter(hint, default, names):
    """What is advertised of a parameter, and what calls are held to."""
    if hint is _EMPTY:
        # Its default shows what is meant, but not what else would do.
        return ({} if default is _EMPTY else _schema_of_default(default)), {}
    if type(hint) is type and hint in _JSON_TYPES:
        told = holds = {"type": _JSON_TYPES[hint]}
    else:
        from .type_schema import schema_of_type

        told, holds = schema_of_type(hint, names), schema_of_type(hint, names, held=True)
    if default is _EMPTY or not holds or type(default) is hint:
        return told, holds
    # What a function has for a default it takes from callers too.
    if default is None:
        return told, _nullable(holds)
    other = _JSON_TYPES.get(type(default))
    if other is not None and not _says(holds, other):
        holds = {"anyOf": [holds, {"type": other}]}
    return told, holds


def _nullable(schema):
    """A schema that allows null by its default, which is how upstream says it."""
    some = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if some:
        schema = some[0] if len(some) == 1 else {"anyOf": some}
    return {**schema, "default": None}


def _says(schema, name):
    """Whether a schema speaks of values of a type of JSON."""
    if "anyOf" in schema:
        return any(_says(each, name) for each in schema["anyOf"])
    types = schema.get("type")
    return name in (types if isinstance(types, list) else [types]) or (name == "integer" and types == "number")


def _schema_of_default(default):
    plain = plain_json(default)
    if plain is _EMPTY or plain is None:
        return {}
    if type(plain) is not type(default):
        from .type_schema import schema_of_type

        return schema_of_type(type(default))
    return {"type": _JSON_TYPES[type(plain)]}


def _without_notes(schema):
    return {key: value for key, value in schema.items() if key not in ("description", "default")}


def _said_of(hint, names):
    """What `Annotated` says of a parameter in words."""
    if isinstance(hint, type):
        return None
    from .annotations import evaluated

    hint = evaluated(hint, names)
    for note in () if isinstance(hint, type) else getattr(hint, "__metadata__", ()):
        text = note if isinstance(note, str) else getattr(note, "description", None) or getattr(note, "documentation", None)
        if isinstance(text, str) and text:
            return text
    return None


def returns_json(function):
    """Whether a function's annotation promises what JSON can carry: `dict`, `list[str]`."""
    hints, names = _hints_of(function)
    return "return" in hints and _is_json_type(hints["return"], names)


def _is_json_type(hint, names):
    if type(hint) is type:
        return hint in _JSON_TYPES
    from typing import get_args, get_origin

    from .annotations import evaluated

    hint = evaluated(hint, names)
    if type(hint) is type:
        return hint in _JSON_TYPES
    return get_origin(hint) in (list, dict) and all(_is_json_type(each, names) for each in get_args(hint))


def _hints_of(function):
    """The annotations of a function as they are written, and what the names in them mean."""
    code = getattr(function, "__code__", None)
    if code is not None and not hasattr(function, "__wrapped__"):
        try:
            plain = function.__annotations__
        except Exception:
            plain = {"": ""}  # from Python 3.14 on, one whose names are not there
        if all(hint is None or type(hint) is type for hint in plain.values()):
            return plain, {}
    from .annotations import annotations_of, names_of

    return annotations_of(function), names_of(function)


def plain_json(value, depth=0):
    """A default as JSON has it; nothing (`_EMPTY`) where it has no such form."""
    if value is None or isinstance(value, bool):
        return value
    if type(value).__module__ != "builtins" and hasattr(type(value), "__members__"):
        return plain_json(value.value, depth + 1)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if value == value and abs(value) != float("inf") else _EMPTY
    if depth > 32:
        return _EMPTY
    if isinstance(value, (list, tuple)):
        parts = [plain_json(each, depth + 1) for each in value]
        return _EMPTY if any(each is _EMPTY for each in parts) else parts
    if isinstance(value, dict):
        parts = {key: plain_json(each, depth + 1) for key, each in value.items()}
        return parts if all(isinstance(key, str) and each is not _EMPTY for key, each in parts.items()) else _EMPTY
    return _EMPTY


_ENDS = ("returns:", "raises:", "example:", "note:")


def parse_docstring(text):
    """The first line of a docstring, and what its `Args:` block (Google's style) says of each parameter."""
    if not text:
        return "", {}
    lines = [line.strip() for line in text.strip().split("\n")]
    descriptions, current, inside = {}, None, False
    for line in lines[1:]:
        lower = line.lower()
        if lower.startswith("args:"):
            inside = True
        elif inside and lower.startswith(_ENDS):
            break
        elif inside:
            name, description = _argument(line)
            if name is not None:
                current = name
                descriptions[name] = description
            elif current is not None and line:
                descriptions[current] += " " + line
    return lines[0], descriptions


def _argument(line):
    """Reads `name: text` or `name (type): text`."""
    end = 0
    while end < len(line) and (line[end].isalnum() or line[end] == "_"):
        end += 1
    name, rest = line[:end], line[end:]
    if not name:
        return None, None
    bare = rest.lstrip()
    if bare.startswith("("):
        close = bare.find(")")
        if close < 2:
            return None, None
        rest = bare[close + 1 :]
    text = rest[1:].strip()
    return (name, text) if rest.startswith(":") and text else (None, None)
