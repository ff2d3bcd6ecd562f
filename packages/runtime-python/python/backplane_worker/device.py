"""The `device` that a Device Connect capability is made with: upstream's runtime as far as a capability may use it, and more."""
from .calls import current_call
from .errors import PluginError
from .begun import Answer

_codes = {"BP_FUNCTION_UNKNOWN": -32601, "BP_PARAMS_INVALID": -32602}


class Device:
    """The host, in the words of Device Connect (`device_id`, `tenant`, `invoke`, `invoke_remote`, `enqueue_event`).

    Beyond upstream it has what every Backplane plugin has: `config`, `state_dir`, `plugin_id`, `simulated`, `logger`,
    `emit`, `call_function`, `send_item`, `add_function`. Coroutines may be awaited on the event loop, and called plainly from
    synchronous functions, which run in threads: there they return when they are done.
    """

    def __init__(self, host, adapter):
        self._host = host
        self._adapter = adapter
        self._logger_made = None
        # What upstream looks for on a driver; a capability is given the runtime, which has none.
        self._device = None

    # -- as upstream has it

    @property
    def device_id(self):
        return self._host.device_id

    @property
    def tenant(self):
        return self._host.tenant

    def invoke(self, device_id, function, timeout=None, **params):
        """Calls a function of another device; gives {"result": ...} or {"error": {"code", "message"}}. `timeout` in seconds."""
        return self._answered(self._invoke(device_id, function, timeout, params))

    def invoke_remote(self, device_id, function_name, timeout=None, **params):
        """The same, by the name that drivers have for it."""
        return self._answered(self._invoke(device_id, function_name, timeout, params))

    def enqueue_event(self, event, payload):
        """Emits an event that no @emit method declares."""
        return self._emitted(event.rsplit("/", 1)[-1], payload)

    emit_event = enqueue_event

    # -- what every plugin has

    @property
    def plugin_id(self):
        return self._host.plugin_id

    @property
    def config(self):
        """The configuration in force: value by item name."""
        return self._host.config

    @property
    def state_dir(self):
        """A folder that only this plugin writes to, or None."""
        return self._host.state_dir

    @property
    def simulated(self):
        return self._host.simulated

    simulation_mode = simulated

    @property
    def logger(self):
        """A logger of Python's `logging` whose records go to the host's log."""
        if self._logger_made is None:
            import logging

            self._logger_made = logging.getLogger("plugin")
        return self._logger_made

    @property
    def current_call(self):
        """The call that is being answered: `deadline` (as time.time() counts), `caller`, `cancelled`, `trace`; or None."""
        return current_call.get()

    def emit(self, event, payload=None):
        """Emits an event; done when the mesh has taken it."""
        return self._emitted(event, payload)

    def call_function(self, name, params=None, device=None, timeout=None):
        """Calls a function of this host, or of another device, and gives its result. `timeout` in seconds."""
        timeout_ms = None if timeout is None else timeout * 1000
        return self._here(self._host.invoke(name, params, device=device, timeout_ms=timeout_ms))

    def send_item(self, item):
        """Sends one item of a streamed result; done when there is room for the next."""
        call = current_call.get()
        if call is None:
            raise RuntimeError("send_item() belongs into a function that is being called")
        return self._here(call.send(item))

    def add_function(self, function, name=None, description=None, labels=None):
        """Offers one more function from now on, described as @rpc describes it."""
        self._adapter.add(function, name or function.__name__, description, labels)

    # -- how

    def _here(self, coroutine):
        return coroutine if self._host.on_loop() else self._host.wait(coroutine)

    def _answered(self, coroutine):
        return coroutine if self._host.on_loop() else Answer(self._host.wait(coroutine))

    def _emitted(self, event, payload):
        coroutine = self._host.emit(event, payload)
        return coroutine if self._host.on_loop() else self._host.begin(coroutine, "event '%s'" % event)

    async def _invoke(self, device_id, function, timeout, params):
        timeout_ms = None if timeout is None else timeout * 1000
        try:
            return {"result": await self._host.invoke(function, params, device=device_id, timeout_ms=timeout_ms)}
        except PluginError as error:
            if error.code == "BP_TIMEOUT":
                raise TimeoutError(error.message) from error
            if error.code in ("BP_DEVICE_UNKNOWN", "BP_NO_RESPONDER", "BP_DISCONNECTED"):
                raise
            return {"error": {"code": _codes.get(error.code, -32000), "message": error.message}}
