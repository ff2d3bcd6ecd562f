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
        self._status = None
        self._messaging = None
        self._heartbeat = None
        self._beating = False
        self._connection_listeners = []
        self._registration_listeners = []

    # -- as upstream has it

    @property
    def device_id(self):
        return self._host.device_id

    @property
    def tenant(self):
        return self._host.tenant

    @property
    def ttl(self):
        """Seconds after which the host counts as gone when it is not heard of."""
        return self._host.ttl

    @property
    def identity(self):
        """Who the host says it is: `device_type`, `manufacturer`, `model` and what else it has."""
        return dict(self._host.identity)

    @property
    def status(self):
        """The status of the device as a dictionary; fields that are put into it are told with the host's heartbeat."""
        if self._status is None:
            self._status = {"availability": "available", "busy_score": 0.0, "online": True}
            self._beat_from_now_on()
        return self._status

    @property
    def capabilities(self):
        """What this plugin offers, as a DeviceCapabilities."""
        from device_connect_edge.types import DeviceCapabilities, EventDef, FunctionDef

        told = self._adapter.describe()
        functions = [FunctionDef(**_only(each, "name", "description", "parameters", "labels")) for each in told["functions"]]
        events = [EventDef(payload_schema=each.get("payload"), **_only(each, "name", "description", "labels")) for each in told["events"]]
        return DeviceCapabilities(description=self._host.manifest.get("description") or "", functions=functions, events=events)

    @property
    def messaging(self):
        """The mesh in the words of upstream's clients: `is_connected`, `publish`, `request`."""
        if self._messaging is None:
            from .messaging import Messaging

            self._messaging = Messaging(self._host, self)
        return self._messaging

    def set_heartbeat_provider(self, provider):
        """Has the fields that `provider()` gives told with the host's heartbeat."""
        self._heartbeat = provider
        self._beat_from_now_on()

    def add_connection_listener(self, callback):
        """Calls `callback(connected)` whenever the host's connection to the mesh comes or goes."""
        self._connection_listeners.append(callback)

    def add_registration_listener(self, callback):
        """Calls `callback()` whenever the host has joined the mesh."""
        self._registration_listeners.append(callback)

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

    async def connection_changed(self, connected):
        from .adapters.capability_functions import log_failure, run

        if connected == self._host.connected:
            return
        self._host.connected = connected
        told = [(each, (connected,)) for each in self._connection_listeners]
        told += [(each, ()) for each in self._registration_listeners if connected]
        for listener, args in told:
            try:
                await run(self._host, listener, *args)
            except Exception as error:
                log_failure(self._host, "a listener to the connection", error)

    def _beat_from_now_on(self):
        if not self._beating and self._host.loop is not None:
            self._beating = True
            self._host.loop.call_soon_threadsafe(lambda: self._host.loop.create_task(self._beat()))

    async def _beat(self):
        """Tells the host what its heartbeat is to say beyond its own, where that has changed."""
        import asyncio

        from .adapters.capability_functions import log_failure, run

        last = {}
        while True:
            fields = {name: value for name, value in (self._status or {}).items() if name not in ("ts", "online")}
            if self._heartbeat is not None:
                try:
                    fields.update(await run(self._host, self._heartbeat) or {})
                except Exception as error:
                    log_failure(self._host, "the heartbeat provider", error)
            if fields != last:
                last = dict(fields)
                try:
                    await self._host.push("heartbeat", fields)
                except Exception as error:
                    self._host.log("debug", "the heartbeat was not taken: %s" % error)
            await asyncio.sleep(max(1, self.ttl / 3))

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


def _only(fields, *names):
    return {name: fields[name] for name in names if fields.get(name) is not None}
