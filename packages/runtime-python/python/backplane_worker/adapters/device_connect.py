"""Device Connect capabilities: a class with @rpc, @emit, @periodic, @before_emit and @on methods.

The decorators may be those of device-connect-edge or of our shim: both leave the same marks on a method, and only the marks
count here. Rules are those of device-connect-edge 0.2.5, its faults left out (see docs/authoring-python.md).
"""
import sys

from ..device import Device
from ..errors import PluginError
from ..schema import parse_docstring
from .base import Adapter, UnknownFunction
from .capability_events import Events, describe_event
from .capability_functions import Function, is_static, log_failure, members_of, run
from .capability_subscriptions import Subscriptions

# Methods of a capability that are Backplane's; upstream has none by these names.
_HOOKS = {"reconfigure": "on_config_change", "health": "health_check", "hand_over": "hand_over"}


class DeviceConnectAdapter(Adapter):
    SHIMS = ("device_connect_edge",)
    ORDERED = False

    def __init__(self, host):
        super().__init__(host)
        self._class = None
        self._instance = None
        self._functions = {}
        self._events = []
        self._routines = []
        self._subscriptions = Subscriptions(host)
        self._tasks = []
        self._source_device = None
        self.device = Device(host, self)

    # -- loading

    def load(self):
        module = self.host.import_entry("capability_" + self.host.plugin_id)
        self._class = self._find_class(module)
        for attribute, member in members_of(self._class):
            if getattr(member, "_is_device_function", False):
                original = getattr(member, "_original_func", member)
                name = getattr(member, "_function_name", attribute)
                description = getattr(member, "_description", "") or parse_docstring(member.__doc__)[0]
                docs = getattr(member, "_arg_descriptions", None)
                labels = getattr(member, "_labels", None)
                function = Function(name, original, description, docs, labels, not is_static(self._class, attribute))
                self._functions[name] = function
            if getattr(member, "_is_device_event", False):
                self._events.append(describe_event(attribute, member))
            if getattr(member, "_is_device_routine", False):
                interval = getattr(member, "_routine_interval", 1.0)
                # Any other would end the routine at its first turn, or turn it without a pause.
                if isinstance(interval, bool) or not isinstance(interval, (int, float)) or not interval > 0:
                    import reprlib

                    reason = "the interval of @periodic '%s' is %s" % (attribute, reprlib.repr(interval))
                    raise _load_failed(reason, "Give it a number of seconds that is more than 0.")
                self._routines.append(attribute)

    def _find_class(self, module):
        name = self.host.manifest.get("class_name")
        if name is not None:
            found = getattr(module, name, None)
            if isinstance(found, type):
                return _no_driver(found)
            raise _load_failed("there is no class '%s' in %s" % (name, self.host.entry.rsplit("/", 1)[-1]), "Correct class_name.")
        own = [
            each
            for each in vars(module).values()
            if isinstance(each, type)
            and each.__module__ == module.__name__
            and any(getattr(member, "_is_device_function", False) for _, member in members_of(each))
        ]
        if len(own) != 1:
            names = ", ".join(each.__name__ for each in own) or "none"
            raise _load_failed("its manifest names no class_name, and the classes with @rpc methods are: %s" % names, "Add class_name to its manifest.")
        return _no_driver(own[0])

    def describe(self):
        has = [question for question, method in _HOOKS.items() if self._hook(method)]
        has.append("notify")
        return {
            "functions": [function.descriptor for function in self._functions.values()],
            "events": self._events,
            "routines": self._routines,
            "subscriptions": self._subscriptions.describe(),
            "has": has,
        }

    def _hook(self, name):
        """A method of the capability with one of Backplane's names, unless it is one of its functions."""
        method = getattr(self._instance or self._class, name, None)
        if callable(method) and not getattr(method, "_is_device_function", False):
            return method
        return None

    # -- life

    async def start(self, state):
        self._use_upstream()
        self._instance = instance = self._class(device=self.device)
        self._wire_functions(instance)
        Events(self.host).wire(instance)
        await self._subscriptions.find(instance)
        if state is not None and self._hook("take_over"):
            await run(self.host, self._hook("take_over"), state)
        start = getattr(instance, "start", None)
        if callable(start) and not getattr(start, "_is_device_function", False):
            await run(self.host, start)
        for attribute in self._routines:
            self._tasks.append(self.host.loop.create_task(self._repeat(attribute, getattr(instance, attribute))))

    def _use_upstream(self):
        """Where the decorators are upstream's, the caller is told in its way."""
        decorators = sys.modules.get("device_connect_edge.drivers.decorators")
        self._source_device = getattr(decorators, "_rpc_source_device", None)

    def _wire_functions(self, instance):
        for attribute, member in members_of(instance):
            if not getattr(member, "_is_device_function", False):
                continue
            function = self._functions.get(getattr(member, "_function_name", attribute))
            if function is None:
                continue
            if function.bind(self._class, attribute, member, instance):
                self.instant.add(function.name)

    async def stop(self):
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            try:
                await task
            except BaseException:
                pass
        stop = getattr(self._instance, "stop", None)
        if callable(stop) and not getattr(stop, "_is_device_function", False):
            await run(self.host, stop)

    # -- calls

    def add(self, function, name, description, labels):
        summary, docs = parse_docstring(function.__doc__)
        original = getattr(function, "__func__", function)
        made = Function(name, original, description or summary, docs, labels, hasattr(function, "__self__"))
        made.run = function
        self._functions[name] = made
        self.host.changed()

    def invoke(self, name, params, call):
        function = self._functions.get(name)
        if function is None:
            raise UnknownFunction(name)
        call.json_only = function.json_only
        if function.floats:
            params = function.floats(params)
        if self._source_device is not None:
            caller = call.caller
            caller = caller.get("id") if caller.get("kind") == "mesh" else None
            if caller is not None:
                self._source_device.set(caller)
                # Upstream's wrapper sets what it is told, and nothing when it is told nothing.
                if function.source:
                    params = {**params, "source_device": caller}
        # What is most frequent goes without a coroutine of its own.
        if function.kind == "async" and not function.positional:
            return function.run(**params)
        return function.call(self.host, params, call)

    async def _repeat(self, attribute, routine):
        """A @periodic method: at once, and then each interval; an error ends one turn, not the routine."""
        import asyncio

        interval = getattr(routine, "_routine_interval", 1.0)
        waits = getattr(routine, "_routine_wait_for_completion", True)
        loop = self.host.loop
        running = set()
        due = loop.time()
        while True:
            turn = self._turn(attribute, routine)
            if waits:
                began = loop.time()
                await turn
                await asyncio.sleep(max(0, interval - (loop.time() - began)))
            else:
                task = loop.create_task(turn)
                running.add(task)
                task.add_done_callback(running.discard)
                due += interval
                await asyncio.sleep(max(0, due - loop.time()))

    async def _turn(self, attribute, routine):
        try:
            await run(self.host, routine)
        except Exception as error:
            log_failure(self.host, "periodic '%s'" % attribute, error)

    async def request(self, name, body):
        if name != "connection":
            raise UnknownFunction(name)
        await self.device.connection_changed(bool(body))

    async def notify(self, event):
        await self._subscriptions.notify(event)

    async def reconfigure(self, change):
        hook = self._hook("on_config_change")
        if hook:
            await run(self.host, hook, change["values"], change["previous"])

    async def health(self):
        answer = await run(self.host, self._hook("health_check"))
        if isinstance(answer, bool) or answer is None:
            return {"ok": answer is not False}
        return answer

    async def hand_over(self):
        return await run(self.host, self._hook("hand_over"))


def _no_driver(found):
    """Gives the class, unless it is a device of its own: ours or device-connect-edge's base class tells."""
    for base in found.__mro__[1:]:
        if base.__name__ == "DeviceDriver" and base.__module__.startswith("device_connect_edge."):
            raise _load_failed(
                "its class '%s' is a DeviceDriver, a device of its own" % found.__name__,
                "Run it by device-connect-edge, on the same mesh as this host, or make it a plain class with a 'device' parameter.",
            )
    return found


def _load_failed(reason, next):
    return PluginError(reason, code="BP_PLUGIN_LOAD_FAILED", next=next)
