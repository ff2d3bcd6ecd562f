"""JSON Schemas of Python signatures, as device-connect-edge 0.2.5 derives them but for its faults.

Faults that are right here: `X | None` is X and not text; `**others` is no parameter named `others`, but allows any; defaults that are no
JSON are left out.
"""
import sys

_SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}
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
    """The schema of a function's parameters."""
    descriptions = descriptions or {}
    hints = hints_of(function)
    properties, required, others = {}, [], False
    for parameter in parameters_of(function, skip_first):
        if parameter.kind in ("list", "map"):
            # Parameters come by name, so nothing ever reaches *args.
            others = others or parameter.kind == "map"
            continue
        name = parameter.name
        property = schema_of_type(hints[name]) if name in hints else {"type": "string"}
        if name in descriptions:
            property["description"] = descriptions[name]
        if parameter.default is _EMPTY:
            required.append(name)
        elif is_json(parameter.default):
            property["default"] = parameter.default
        properties[name] = property
    schema = {"type": "object", "properties": properties, "required": required}
    if others:
        schema["additionalProperties"] = True
    return schema


def schema_of_type(hint):
    """The schema of one annotation. What is unknown is text, as upstream has it."""
    try:
        if hint in _SIMPLE:
            return {"type": _SIMPLE[hint]}
    except TypeError:
        return {"type": "string"}
    origin, members = _origin_of(hint)
    if origin == "union":
        members = [member for member in members if member is not type(None)]
        if len(members) == 1:
            return schema_of_type(members[0])
        return {"anyOf": [schema_of_type(member) for member in members]}
    if origin is list:
        return {"type": "array", "items": schema_of_type(members[0])} if members else {"type": "array"}
    if origin is dict:
        return {"type": "object"}
    return {"type": "string"}


def _origin_of(hint):
    if type(hint).__name__ in ("UnionType", "Union"):
        return "union", hint.__args__
    typing = sys.modules.get("typing")
    if typing is None:
        return getattr(hint, "__origin__", None), getattr(hint, "__args__", ())
    origin = typing.get_origin(hint)
    return "union" if origin is typing.Union else origin, typing.get_args(hint)


def is_json_type(hint):
    """Whether an annotation names a type of JSON, such as `dict` or `list[str]`."""
    try:
        if hint in _SIMPLE:
            return True
    except TypeError:
        return False
    origin, members = _origin_of(hint)
    return origin in (list, dict) and all(is_json_type(member) for member in members)


def hints_of(function):
    """The annotations of a function, resolved; none at all where one of them cannot be, as upstream has it."""
    annotations = getattr(function, "__annotations__", None) or {}
    if not hasattr(function, "__wrapped__") and all(
        type(hint) is type or hint is None for hint in annotations.values()
    ):
        return {name: type(None) if hint is None else hint for name, hint in annotations.items()}
    import typing

    try:
        return typing.get_type_hints(function)
    except Exception:
        pass
    if sys.version_info < (3, 10):
        # `X | None` in postponed annotations, which this Python cannot evaluate.
        try:
            return _with_unions(function, annotations, typing)
        except Exception:
            pass
    return {}


def _with_unions(function, annotations, typing):
    import ast

    class Unions(ast.NodeTransformer):
        def visit_BinOp(self, node):
            self.generic_visit(node)
            if not isinstance(node.op, ast.BitOr):
                return node
            both = ast.Tuple(elts=[node.left, node.right], ctx=ast.Load())
            return ast.Subscript(value=ast.Name(id="_backplane_union", ctx=ast.Load()), slice=both, ctx=ast.Load())

    names = {**function.__globals__, "_backplane_union": typing.Union}
    hints = {}
    for name, hint in annotations.items():
        if isinstance(hint, str):
            tree = ast.fix_missing_locations(Unions().visit(ast.parse(hint, mode="eval")))
            hint = eval(compile(tree, "<annotation>", "eval"), names)
        hints[name] = type(None) if hint is None else hint
    return hints


def is_json(value, depth=0):
    """Whether a default can be advertised."""
    if value is None or isinstance(value, (bool, str)):
        return True
    if isinstance(value, (int, float)):
        return value == value and abs(value) != float("inf")
    if depth > 32:
        return False
    if isinstance(value, (list, tuple)):
        return all(is_json(each, depth + 1) for each in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_json(each, depth + 1) for key, each in value.items())
    return False


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
