"""Marks on methods. The worker reads the marks; they are those of device-connect-edge."""
from _contextvars import ContextVar

from backplane_worker.schema import parameters_of, parse_docstring, schema_of

_rpc_source_device = ContextVar("rpc_source_device", default=None)


def get_rpc_source_device():
    """The device that the call under way comes from, as it says itself; None for calls of this host."""
    return _rpc_source_device.get()


def _copy_name(wrapper, function):
    for name in ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__"):
        try:
            setattr(wrapper, name, getattr(function, name))
        except AttributeError:
            pass
    wrapper.__dict__.update(getattr(function, "__dict__", {}))
    wrapper._original_func = function


def rpc(name=None, description=None, labels=None):
    """Makes a method callable from outside; its signature and docstring describe it. It may be synchronous."""

    def decorate(function):
        summary, arguments = parse_docstring(function.__doc__)

        def method(self, *args, **kwargs):
            return function(self, *args, **kwargs)

        _copy_name(method, function)
        method._is_device_function = True
        # The worker may call the function itself.
        method._adds_nothing = True
        method._function_name = name or function.__name__
        method._description = description or summary
        method._arg_descriptions = arguments
        method._labels = labels
        return method

    if callable(name):
        # `@rpc` without parentheses.
        function, name = name, None
        return decorate(function)
    return decorate


def emit(name=None, description=None, labels=None):
    """Makes a method emit an event with its arguments, after its body has run."""

    def decorate(function):
        summary, arguments = parse_docstring(function.__doc__)
        event = name or function.__name__

        async def method(self, *args, **kwargs):
            import uuid
            from time import gmtime, strftime

            names = [each.name for each in parameters_of(function, True)]
            payload = {**dict(zip(names, args)), **kwargs}
            payload.setdefault("event_id", uuid.uuid4().hex[:8])
            payload.setdefault("ts", strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()))
            result = function(self, *args, **kwargs)
            if hasattr(result, "__await__"):
                result = await result
            goes_on, payload = await self._dispatch_internal_event(event, payload)
            if goes_on:
                await self._emit_event_internal(event, payload)
            return result

        _copy_name(method, function)
        method._is_device_event = True
        method._event_name = event
        method._event_description = description or summary
        method._payload_descriptions = arguments
        method._labels = labels
        return method

    if callable(name):
        function, name = name, None
        return decorate(function)
    return decorate


def before_emit(event_name, suppress_propagation=False):
    """Has a method see an event of this capability first: it may return another payload, or False to end the event."""

    def decorate(function):
        function._is_internal_handler = True
        function._internal_event_name = event_name
        function._suppress_propagation = suppress_propagation
        return function

    return decorate


def periodic(interval=1.0, wait_for_completion=True, start_on_connect=True, name=None):
    """Runs a method every `interval` seconds while the plugin runs, at once for the first time."""

    def decorate(function):
        function._is_device_routine = True
        function._routine_interval = interval
        function._routine_wait_for_completion = wait_for_completion
        function._routine_start_on_connect = start_on_connect
        function._routine_name = name or function.__name__
        return function

    if callable(interval):
        function, interval = interval, 1.0
        return decorate(function)
    return decorate


def build_function_schema(func):
    """The JSON Schema of an @rpc method's parameters."""
    return schema_of(getattr(func, "_original_func", func), getattr(func, "_arg_descriptions", None), _has_self(func))


def build_event_schema(func):
    """The JSON Schema of an @emit method's payload."""
    return schema_of(getattr(func, "_original_func", func), getattr(func, "_payload_descriptions", None), _has_self(func))


def _has_self(func):
    original = getattr(func, "_original_func", func)
    first = parameters_of(original, False)[:1]
    return bool(first) and first[0].name == "self"
