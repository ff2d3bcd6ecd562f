"""Prints the schemas that a package derives from many signatures: `python signatures.py`, with either package on the path."""
import json
import sys

from device_connect_edge.drivers import build_event_schema, build_function_schema, emit, rpc

TYPES = """str int float bool list dict bytes set tuple object None Any Optional[str] Optional[int] Optional[float] Optional[bool]
Optional[list] Optional[dict] Optional[List[int]] Optional[Dict[str,int]] Union[str,int] Union[str,int,None] Union[float,List[str],dict] List List[str] List[int]
List[float] List[List[int]] List[Optional[str]] List[Any] list[str] list[int] list[dict] list[list[bool]] dict[str,int] dict[str,Any] Dict Dict[str,Any]
Tuple[int,str] tuple[int,...] Set[int] Sequence[str] Literal['a','b'] Annotated[int,'metres'] Annotated[Optional[str],'x'] Callable Iterable[int] Mapping[str,int]
Colour Point 'str' 'int' 'Optional[int]' 'List[Point]' 'Unknown' Optional['Point'] datetime""".split()

# The same in words of PEP 604, which upstream takes for text.
UNIONS = ["str | None", "int | None", "bool | None", "list[str] | None", "dict | None", "int | str", "float | list[int] | None", "None | int"]

SIGNATURES = [
    "(self)", "(self, a)", "(self, a, b=1)", "(self, a=None)", "(self, a: int = 1, b: str = 'x', c: float = 0.5, d: bool = True)",
    "(self, *, a: int)", "(self, a: int, *, b: str = 'k')", "(self, a: list = [], b: dict = {})", "(self, a: dict = {'k': [1, None]})",
    "(self, a: str = None)", "(self, a: Optional[int] = 3)", "(self, a=(1, 2))", "(self, a: int = -1, b=2**40, c=1e300)",
    "(self, camelCase: int, snake_case: str, _private: bool = False)", "(self, a: int) -> Dict[str, int]",
    "(self, a: str = 'quote\\'s \\u00fc')", "(self, a: 'int', b: 'Optional[str]' = None)", "(self, a: 'Unknown', b: int = 1)",
]

# Ways in which upstream is wrong: what comes by name has no place for *args, and **params is no parameter.
CATCH_ALLS = ["(self, a: int, **params)", "(self, **params: int)", "(self, *args)", "(self, a: str = 'x', *args: int, b: int = 1, **rest)"]

DOCSTRINGS = [
    "One line.", "One line.\n\nMore of it.\n\nArgs:\n    a: The first\n    b (int): The second,\n        over two lines\n\nReturns:\n    c: nothing",
    "\n    Indented first line.\n\n    Args:\n        a: An a\n    ", "Args:\n    a: no summary", "Summary\nargs:\n  a:tight\n  b : spaced\n  c (dict[str, int]): typed",
    "Sum.\n\nARGS:\n    a: x\n    not an argument\n    b: y\nRaises:\n    a: z", "", "  \n ", "Sum.\nArgs:\n    a:\n    b: has text", "Sum.\nArgs:\n    *args: star\n    a-b: dash\n    a (int) : gap",
    "Sum.\n\nNote:\n    a: before\n\nArgs:\n    a: after\n\nExample:\n    b: never",
]

PRELUDE = """
import enum
from dataclasses import dataclass
from datetime import datetime
from typing import *
try:
    from typing import Annotated, Literal
except ImportError:
    pass


class Colour(enum.Enum):
    RED = 1


@dataclass
class Point:
    x: int
"""


def made(signature, doc=None):
    space = {}
    exec(compile(PRELUDE, "prelude", "exec"), space)
    body = "    %r\n    pass\n" % doc if doc is not None else "    pass\n"
    exec(compile("async def f%s:\n%s" % (signature, body), "made", "exec", dont_inherit=True), space)
    return space["f"]


def answer(signature, doc=None):
    try:
        function = made(signature, doc)
        called, event = rpc()(function), emit()(made(signature, doc))
        schemas = [build_function_schema(called), build_event_schema(event)]
        text = json.dumps([called._function_name, called._description, event._event_name, event._event_description, schemas], sort_keys=True)
        return json.loads(text)
    except Exception as error:
        return "%s: %s" % (type(error).__name__, error)


groups = {
    "same": [("(self, a: %s)" % each, None) for each in TYPES]
    + [("(self, a: %s = None)" % each, None) for each in TYPES[:20]]
    + [(each, None) for each in SIGNATURES]
    + [("(self, a: int, b: str = 'x', c: dict = {})", doc) for doc in DOCSTRINGS],
    "unions": [("(self, a: %s)" % each, None) for each in UNIONS] + [("(self, a: %r = None)" % each, None) for each in UNIONS],
    "catchAlls": [(each, None) for each in CATCH_ALLS],
}
print(json.dumps({name: [[signature, doc, answer(signature, doc)] for signature, doc in cases] for name, cases in groups.items()}))
