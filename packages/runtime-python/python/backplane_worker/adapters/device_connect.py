"""Device Connect capabilities: a class with @rpc, @emit, @periodic, @before_emit and @on methods.

The decorators may be those of device-connect-edge or of our shim: both leave the same marks on a method, and only the marks
count here. Rules are those of device-connect-edge 0.2.5, its faults left out (see docs/authoring-python.md).
"""
import sys

from ..calls import never_waits
from ..device import Device
from ..errors import PluginError
from ..schema import hints_of, is_json_type, parameters_of, parse_docstring, schema_of
from .base import Adapter, UnknownFunction

_COROUTINE, _GENERATOR, _ASYNC_GENERATOR = 0x80, 0x20, 0x200

# Methods of a capability that are Backplane's; upstream has none by these names.
_HOOKS = {"reconfigure": "on_config_change", "health": "health_check", "hand_over": "hand_over"}


# What upstream calls the events of devices that come and go, and what a host does.
_COMES_AND_GOES = {"device.online": "peer_present", "device.offline": "peer_lost"}
_UPSTREAM_NAMES = {"peer_present": "device.online", "peer_lost": "device.offline"}


def _flags(function):
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return code.co_flags if code else 0


class _Function:
    """One function that can be called."""

    __slots__ = ("name", "run", "kind", "source", "positional", "json_only", "descriptor")

    def __init__(self, name, run, original, description, argument_docs, labels, bound):
        self.name = name
        self.run = run
        flags = _flags(original)
        generator = flags & (_GENERATOR | _ASYNC_GENERATOR)
        self.kind = (
            "async generator" if flags & _ASYNC_GENERATOR
            else "generator" if generator
            else "async" if flags & _COROUTINE
            else "thread"
        )  # fmt: skip
        # Whether `run` is a wrapper that takes the caller's name (upstream's @rpc does).
        self.source = False
        parameters = parameters_of(original, bound)
        self.positional = [each.name for each in parameters if each.kind == "positional"]
        # `-> dict` promises what JSON can carry (upstream's rule); who means bytes says so, or nothing.
        self.json_only = is_json_type(hints_of(original).get("return"))
        self.descriptor = {
            "name": name,
            "description": description or "",
            "parameters": schema_of(original, argument_docs, bound),
        }
        if labels:
            self.descriptor["labels"] = labels
        if generator:
            self.descriptor["stream"] = "items"


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
        self._subscriptions = []
        self._before = {}
        self._tasks = []
        self._source_device = None
        self.device = Device(host, self)

    # -- loading

    def load(self):
        module = self.host.import_entry("capability_" + self.host.plugin_id)
        self._class = self._find_class(module)
        for attribute, member in self._members(self._class):
            if getattr(member, "_is_device_function", False):
                original = getattr(member, "_original_func", member)
                name = getattr(member, "_function_name", attribute)
                description = getattr(member, "_description", "") or parse_docstring(member.__doc__)[0]
                docs = getattr(member, "_arg_descriptions", None)
                labels = getattr(member, "_labels", None)
                function = _Function(name, None, original, description, docs, labels, not _is_static(self._class, attribute))
                self._functions[name] = function
            if getattr(member, "_is_device_event", False):
                self._events.append(self._describe_event(attribute, member))
            if getattr(member, "_is_device_routine", False):
                self._routines.append(attribute)

    def _find_class(self, module):
        name = self.host.manifest.get("class_name")
        if name is not None:
            found = getattr(module, name, None)
            if isinstance(found, type):
                return found
            raise _load_failed("there is no class '%s' in %s" % (name, self.host.entry.rsplit("/", 1)[-1]), "Correct class_name.")
        own = [
            each
            for each in vars(module).values()
            if isinstance(each, type)
            and each.__module__ == module.__name__
            and any(getattr(member, "_is_device_function", False) for _, member in self._members(each))
        ]
        if len(own) != 1:
            names = ", ".join(each.__name__ for each in own) or "none"
            raise _load_failed("its manifest names no class_name, and the classes with @rpc methods are: %s" % names, "Add class_name to its manifest.")
        return own[0]

    @staticmethod
    def _members(owner):
        for attribute in dir(owner):
            if not attribute.startswith("_"):
                try:
                    yield attribute, getattr(owner, attribute)
                except Exception:
                    continue

    def _describe_event(self, attribute, member):
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

    def describe(self):
        # Subscriptions are known before the capability exists, but for those that it says itself.
        subscriptions = [{key: each[key] for key in ("device", "event") if key in each} for each in self._subscriptions]
        has = [question for question, method in _HOOKS.items() if self._hook(method)]
        has.append("notify")
        return {
            "functions": [function.descriptor for function in self._functions.values()],
            "events": self._events,
            "routines": self._routines,
            "subscriptions": subscriptions,
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
        self._wire_events(instance)
        await self._subscribe(instance)
        if state is not None and self._hook("take_over"):
            await self._run(self._hook("take_over"), state)
        start = getattr(instance, "start", None)
        if callable(start) and not getattr(start, "_is_device_function", False):
            await self._run(start)
        for attribute in self._routines:
            self._tasks.append(self.host.loop.create_task(self._repeat(attribute, getattr(instance, attribute))))

    def _use_upstream(self):
        """Where the decorators are upstream's, the caller is told in its way."""
        decorators = sys.modules.get("device_connect_edge.drivers.decorators")
        self._source_device = getattr(decorators, "_rpc_source_device", None)

    def _wire_functions(self, instance):
        for attribute, member in self._members(instance):
            if not getattr(member, "_is_device_function", False):
                continue
            function = self._functions.get(getattr(member, "_function_name", attribute))
            if function is None:
                continue
            original = getattr(member, "_original_func", None)
            # Upstream's wrapper awaits whatever it wraps: what is no coroutine function is called without it. Ours adds nothing.
            wrapped = function.kind == "async" and original is not None and not getattr(member, "_adds_nothing", False)
            function.source = wrapped
            function.run = member if wrapped or original is None else _bound(self._class, attribute, original, instance)
            if function.kind == "async" and not wrapped and original is not None and never_waits(original):
                self.instant.add(function.name)

    def _wire_events(self, instance):
        for attribute, member in self._members(instance):
            if getattr(member, "_is_internal_handler", False):
                self._before.setdefault(member._internal_event_name, []).append(member)

        async def dispatch(event, payload):
            return await self._intercept(event, payload)

        async def publish(event, payload):
            await self.host.emit(event.rsplit("/", 1)[-1], payload)

        # The names by which upstream's @emit reaches its host.
        instance._dispatch_internal_event = dispatch
        instance._emit_event_internal = publish
        for attribute, member in self._members(instance):
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
            if not self.host.on_loop():
                return self.host.wait(self.host.emit(event, payload))
            return self.host.loop.create_task(self.host.emit(event, payload))

        return emit

    def _emitter(self, instance, member):
        """An @emit method that may be synchronous, and may be called from a thread."""
        original = getattr(member, "_original_func", None)
        if original is not None and not _flags(original) & _COROUTINE:
            names = [each.name for each in parameters_of(original, True)]
            event = member._event_name

            async def emit(*args, **kwargs):
                import uuid
                from time import gmtime, strftime

                payload = {**dict(zip(names, args)), **kwargs}
                payload.setdefault("event_id", uuid.uuid4().hex[:8])
                payload.setdefault("ts", strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()))
                result = await self._run(original, instance, *args, **kwargs)
                goes_on, payload = await self._intercept(event, payload)
                if goes_on:
                    await instance._emit_event_internal(event, payload)
                return result

        else:
            emit = member

        def call(*args, **kwargs):
            coroutine = emit(*args, **kwargs)
            return coroutine if self.host.on_loop() else self.host.wait(coroutine)

        for name, value in vars(member).items():
            setattr(call, name, value)
        call.__name__, call.__doc__ = member.__name__, member.__doc__
        return call

    async def _intercept(self, event, payload):
        """Runs the @before_emit methods: each may replace the payload (a dict) or end the event (False)."""
        goes_on = True
        for handler in self._before.get(event, ()):
            try:
                answer = await self._run(handler, **payload)
            except Exception as error:
                self._log_failure("@before_emit method '%s'" % handler.__name__, error)
                continue
            if isinstance(answer, dict):
                payload = answer
            if answer is False or handler._suppress_propagation:
                goes_on = False
        return goes_on, payload

    async def _subscribe(self, instance):
        import asyncio

        found = []
        for attribute, member in self._members(instance):
            if getattr(member, "_is_event_subscription", False):
                device, event = member._sub_device_id, member._sub_event_name
                found.append((device, event, member))
        declared = getattr(instance, "get_event_subscriptions", None)
        if callable(declared) and not getattr(declared, "_is_device_function", False):
            for each in await self._run(declared) or ():
                if each.get("handler"):
                    found.append((each.get("device_id"), each.get("event"), each["handler"]))
        for device, event, handler in found:
            subscription = {"handler": handler, "lock": asyncio.Lock(), "device_pattern": device}
            if device:
                subscription["device"] = device
            if event and event != "*":
                event = event.rsplit("/", 1)[-1]
                subscription["event"] = _COMES_AND_GOES.get(event, event)
            self._subscriptions.append(subscription)

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
            await self._run(stop)

    # -- calls

    def add(self, function, name, description, labels):
        summary, docs = parse_docstring(function.__doc__)
        made = _Function(name, function, getattr(function, "__func__", function), description or summary, docs, labels, hasattr(function, "__self__"))
        self._functions[name] = made
        self.host.changed()

    def invoke(self, name, params, call):
        function = self._functions.get(name)
        if function is None:
            raise UnknownFunction(name)
        call.json_only = function.json_only
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
        return self._invoke(function, params, call)

    async def _invoke(self, function, params, call):
        args = ()
        if function.positional:
            params = dict(params)
            args = [params.pop(each) for each in function.positional if each in params]
        kind = function.kind
        if kind == "async":
            return await function.run(*args, **params)
        if kind == "async generator":
            async for item in function.run(*args, **params):
                await call.send(item)
            return None
        result = await self.host.in_thread(_call, function.run, args, params, kind == "generator" and self._sender(call))
        # A decorator may have hidden that it is a coroutine function.
        return await result if hasattr(result, "__await__") else result

    def _sender(self, call):
        def send(item):
            if call.cancelled:
                raise PluginError("It was cancelled.", code="BP_ABORTED")
            self.host.wait(call.send(item))

        return send

    async def _run(self, function, *args, **kwargs):
        """Runs a method of the capability: on the loop when it is asynchronous, else in a thread."""
        if _flags(function) & _COROUTINE:
            return await function(*args, **kwargs)
        result = await self.host.in_thread(_call, function, args, kwargs, None)
        return await result if hasattr(result, "__await__") else result

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
            await self._run(routine)
        except Exception as error:
            self._log_failure("periodic '%s'" % attribute, error)

    async def notify(self, event):
        for subscription in self._subscriptions:
            wanted = subscription.get("event")
            if wanted is not None and wanted != event["event"]:
                continue
            if not _matches(subscription["device_pattern"], event["device"]):
                continue
            # Each handler has its events one at a time, in order; handlers run beside each other.
            async with subscription["lock"]:
                try:
                    name = _UPSTREAM_NAMES.get(event["event"], event["event"])
                    await self._run(subscription["handler"], event["device"], name, event["payload"])
                except Exception as error:
                    self._log_failure("the handler of '%s'" % event["event"], error)

    async def reconfigure(self, change):
        hook = self._hook("on_config_change")
        if hook:
            await self._run(hook, change["values"], change["previous"])

    async def health(self):
        answer = await self._run(self._hook("health_check"))
        if isinstance(answer, bool) or answer is None:
            return {"ok": answer is not False}
        return answer

    async def hand_over(self):
        return await self._run(self._hook("hand_over"))

    def _log_failure(self, what, error):
        from ..logs import traceback_of

        self.host.log("error", "%s failed: %s" % (what, error), {"traceback": traceback_of(error)})


def _call(function, args, kwargs, send):
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


def _bound(owner, attribute, original, instance):
    return original if _is_static(owner, attribute) else original.__get__(instance, owner)


def _is_static(owner, attribute):
    for each in owner.__mro__:
        if attribute in vars(each):
            return isinstance(vars(each)[attribute], staticmethod)
    return False


def _is_pattern(text):
    return any(sign in text for sign in "*?[")


def _matches(pattern, device):
    if not pattern:
        return True
    if _is_pattern(pattern):
        from fnmatch import fnmatchcase

        return fnmatchcase(device, pattern)
    return pattern == device


def _load_failed(reason, next):
    return PluginError(reason, code="BP_PLUGIN_LOAD_FAILED", next=next)
