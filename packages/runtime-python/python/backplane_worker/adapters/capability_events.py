"""What a capability emits: @emit and @before_emit."""
from ..schema import parameters_of, schema_of
from .capability_functions import COROUTINE, flags_of, log_failure, members_of, run


def describe_event(attribute, member):
    original = getattr(member, "_original_func", member)
    event = {
        "name": getattr(member, "_event_name", attribute).rsplit("/", 1)[-1],
        "description": getattr(member, "_event_description", "") or "",
        "payload": schema_of(original, getattr(member, "_payload_descriptions", None)),
    }
    labels = getattr(member, "_labels", None)
    if labels:
        event["labels"] = labels
    return event


class Events:
    """Brings the events of one capability to the host."""

    def __init__(self, host):
        self._host = host
        # Methods that see an event first, by its name.
        self._before = {}

    def wire(self, instance):
        """Lets the @emit methods of a capability reach the host."""
        for attribute, member in members_of(instance):
            if getattr(member, "_is_internal_handler", False):
                self._before.setdefault(member._internal_event_name, []).append(member)

        async def dispatch(event, payload):
            return await self._intercept(event, payload)

        async def publish(event, payload):
            await self._host.emit(event.rsplit("/", 1)[-1], payload)

        # The names by which upstream's @emit reaches its host.
        instance._dispatch_internal_event = dispatch
        instance._emit_event_internal = publish
        for attribute, member in members_of(instance):
            if getattr(member, "_is_device_event", False):
                try:
                    setattr(instance, attribute, self._emitter(instance, member))
                except AttributeError:
                    pass  # a class with __slots__: its methods do without what this adds
        callback = self._callback()
        if hasattr(instance, "set_event_callback"):
            instance.set_event_callback(callback)
        elif hasattr(instance, "_event_callback"):
            instance._event_callback = callback

    def _callback(self):
        def emit(event, payload):
            if not self._host.on_loop():
                return self._host.begin(self._host.emit(event, payload), "event '%s'" % event)
            return self._host.loop.create_task(self._host.emit(event, payload))

        return emit

    def _emitter(self, instance, member):
        """An @emit method that may be synchronous, and may be called from a thread."""
        original = getattr(member, "_original_func", None)
        if original is not None and not flags_of(original) & COROUTINE:
            names = [each.name for each in parameters_of(original, True)]
            event = member._event_name

            async def emit(*args, **kwargs):
                import uuid
                from time import gmtime, strftime

                payload = {**dict(zip(names, args)), **kwargs}
                payload.setdefault("event_id", uuid.uuid4().hex[:8])
                payload.setdefault("ts", strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()))
                result = await run(self._host, original, instance, *args, **kwargs)
                goes_on, payload = await self._intercept(event, payload)
                if goes_on:
                    await instance._emit_event_internal(event, payload)
                return result

        else:
            emit = member

        def call(*args, **kwargs):
            coroutine = emit(*args, **kwargs)
            if self._host.on_loop():
                return coroutine
            return self._host.begin(coroutine, "event '%s'" % member._event_name)

        for name, value in vars(member).items():
            setattr(call, name, value)
        call.__name__, call.__doc__ = member.__name__, member.__doc__
        return call

    async def _intercept(self, event, payload):
        """Runs the @before_emit methods: each may replace the payload (a dict) or end the event (False)."""
        goes_on = True
        for handler in self._before.get(event, ()):
            try:
                answer = await run(self._host, handler, **payload)
            except Exception as error:
                log_failure(self._host, "@before_emit method '%s'" % handler.__name__, error)
                continue
            if isinstance(answer, dict):
                payload = answer
            if answer is False or handler._suppress_propagation:
                goes_on = False
        return goes_on, payload
