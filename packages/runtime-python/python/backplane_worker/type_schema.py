"""JSON Schemas of annotations.

There are two for each: what is advertised says how a value is meant; what calls are held to (`held`) leaves out whatever the
annotation does not settle. A function gets what its caller sent, as upstream has it: where an annotation names a class, the function
itself makes that class of what it is given, and nobody else knows of what it can.
"""
import sys
import typing

from .annotations import Unknown, annotations_of, evaluated, names_of

JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}

# Deeper than this a type says no more: an alias may name itself.
_DEEPEST = 12

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
_SEQUENCES = {"Sequence", "MutableSequence"}
_COLLECTIONS = {"Iterable", "Collection", "Container", "Reversible"}
_SETS = {"Set", "MutableSet"}
_MAPPINGS = {"Mapping", "MutableMapping"}
_WRAPPERS = {"Required", "NotRequired", "ReadOnly", "Final", "ClassVar"}


def schema_of_type(hint, names=None, held=False):
    """The schema of one annotation; `{}` where nothing is known. `names` is what text in it refers to."""
    return _Reader(held).read(hint, names or {})


def union_of(schemas):
    """What fits one of several schemas."""
    different = []
    for schema in schemas:
        if not schema:
            return {}
        for each in schema["anyOf"] if list(schema) == ["anyOf"] else [schema]:
            if each not in different:
                different.append(each)
    return different[0] if len(different) == 1 else {"anyOf": different}


