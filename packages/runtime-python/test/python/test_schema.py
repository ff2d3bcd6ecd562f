"""What is advertised of a signature, and what calls are held to."""
import collections
import dataclasses
import datetime
import decimal
import enum
import json
import os
import pathlib
import sys
import typing
import unittest
import uuid
from collections import abc

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "python"))

from backplane_worker.schema import returns_json, schemas_of  # noqa: E402


class Color(str, enum.Enum):
    RED = "red"
    GREEN = "green"


class Level(enum.Enum):
    LOW = enum.auto()
    HIGH = enum.auto()


class Lenient(enum.Enum):
    ON = "on"

    @classmethod
    def _missing_(cls, value):
        return cls.ON


class Shape(enum.Enum):
    SQUARE = (1, 1)


class Bits(enum.Flag):
    A = 1
    B = 2


@dataclasses.dataclass
class Point:
    x: float
    y: "float" = 0.0
    tags: typing.List[str] = dataclasses.field(default_factory=list)
    next: "typing.Optional[Point]" = None
    hidden: int = dataclasses.field(default=1, init=False)


class Place(typing.TypedDict):
    name: str
    at: Point


class Some(Place, total=False):
    note: str


class Pair(typing.NamedTuple):
    left: int
    right: str = ""


class Strange:
    pass


class Celsius(float):
    pass


class Model:
    """As pydantic's models look from outside."""

    @classmethod
    def model_json_schema(cls):
        return {
            "$defs": {"Part": {"type": "object", "title": "Part", "properties": {"title": {"type": "string", "title": "T"}}}},
            "type": "object",
            "title": "Model",
            "properties": {"part": {"$ref": "#/$defs/Part", "description": "It"}},
        }


