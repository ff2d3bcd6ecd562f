"""What a Fledge plugin's entry points are given, and what is made of their answers. Runs in the plugin's threads."""

import json

from ..errors import PluginError
from .fledge_errors import fledge_error, type_of
from .fledge_images import with_arrays
from .fledge_readings import BadReading, as_text, for_filter, for_north, from_plugin
from .fledge_thread import finished

# What Fledge's C++ service gives as stream id.
STREAM_ID = "000001"


class Calls:
    """The calls of one plugin. Each takes the plugin's handle and the parameters, and gives the result or an awaitable of it."""

    def __init__(self, host, module, ingest):
        self._host = host
        self._module = module
        self._ingest = ingest
        self._last_id = 0

    def poll(self, handle, _):
        return _then(self._module.plugin_poll(handle), lambda given: self._readings("plugin_poll", given))

    def _readings(self, entry, given):
        try:
            return from_plugin(given, self._ingest.dropped)
        except BadReading as error:
            raise fledge_error("BP_FLEDGE_READING_INVALID", plugin=self._host.plugin_id, entry=entry, reason=error) from error

    def write(self, handle, body):
        answer = self._module.plugin_write(handle, body["name"], as_text(body["value"]))
        return _then(answer, lambda given: self._yes("plugin_write", given))

    def operation(self, handle, body):
        parameters = [(name, as_text(value)) for name, value in (body.get("parameters") or {}).items()]
        answer = self._module.plugin_operation(handle, body["operation"], parameters)
        return _then(answer, lambda given: self._yes("plugin_operation", given))

    def _yes(self, entry, given):
        """Fledge takes anything but a bool for a no."""
        if not isinstance(given, bool):
            self._host.log("warn", "%s returned %s, not a bool, which counts as False" % (entry, type_of(given)))
        return given is True

    def _next_id(self):
        self._last_id += 1
        return self._last_id

    def _given(self, convert, readings):
        try:
            return convert(readings, self._next_id)
        except BadReading as error:
            raise PluginError("The readings are not valid: %s" % error, code="BP_PARAMS_INVALID") from error

    def send(self, handle, body):
        readings = self._given(for_north, body["readings"])
        send = self._module.plugin_send
        args = (handle, readings, body.get("stream_id", STREAM_ID))[: _most_args(send, 3)]
        return _then(send(*args), lambda given: self._sent(given, len(readings)))

    def _sent(self, given, most):
        """Reads a count, or an asynchronous plugin's (sent?, last id, count)."""
        last = None
        if isinstance(given, (tuple, list)) and len(given) == 3:
            _, last, given = given
        if given is None:
            # Plugins return nothing where sending was cancelled.
            self._host.log("warn", "plugin_send returned nothing, which counts as 0")
            given = 0
        if isinstance(given, bool) or not isinstance(given, int) or given < 0:
            raise fledge_error(
                "BP_FLEDGE_RESULT_INVALID",
                plugin=self._host.plugin_id,
                entry="plugin_send",
                type=type_of(given),
                expected="the number of readings sent",
            )
        sent = {"sent": min(given, most)}
        if sent["sent"] > 0 and isinstance(last, int) and not isinstance(last, bool):
            sent["last_id"] = last
        return sent

    def filter(self, handle, body):
        readings = self._given(for_filter, body["readings"])
        return self._ingest.collect(lambda: finished(self._module.plugin_ingest(handle, readings)))

    def triggers(self, handle, _):
        return self._document("plugin_triggers", self._module.plugin_triggers(handle))

    def reason(self, handle, _):
        return self._document("plugin_reason", self._module.plugin_reason(handle))

    def _document(self, entry, answer):
        given = finished(answer)
        if isinstance(given, str):
            try:
                given = json.loads(given)
            except ValueError:
                pass
        if not isinstance(given, dict):
            raise fledge_error(
                "BP_FLEDGE_RESULT_INVALID", plugin=self._host.plugin_id, entry=entry, type=type_of(given), expected="a dict"
            )
        return given

    def evaluate(self, handle, body):
        answer = self._module.plugin_eval(handle, with_arrays(body["data"]))
        return _then(answer, lambda given: self._yes("plugin_eval", given))

    def deliver(self, handle, body):
        deliver = self._module.plugin_deliver
        # As Fledge's notification service does with what the rule was given.
        reason = {**body["reason"], "data": body["data"]} if "data" in body else body["reason"]
        args = [
            handle,
            body.get("delivery") or self._host.plugin_id,
            body["notification"],
            reason,
            body["message"],
        ]
        if _most_args(deliver, 5) == 4:
            # Before Fledge 1.9 the name of the delivery was not passed.
            del args[1]
        return _then(deliver(*args), lambda given: self._yes("plugin_deliver", given))


def _then(value, check):
    """Checks what an entry point gives, now or when it has been awaited: awaiting in the thread's job can be cancelled."""
    if not hasattr(value, "__await__"):
        return check(value)

    async def checked():
        return check(await value)

    return checked()


def _most_args(function, most):
    """How many of `most` positional arguments a function takes."""
    import inspect

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return most
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return most
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return min(most, sum(parameter.kind in positional for parameter in parameters))
