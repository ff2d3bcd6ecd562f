"""JSON Schemas of annotations.

There are two for each: what is advertised says how a value is meant; what calls are held to (`held`) leaves out whatever the
annotation does not settle. A function gets what its caller sent, as upstream has it: where an annotation names a class, the function
itself makes that class of what it is given, and nobody else knows of what it can.
"""
import typing

from .annotations import Unknown, evaluated
from .class_schema import JSON_TYPES, schema_of_class

# Deeper than this a type says no more: an alias may name itself.
_DEEPEST = 12

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
        self.held = held
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
            return self.enum([getattr(each, "value", each) for each in members])
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
        # Upstream has no word for None in a union; anyone who sends it is right all the same.
        if self.held and len(schemas) < len(members):
            schemas.append({"type": "null"})
        return union_of(schemas)

    def enum(self, values):
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
        if self.held:
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
            return {} if self.held else {"type": "object"}
        self._within.append(owner)
        try:
            return schema_of_class(self, owner)
        finally:
            self._within.pop()


def _is(owner, module, names):
    return owner.__module__ == module and owner.__name__ in names


def _is_unpacked(hint):
    return bool(getattr(hint, "__unpacked__", False)) or getattr(typing.get_origin(hint), "_name", None) == "Unpack"