Id = typing.NewType("Id", int)
T = typing.TypeVar("T", int, str)
Bound = typing.TypeVar("Bound", bound=int)
POINT = {
    "type": "object",
    "properties": {
        "x": {"type": "number"},
        "y": {"type": "number"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "next": {"type": "object"},
    },
    "required": ["x"],
}
ANY = {}
SAME = object()
TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
NULL = {"type": "null"}
LIST = {"type": "array"}
MODEL = {"type": ["object", "string"]}

# An annotation, what is advertised of it, and what calls are held to.
TYPES = [
    (str, TEXT, SAME),
    (int, WHOLE, SAME),
    (float, {"type": "number"}, SAME),
    (bool, {"type": "boolean"}, SAME),
    (list, LIST, SAME),
    (dict, {"type": "object"}, SAME),
    (typing.List[int], {"type": "array", "items": WHOLE}, SAME),
    (typing.Dict[str, int], {"type": "object"}, SAME),
    (typing.Any, ANY, SAME),
    (object, ANY, SAME),
    (Strange, ANY, SAME),
    (typing.Callable, ANY, SAME),
    (typing.Type[int], ANY, SAME),
    (5, ANY, SAME),
    ("the speed, in m/s", ANY, SAME),
    ("Missing", ANY, SAME),
    ("missing.part.Name[int]", ANY, SAME),
    ("typing.List[Missing]", LIST, SAME),
    ("int | Missing", ANY, SAME),
    ("int | None", WHOLE, {"anyOf": [WHOLE, NULL]}),
    (typing.Optional[int], WHOLE, {"anyOf": [WHOLE, NULL]}),
    (typing.Union[int, str], {"anyOf": [WHOLE, TEXT]}, SAME),
    (typing.Union[int, str, None], {"anyOf": [WHOLE, TEXT]}, {"anyOf": [WHOLE, TEXT, NULL]}),
    (typing.Union[int, Strange], ANY, SAME),
    (None, NULL, SAME),
    (tuple, LIST, SAME),
    (typing.Tuple[int, ...], {"type": "array", "items": WHOLE}, SAME),
    (typing.Tuple[int, str], {"type": "array", "prefixItems": [WHOLE, TEXT], "minItems": 2, "maxItems": 2}, SAME),
    (set, {"type": "array", "uniqueItems": True}, LIST),
    (typing.FrozenSet[int], {"type": "array", "items": WHOLE, "uniqueItems": True}, {"type": "array", "items": WHOLE}),
    (typing.Sequence[str], {"type": "array", "items": TEXT}, {"anyOf": [{"type": "array", "items": TEXT}, TEXT]}),
    (abc.Sequence, LIST, {"anyOf": [LIST, TEXT]}),
    (typing.Sequence[int], {"type": "array", "items": WHOLE}, SAME),
    (typing.Iterable[int], {"type": "array", "items": WHOLE}, {"anyOf": [{"type": "array", "items": WHOLE}, TEXT, {"type": "object"}]}),
    (collections.deque, LIST, SAME),
    (typing.Mapping[str, typing.Any], {"type": "object"}, SAME),
    (collections.OrderedDict, {"type": "object"}, SAME),
    (typing.Literal[1, 2], {"type": "integer", "enum": [1, 2]}, SAME),
    (typing.Literal["a", None], {"enum": ["a", None]}, SAME),
    (typing.Literal["a", 1], {"enum": ["a", 1]}, SAME),
    (typing.Literal[True, 1.5], {"enum": [True, 1.5]}, SAME),
    (typing.Literal[Color.RED], {"type": "string", "enum": ["red"]}, SAME),
    (typing.Literal[b"x"], ANY, SAME),
    (Color, {"type": "string", "enum": ["red", "green"]}, {"enum": ["red", "green", "RED", "GREEN"]}),
    (Level, {"type": "integer", "enum": [1, 2]}, {"enum": [1, 2, "LOW", "HIGH"]}),
    (Lenient, {"type": "string", "enum": ["on"]}, ANY),
    (Shape, {"type": "string", "enum": ["SQUARE"]}, ANY),
    (Bits, WHOLE, ANY),
    (typing.List[Color], {"type": "array", "items": {"type": "string", "enum": ["red", "green"]}},
     {"type": "array", "items": {"enum": ["red", "green", "RED", "GREEN"]}}),
    (Point, POINT, MODEL),
    (typing.Optional[Point], POINT, {"anyOf": [MODEL, NULL]}),
    ("typing.List[Point]", {"type": "array", "items": POINT}, {"type": "array", "items": MODEL}),
    (Pair, {"type": "array", "prefixItems": [WHOLE, TEXT], "minItems": 1, "maxItems": 2}, {"type": ["array", "object"]}),
    (Place, {"type": "object", "properties": {"name": TEXT, "at": POINT}, "required": ["name", "at"]},
     {"type": "object", "properties": {"name": TEXT, "at": MODEL}, "required": ["name", "at"]}),
    (Some, {"type": "object", "properties": {"name": TEXT, "at": POINT, "note": TEXT}, "required": ["name", "at"]},
     {"type": "object", "properties": {"name": TEXT, "at": MODEL, "note": TEXT}, "required": ["name", "at"]}),
    (Model, {"type": "object", "properties": {"part": {
        "type": "object", "properties": {"title": TEXT}, "description": "It"}}}, MODEL),
    (Id, WHOLE, SAME),
    (T, {"anyOf": [WHOLE, TEXT]}, SAME),
    (Bound, WHOLE, SAME),
    (typing.TypeVar("Free"), ANY, SAME),
    (datetime.datetime, {"type": "string", "format": "date-time"}, ANY),
    (datetime.date, {"type": "string", "format": "date"}, ANY),
    (datetime.timedelta, {"type": ["number", "string"]}, ANY),
    (uuid.UUID, {"type": "string", "format": "uuid"}, ANY),
    (pathlib.Path, TEXT, ANY),
    (decimal.Decimal, {"type": ["number", "string"]}, ANY),
    (bytes, {"type": "string"}, ANY),
    (Celsius, {"type": "number"}, ANY),
    (typing.Hashable, ANY, SAME),
]


def with_annotation(hint):
    def function(self, x):
        pass

    function.__annotations__ = {"x": hint}
    return function


def described(function):
    told, held = schemas_of(function)
    json.dumps([told, held])
    return told, told if held is None else held


class Types(unittest.TestCase):
    def test_each(self):
        for hint, expected, accepted in TYPES:
            with self.subTest(hint=hint):
                told, held = described(with_annotation(hint))
                self.assertEqual(told["properties"]["x"], expected)
                self.assertEqual(held["properties"]["x"], expected if accepted is SAME else accepted)
                self.assertEqual(told["required"], ["x"])

    @unittest.skipIf(sys.version_info < (3, 11), "they came with 3.11")
    def test_required_keys_of_postponed_annotations(self):
        space = {"__name__": __name__}
        exec("from __future__ import annotations\nfrom typing import *\n"
             "class Late(TypedDict):\n    a: int\n    b: NotRequired[str]\n", space)
        sys.modules[__name__].NotRequired = typing.NotRequired
        told, _ = described(with_annotation(space["Late"]))
        self.assertEqual(told["properties"]["x"]["required"], ["a"])

    @unittest.skipIf(sys.version_info < (3, 12), "they came with 3.12")
    def test_aliases_and_type_parameters(self):
        space = {}
        exec("type Numbers = list[int]\ntype Tree = dict[str, Tree] | int\ntype Of[T] = list[T]\n"
             "def f(self, a: Numbers, b: Tree, c: Of[int]): pass\ndef g[T: int](self, a: T, b: 'T'): pass", space)
        told, _ = described(space["f"])
        self.assertEqual(told["properties"]["a"], {"type": "array", "items": WHOLE})
        self.assertEqual(told["properties"]["b"], {"anyOf": [{"type": "object"}, WHOLE]})
        self.assertEqual(told["properties"]["c"], LIST)
        self.assertEqual(described(space["g"])[0]["properties"], {"a": WHOLE, "b": WHOLE})

    def test_what_annotated_says(self):
        annotated = typing.Annotated[int, "In metres"]
        told, held = described(with_annotation(annotated))
        self.assertEqual(told["properties"]["x"], {"type": "integer", "description": "In metres"})
        self.assertEqual(held["properties"]["x"]["type"], "integer")

    def test_hostile_annotations(self):
        class Meta(type):
            def __getattr__(cls, name):
                raise RuntimeError(name)

            def __eq__(cls, other):
                raise RuntimeError

            __hash__ = None

        for hint in (Meta("Bad", (), {}), "1/0", "__import__('os').nothing", "(" * 500, "x" * 3):
            with self.subTest(hint=hint):
                self.assertEqual(described(with_annotation(hint))[0]["properties"]["x"], ANY)


class Functions(unittest.TestCase):
    def test_defaults_without_annotation(self):
        def function(self, a, b=5, c=True, d="x", e=None, f=(1,), g={}, h=Color.RED, i=1.5, j=object(), *, k=[float("nan")]):
            pass

        told, held = described(function)
        self.assertEqual(told, {
            "type": "object",
            "properties": {
                "a": {}, "b": {"type": "integer", "default": 5}, "c": {"type": "boolean", "default": True},
                "d": {"type": "string", "default": "x"}, "e": {"default": None}, "f": {"type": "array", "default": [1]},
                "g": {"type": "object", "default": {}},
                "h": {"type": "string", "enum": ["red", "green"], "default": "red"},
                "i": {"type": "number", "default": 1.5}, "j": {}, "k": {},
            },
            "required": ["a"],
        })
        self.assertEqual(held["properties"], {name: {} for name in "abcdefghijk"})

    def test_defaults_of_another_type(self):
        def function(self, a: int = 0.5, b: str = None, c: float = 1, d: typing.Optional[int] = None, e: Point = None, f: bool = 0):
            pass

        told, held = described(function)
        number = {"type": "number"}
        self.assertEqual(told["properties"]["a"], {**WHOLE, "default": 0.5})
        self.assertEqual(held["properties"], {
            "a": {"anyOf": [WHOLE, number]}, "b": {**TEXT, "default": None}, "c": number, "d": {**WHOLE, "default": None},
            "e": {**MODEL, "default": None}, "f": {"anyOf": [{"type": "boolean"}, WHOLE]},
        })

    def test_nothing_is_said_twice(self):
        def function(self, a: int, b: str = "x", c: typing.Optional[int] = None, d: typing.List[str] = ()):
            """Text."""

        self.assertIsNone(schemas_of(function)[1])

    def test_one_that_cannot_be_resolved_spoils_no_other(self):
        def function(self, a: "Missing", b: "int", c: "typing.List[int]" = ()) -> "Missing":
            pass

        told, _ = described(function)
        self.assertEqual(told["properties"], {"a": {}, "b": WHOLE, "c": {"type": "array", "items": WHOLE, "default": []}})
        self.assertFalse(returns_json(function))

    def test_names_of_an_enclosing_function(self):
        class Local(enum.Enum):
            A = "a"

        def function(self, a: "Local"):
            Local

        self.assertEqual(described(function)[0]["properties"]["a"], {"type": "string", "enum": ["a"]})

    def test_returns(self):
        def returning(hint):
            function = with_annotation(int)
            function.__annotations__["return"] = hint
            return returns_json(function)

        for hint in (dict, "dict", typing.List[str], "typing.Dict[str, int]", int):
            self.assertTrue(returning(hint), hint)
        for hint in (None, bytes, "bytes", typing.Any, typing.List[bytes], "Missing"):
            self.assertFalse(returning(hint), hint)


if __name__ == "__main__":
    unittest.main()