class _Reader:
    def __init__(self, held):
        self._held = held
        self._depth = 0
        # Classes whose fields are being read.
        self._within = []

    def read(self, hint, names):
        if self._depth > _DEEPEST:
            return {}
        self._depth += 1
        try:
            return self._read(evaluated(hint, names), names)
        except Exception:
            # An annotation may be any object, and its class anybody's code.
            return {}
        finally:
            self._depth -= 1

    def _read(self, hint, names):
        if isinstance(hint, type) and hint in JSON_TYPES:
            return {"type": JSON_TYPES[hint]}
        if hint is None or hint is type(None):
            return {"type": "null"}
        if hint is Unknown or hint is typing.Any or hint is object:
            return {}
        kind = type(hint).__name__
        if kind == "NewType" or hasattr(hint, "__supertype__"):
            return self.read(hint.__supertype__, names)
        if kind == "TypeAliasType":
            return self.read(hint.__value__, names)
        if kind == "TypeVar":
            if hint.__constraints__:
                return self._union(hint.__constraints__, names)
            return self.read(hint.__bound__, names) if hint.__bound__ is not None else {}
        if kind == "InitVar":
            return self.read(hint.type, names)
        origin, members = typing.get_origin(hint), typing.get_args(hint)
        if kind in ("UnionType", "Union") or origin is typing.Union:
            return self._union(hint.__args__, names)
        if hasattr(hint, "__metadata__"):
            return self.read(hint.__origin__, names)
        form = None if isinstance(origin, type) else getattr(origin, "_name", None)
        if form in _WRAPPERS:
            return self.read(members[0], names)
        if form == "Literal":
            return self._enum([getattr(each, "value", each) for each in members])
        if type(origin).__name__ == "TypeAliasType":
            return self.read(origin.__value__, names)
        if hint is getattr(typing, "LiteralString", None):
            return {"type": "string"}
        owner = origin or hint
        if not isinstance(owner, type):
            return {}
        return self._container(owner, members, names) or self._class(owner)

    def _union(self, members, names):
        schemas = [self.read(each, names) for each in members if each is not type(None) and each is not None]
        # Upstream has no word for None in a union; whoever sends it is right all the same.
        if self._held and len(schemas) < len(members):
            schemas.append({"type": "null"})
        return union_of(schemas)

    def _enum(self, values):
        if not all(value is None or isinstance(value, (str, int, float)) for value in values):
            return {}
        types = {JSON_TYPES.get(type(value)) for value in values}
        schema = {"enum": list(values)}
        return {"type": types.pop(), **schema} if len(types) == 1 and None not in types else schema

    # -- containers

    def _container(self, owner, members, names):
        """Lists and dictionaries in any form; None for any other class."""
        if owner is tuple and members:
            return self._tuple(members, names)
        abstract = owner.__name__ if owner.__module__ in ("collections.abc", "typing") else None
        if owner is dict or abstract in _MAPPINGS or _is(owner, "collections", ("OrderedDict", "defaultdict", "Counter")):
            return {"type": "object"}
        unique = owner in (set, frozenset) or abstract in _SETS
        plain = owner in (list, tuple) or abstract in _SEQUENCES | _COLLECTIONS or _is(owner, "collections", ("deque",))
        if not unique and not plain:
            return None
        items = self.read(members[0], names) if members else {}
        schema = {"type": "array", "items": items} if items else {"type": "array"}
        if self._held:
            # Text is a sequence of text, and a dictionary a collection of its keys.
            if abstract in _SEQUENCES and items in ({}, {"type": "string"}):
                return union_of([schema, {"type": "string"}])
            if abstract in _COLLECTIONS:
                return union_of([schema, {"type": "string"}, {"type": "object"}])
        elif unique:
            schema["uniqueItems"] = True
        return schema

    def _tuple(self, members, names):
        if len(members) == 2 and members[1] is Ellipsis:
            items = self.read(members[0], names)
            return {"type": "array", "items": items} if items else {"type": "array"}
        if any(type(each).__name__ in ("TypeVarTuple", "_UnpackedTypeVarTuple") or _is_unpacked(each) for each in members):
            return {"type": "array"}
        fixed = {"minItems": len(members), "maxItems": len(members)}
        return {"type": "array", "prefixItems": [self.read(each, names) for each in members], **fixed}

    # -- classes

    def _class(self, owner):
        if owner in self._within:
            return {} if self._held else {"type": "object"}
        self._within.append(owner)
        try:
            return self._of_class(owner)
        finally:
            self._within.pop()

    def _of_class(self, owner):
        enum = sys.modules.get("enum")
        if enum is not None and issubclass(owner, enum.Enum):
            return self._of_enum(owner, enum)
        if hasattr(owner, "__total__") and issubclass(owner, dict):
            return self._of_typed_dict(owner)
        if callable(getattr(owner, "model_json_schema", None)) or hasattr(owner, "__get_validators__"):
            return self._of_model(owner)
        if hasattr(owner, "__dataclass_fields__"):
            return self._of_dataclass(owner)
        if hasattr(owner, "__attrs_attrs__"):
            return self._of_attrs(owner)
        if issubclass(owner, tuple) and hasattr(owner, "_fields"):
            return self._of_named_tuple(owner)
        if self._held:
            return {}
        for base in owner.__mro__:
            written = _WRITTEN.get("%s.%s" % (base.__module__.split("._")[0], base.__name__))
            if written is not None:
                return dict(written)
            if base in JSON_TYPES:
                return {"type": JSON_TYPES[base]}
        return {}

    def _of_enum(self, owner, enum):
        if issubclass(owner, enum.Flag):
            return {} if self._held else {"type": "integer"}
        values, members = [each.value for each in owner], list(owner.__members__)
        schema = self._enum(values)
        if not self._held:
            return schema or {"type": "string", "enum": members}
        # Color("red") and Color["RED"] both make a Color of what was sent; a class that knows more ways says so by `_missing_`.
        if not schema or getattr(owner._missing_, "__func__", None) is not enum.Enum._missing_.__func__:
            return {}
        return {"enum": values + [name for name in members if name not in values]}

    def _of_typed_dict(self, owner):
        properties, optional, names = {}, set(getattr(owner, "__optional_keys__", ())), names_of(owner)
        # Its own and those of its bases; postponed ones do not tell it what is required.
        for name, hint in annotations_of(owner).items():
            hint = evaluated(hint, names)
            wrapper = getattr(typing.get_origin(hint), "_name", None)
            if wrapper == "NotRequired":
                optional.add(name)
            elif wrapper == "Required":
                optional.discard(name)
            properties[name] = self.read(hint, names)
        return _object(properties, [name for name in properties if name not in optional])

    def _of_model(self, owner):
        if self._held:
            # Of a model with a root of its own anything may be made; of others an object, or the text of one.
            return {} if getattr(owner, "__pydantic_root_model__", False) else {"type": ["object", "string"]}
        make = getattr(owner, "model_json_schema", None) or owner.schema
        try:
            return inlined(make())
        except Exception:
            # A field that has no JSON form.
            return {"type": "object"}

    def _of_dataclass(self, owner):
        if self._held:
            return {"type": ["object", "string"]}
        import dataclasses

        names, properties, required = _names_by_field(owner), {}, []
        for field in dataclasses.fields(owner):
            if not field.init:
                continue
            properties[field.name] = self.read(field.type, names.get(field.name, {}))
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                required.append(field.name)
        return _object(properties, required)

    def _of_attrs(self, owner):
        if self._held:
            return {"type": ["object", "string"]}
        names, properties, required = _names_by_field(owner), {}, []
        for field in owner.__attrs_attrs__:
            if not field.init:
                continue
            name = getattr(field, "alias", None) or field.name
            properties[name] = {} if field.type is None else self.read(field.type, names.get(field.name, {}))
            if repr(field.default) == "NOTHING":
                required.append(name)
        return _object(properties, required)

    def _of_named_tuple(self, owner):
        if self._held:
            return {"type": ["array", "object"]}
        hints, names = annotations_of(owner), names_of(owner)
        fields = [self.read(hints[name], names) if name in hints else {} for name in owner._fields]
        least = len(fields) - len(owner._field_defaults)
        return {"type": "array", "prefixItems": fields, "minItems": least, "maxItems": len(fields)}


def _object(properties, required):
    schema = {"type": "object", "properties": properties}
    return {**schema, "required": required} if required else schema


def _names_by_field(owner):
    """What the annotations of each field refer to: that of the class that has it."""
    return {name: names_of(base) for base in reversed(owner.__mro__) for name in annotations_of(base)}


def _is(owner, module, names):
    return owner.__module__ == module and owner.__name__ in names


def _is_unpacked(hint):
    return bool(getattr(hint, "__unpacked__", False)) or getattr(typing.get_origin(hint), "_name", None) == "Unpack"


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
