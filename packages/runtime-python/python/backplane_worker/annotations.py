"""Annotations, each resolved by itself: what one of them names and nobody knows spoils none of the others."""
import sys


class _Anything(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return cls

    def __getitem__(cls, _):
        return cls


class Unknown(metaclass=_Anything):
    """Stands for a name that is not there, such as one imported for type checkers alone."""

    def __class_getitem__(cls, _):
        return cls


class _Names(dict):
    """The names of a module, and `Unknown` for every other."""

    def __missing__(self, name):
        import builtins

        return getattr(builtins, name, Unknown)


def annotations_of(owner):
    """The annotations of a function or of a class itself, as they are written: types or text."""
    if sys.version_info >= (3, 14):
        import annotationlib

        return annotationlib.get_annotations(owner, format=annotationlib.Format.FORWARDREF)
    found = vars(owner).get("__annotations__") if isinstance(owner, type) else getattr(owner, "__annotations__", None)
    return found or {}


def names_of(owner):
    """What the names in the annotations of a function or a class mean."""
    if isinstance(owner, type):
        module = sys.modules.get(owner.__module__)
        names = _Names(vars(module) if module else {})
        names.setdefault(owner.__name__, owner)
    else:
        while hasattr(owner, "__wrapped__"):
            owner = owner.__wrapped__
        owner = getattr(owner, "__func__", owner)
        names = _Names(getattr(owner, "__globals__", {}))
        code = getattr(owner, "__code__", None)
        for name, cell in zip(code.co_freevars if code else (), getattr(owner, "__closure__", None) or ()):
            try:
                names[name] = cell.cell_contents
            except ValueError:
                pass  # not set yet
    for parameter in getattr(owner, "__type_params__", ()):
        names[parameter.__name__] = parameter
    return names


def evaluated(hint, names):
    """What an annotation that is text, or a forward reference, means; `Unknown` where that cannot be told."""
    for _ in range(8):
        if type(hint).__name__ == "ForwardRef":
            hint = hint.__forward_arg__
        if not isinstance(hint, str):
            return hint
        hint = _evaluate(hint, names)
    return Unknown


def _evaluate(text, names):
    import ast

    try:
        tree = ast.parse(text.strip(), mode="eval")
        if sys.version_info < (3, 10):
            tree = _with_unions(tree, names)
        return eval(compile(tree, "<annotation>", "eval"), {"__builtins__": {}}, names)
    except Exception:
        return Unknown


def _with_unions(tree, names):
    """`X | Y` as `Union[X, Y]`, for a Python that cannot evaluate it."""
    import ast
    import typing

    class Unions(ast.NodeTransformer):
        def visit_BinOp(self, node):
            self.generic_visit(node)
            if not isinstance(node.op, ast.BitOr):
                return node
            both = ast.Tuple(elts=[node.left, node.right], ctx=ast.Load())
            return ast.Subscript(value=ast.Name(id="_backplane_union", ctx=ast.Load()), slice=both, ctx=ast.Load())

    names["_backplane_union"] = typing.Union
    return ast.fix_missing_locations(Unions().visit(tree))
