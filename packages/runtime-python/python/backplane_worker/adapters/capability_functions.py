"""The functions of a capability, and how methods of either kind are run."""
from ..calls import never_waits
from ..errors import PluginError
from ..floats import floats_of
from ..schema import parameters_of, returns_json, schemas_of

COROUTINE, GENERATOR, ASYNC_GENERATOR = 0x80, 0x20, 0x200


def flags_of(function):
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return code.co_flags if code else 0


def members_of(owner):
    """The public attributes of a class or an object, in the order of their names."""
    for attribute in dir(owner):
        if not attribute.startswith("_"):
            try:
                yield attribute, getattr(owner, attribute)
            except Exception:
                continue


class Function:
    """One function that can be called."""

    __slots__ = ("name", "run", "kind", "source", "positional", "json_only", "descriptor", "floats")

    def __init__(self, name, original, description, argument_docs, labels, bound):
        self.name = name
        self.run = None
        flags = flags_of(original)
        generator = flags & (GENERATOR | ASYNC_GENERATOR)
        self.kind = (
            "async generator" if flags & ASYNC_GENERATOR
            else "generator" if generator
            else "async" if flags & COROUTINE
            else "thread"
        )  # fmt: skip
        # Whether `run` is upstream's wrapper, which is told the caller's name.
        self.source = False
        parameters = parameters_of(original, bound)
        self.positional = [each.name for each in parameters if each.kind == "positional"]
        # `-> dict` promises what JSON can carry (upstream's rule); who means bytes says so, or nothing.
        self.json_only = returns_json(original)
        told, held = schemas_of(original, argument_docs, bound)
        self.descriptor = {"name": name, "description": description or "", "parameters": told}
        if held is not None:
            self.descriptor["accepts"] = held
        self.floats = floats_of(told if held is None else held)
        if labels:
            self.descriptor["labels"] = labels
        if generator:
            self.descriptor["stream"] = "items"

    def bind(self, owner, attribute, member, instance):
        """Has it run on a capability; gives whether its coroutines never wait."""
        original = getattr(member, "_original_func", None)
        # Upstream's wrapper awaits whatever it wraps: what is no coroutine function is called without it. Ours adds nothing.
        self.source = self.kind == "async" and original is not None and not getattr(member, "_adds_nothing", False)
        if self.source or original is None:
            self.run = member
            return False
        self.run = original if is_static(owner, attribute) else original.__get__(instance, owner)
        return self.kind == "async" and not self.positional and never_waits(original)

    async def call(self, host, params, call):
        """Runs it in the way of its kind, and gives its result."""
        args = ()
        if self.positional:
            params = dict(params)
            args = [params.pop(each) for each in self.positional if each in params]
        if self.kind == "async":
            return await self.run(*args, **params)
        if self.kind == "async generator":
            async for item in self.run(*args, **params):
                await call.send(item)
            return None
        send = _sender(host, call) if self.kind == "generator" else None
        result = await host.in_thread(_in_thread, self.run, args, params, send)
        # A decorator may have hidden that it is a coroutine function.
        return await result if hasattr(result, "__await__") else result


async def run(host, function, *args, **kwargs):
    """Runs a method of the capability: on the loop when it is asynchronous, else in a thread."""
    if flags_of(function) & COROUTINE:
        return await function(*args, **kwargs)
    result = await host.in_thread(_in_thread, function, args, kwargs, None)
    return await result if hasattr(result, "__await__") else result


def _in_thread(function, args, kwargs, send):
    """Runs in a thread. The items of a generator are sent one by one; what it returns is the result."""
    result = function(*args, **kwargs)
    if not send:
        return result
    while True:
        try:
            item = next(result)
        except StopIteration as stop:
            return stop.value
        send(item)


def _sender(host, call):
    def send(item):
        if call.cancelled:
            raise PluginError("It was cancelled.", code="BP_ABORTED")
        host.wait(call.send(item))

    return send


def is_static(owner, attribute):
    for each in owner.__mro__:
        if attribute in vars(each):
            return isinstance(vars(each)[attribute], staticmethod)
    return False


def log_failure(host, what, error):
    """Logs what failed where nobody waits for an answer."""
    from ..logs import traceback_of

    host.log("error", "%s failed: %s" % (what, error), {"traceback": traceback_of(error)})
