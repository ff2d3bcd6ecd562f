"""JSON Schemas of classes: enums, typed dictionaries, models, dataclasses, named tuples, and those with a written form."""
import sys
import typing

from .annotations import annotations_of, evaluated, names_of

JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}

# Classes that have a written form in JSON, by name: what is not imported is not loaded for this.
_WRITTEN = {
    "datetime.datetime": {"type": "string", "format": "date-time"},
    "datetime.date": {"type": "string", "format": "date"},
    "datetime.time": {"type": "string", "format": "time"},
    "datetime.timedelta": {"type": ["number", "string"]},
    "decimal.Decimal": {"type": ["number", "string"]},
    "fractions.Fraction": {"type": ["number", "string"]},
    "uuid.UUID": {"type": "string", "format": "uuid"},
    "pathlib.PurePath": {"type": "string"},
    "os.PathLike": {"type": "string"},
    "re.Pattern": {"type": "string", "format": "regex"},
    "ipaddress.IPv4Address": {"type": "string", "format": "ipv4"},
    "ipaddress.IPv6Address": {"type": "string", "format": "ipv6"},
    "builtins.bytes": {"type": "string"},
    "builtins.bytearray": {"type": "string"},
    "builtins.memoryview": {"type": "string"},
    "numbers.Integral": {"type": "integer"},
    "numbers.Number": {"type": "number"},
}


def schema_of_class(reader, owner):
    """The schema of a class that is no plain JSON type, list or dictionary; `{}` where nothing is known."""
    enum = sys.modules.get("enum")
    if enum is not None and issubclass(owner, enum.Enum):
        return _of_enum(reader, owner, enum)
    if hasattr(owner, "__total__") and issubclass(owner, dict):
        return _of_typed_dict(reader, owner)
    if callable(getattr(owner, "model_json_schema", None)) or hasattr(owner, "__get_validators__"):
        return _of_model(reader, owner)
    if hasattr(owner, "__dataclass_fields__"):
        return _of_dataclass(reader, owner)
    if hasattr(owner, "__attrs_attrs__"):
        return _of_attrs(reader, owner)
    if issubclass(owner, tuple) and hasattr(owner, "_fields"):
        return _of_named_tuple(reader, owner)
    if reader.held:
        return {}
    for base in owner.__mro__:
        written = _WRITTEN.get("%s.%s" % (base.__module__.split("._")[0], base.__name__))
        if written is not None:
            return dict(written)
        if base in JSON_TYPES:
            return {"type": JSON_TYPES[base]}
    return {}


def _of_enum(reader, owner, enum):
    if issubclass(owner, enum.Flag):
        return {} if reader.held else {"type": "integer"}
    values, members = [each.value for each in owner], list(owner.__members__)
    schema = reader.enum(values)
    if not reader.held:
        return schema or {"type": "string", "enum": members}
    # Color("red") and Color["RED"] both make a Color of what was sent; a class that knows more ways says so by `_missing_`.
    if not schema or getattr(owner._missing_, "__func__", None) is not enum.Enum._missing_.__func__:
        return {}
    return {"enum": values + [name for name in members if name not in values]}


def _of_typed_dict(reader, owner):
    properties, optional, names = {}, set(getattr(owner, "__optional_keys__", ())), names_of(owner)
    # Its own and those of its bases; postponed ones do not tell it what is required.
    for name, hint in annotations_of(owner).items():
        hint = evaluated(hint, names)
        wrapper = getattr(typing.get_origin(hint), "_name", None)
        if wrapper == "NotRequired":
            optional.add(name)
        elif wrapper == "Required":
            optional.discard(name)
        properties[name] = reader.read(hint, names)
    return _object(properties, [name for name in properties if name not in optional])


def _of_model(reader, owner):
    if reader.held:
        # Of a model with a root of its own anything may be made; of others an object, or the text of one.
        return {} if getattr(owner, "__pydantic_root_model__", False) else {"type": ["object", "string"]}
    make = getattr(owner, "model_json_schema", None) or owner.schema
    try:
        return inlined(make())
    except Exception:
        # A field that has no JSON form.
        return {"type": "object"}


def _of_dataclass(reader, owner):
    if reader.held:
        return {"type": ["object", "string"]}
    import dataclasses

    names, properties, required = _names_by_field(owner), {}, []
    for field in dataclasses.fields(owner):
        if not field.init:
            continue
        properties[field.name] = reader.read(field.type, names.get(field.name, {}))
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            required.append(field.name)
    return _object(properties, required)


def _of_attrs(reader, owner):
    if reader.held:
        return {"type": ["object", "string"]}
    names, properties, required = _names_by_field(owner), {}, []
    for field in owner.__attrs_attrs__:
        if not field.init:
            continue
        name = getattr(field, "alias", None) or field.name
        properties[name] = {} if field.type is None else reader.read(field.type, names.get(field.name, {}))
        if repr(field.default) == "NOTHING":
            required.append(name)
    return _object(properties, required)


def _of_named_tuple(reader, owner):
    if reader.held:
        return {"type": ["array", "object"]}
    hints, names = annotations_of(owner), names_of(owner)
    fields = [reader.read(hints[name], names) if name in hints else {} for name in owner._fields]
    least = len(fields) - len(owner._field_defaults)
    return {"type": "array", "prefixItems": fields, "minItems": least, "maxItems": len(fields)}


def _object(properties, required):
    schema = {"type": "object", "properties": properties}
    return {**schema, "required": required} if required else schema


def _names_by_field(owner):
    """What the annotations of each field refer to: that of the class that has it."""
    return {name: names_of(base) for base in reversed(owner.__mro__) for name in annotations_of(base)}


def inlined(schema):
    """A schema whose references to its own `$defs` are what they refer to; one that refers to itself says `object` there."""
    definitions = {**schema.get("definitions", {}), **schema.get("$defs", {})}

    def put(node, within):
        if isinstance(node, list):
            return [put(each, within) for each in node]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        if isinstance(reference, str):
            name = reference.rsplit("/", 1)[-1]
            if name in within or name not in definitions:
                return {"type": "object"}
            own = {key: value for key, value in node.items() if key != "$ref"}
            return {**put(definitions[name], within + (name,)), **put(own, within)}
        return {
            key: {name: put(each, within) for name, each in value.items()} if key == "properties" else put(value, within)
            for key, value in node.items()
            if key not in ("$defs", "definitions", "title", "discriminator")
        }

    return put(schema, ())
