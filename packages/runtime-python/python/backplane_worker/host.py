"""What an adapter gets of its host."""
from _contextvars import copy_context
from _thread import get_ident
from collections import deque

from .calls import current_call
from .errors import PluginError
from .begun import MOST_WAITING, Begun

# Events and calls of the plugin that may be on their way to the host.
MOST_REQUESTS = 4096


class Host:
    """The host, as an adapter sees it.

    plugin_id, manifest (dict), dir, entry (absolute paths), config (dict: value by item name), state_dir (str or None),
    simulated (bool), device_id, device_type and tenant (str or None: the
    host's on the mesh), loop (asyncio's, once started).
    """

    def __init__(self, worker, init):
        plugin, context = init["plugin"], init["context"]
        self.plugin_id = plugin["id"]
        self.manifest = plugin["manifest"]
        self.dir = plugin["dir"]
        self.entry = plugin["entry"]
        self.source = b""
        self.config = context.get("config") or {}
        self.state_dir = context.get("state_dir")
        self.simulated = bool(context.get("simulated"))
        self.device_id = context.get("device_id")
        self.device_type = context.get("device_type")
        self.tenant = context.get("tenant")
        self.identity = context.get("identity") or {}
        self.ttl = context.get("ttl") or 15
        # Whether the mesh is there; the adapter hears of changes.
        self.connected = context.get("connected", False)
        self.loop = None
        self._loop_thread = 0
        self._worker = worker
        self._requests = {}
        self._queue = deque()
        self._last = 0
        # What threads of the plugin have had begun on the loop.
        self._begun = set()

    # -- what the plugin is made of

    def import_entry(self, name=None):
        """Imports the plugin's entry file as a module and gives it. The plugin's folder is on sys.path."""
        from .modules import run_source

        return run_source(name or "plugin_" + self.plugin_id, self.entry, self.source)

    # -- what it may ask of the host

    async def emit(self, event, payload=None):
        """Emits an event; returns when the mesh has taken it. Raises PluginError."""
        await self._request("emit", event, {} if payload is None else payload)

    async def invoke(self, name, params=None, device=None, timeout_ms=None):
        """Calls a function of the host, or of another device, and gives its result. Raises PluginError."""
        options = {}
        if device is not None:
            options["device"] = device
        if timeout_ms is not None:
            options["timeout_ms"] = timeout_ms
        return await self._request("invoke", name, {} if params is None else params, options)

    async def push(self, channel, value):
        """Hands a value to the host's side of this adapter, and gives what that answers. Raises PluginError."""
        return await self._request("push", channel, value)

    def log(self, level, message, fields=None):
        """Logs at `debug`, `info`, `warn` or `error`. From any thread."""
        self._worker.log(level, message, fields)

    def changed(self):
        """Says that `describe()` gives something else now. From any thread."""
        if get_ident() == self._loop_thread or self.loop is None:
            self._worker.changed()
        else:
            self.loop.call_soon_threadsafe(self._worker.changed)

    # -- threads

    async def in_thread(self, function, *args):
        """Runs a function that may block in a thread (with the caller's context variables) and gives its result."""
        loop = self.loop
        future = loop.create_future()
        context = copy_context()
        call = current_call.get()

        def settle(result, error):
            if call is not None:
                call.threads -= 1
                if call.threads == 0 and call.cancelled:
                    self._worker.abandoned(call)
            if future.done():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        def work():
            result = error = None
            try:
                result = context.run(function, *args)
            except StopIteration as stop:
                # A future cannot hold this one.
                error = RuntimeError("StopIteration: %s" % (stop,))
            except SystemExit as ended:
                error = PluginError("it called sys.exit(%s) in a thread" % (ended.code,))
            except BaseException as thrown:
                error = thrown
            try:
                loop.call_soon_threadsafe(settle, result, error)
            except RuntimeError:
                pass  # the loop has ended, and the process will

        if call is not None:
            call.threads += 1
        self._worker.threads.run(work)
        return await future

    def wait(self, coroutine, timeout=None):
        """Runs a coroutine on the loop and waits for it, from a thread of the plugin: host.wait(host.emit(...))."""
        from asyncio import run_coroutine_threadsafe

        if self.on_loop():
            coroutine.close()
            raise RuntimeError("host.wait() would wait for its own thread: use await")
        return run_coroutine_threadsafe(coroutine, self.loop).result(timeout)

    def begin(self, coroutine, what):
        """Has the loop run a coroutine for a thread of the plugin, and gives what may be awaited in that thread or not at all.

        A synchronous function of the plugin waits for it. A thread of the plugin's own goes on at once, as with upstream's coroutines:
        the loop may be waiting for it. `what` is said in the log when it fails and nobody asks.
        """
        from asyncio import run_coroutine_threadsafe

        future = run_coroutine_threadsafe(coroutine, self.loop)
        self._begun.add(future)
        future.add_done_callback(self._begun.discard)
        if self._worker.threads.has_this() or len(self._begun) > MOST_WAITING:
            future.result()
        return Begun(future, lambda error: self.log("error", "%s failed: %s" % (what, error)))

    def on_loop(self):
        """Whether the caller runs on the event loop's thread."""
        return get_ident() == self._loop_thread

    # -- for the worker

    def use(self, loop):
        self.loop = loop
        self._loop_thread = get_ident()

    async def _request(self, kind, *parts):
        if get_ident() != self._loop_thread:
            # Another loop, in a thread of the plugin's own.
            from asyncio import run_coroutine_threadsafe, wrap_future

            return await wrap_future(run_coroutine_threadsafe(self._request(kind, *parts), self.loop))
        while len(self._requests) >= MOST_REQUESTS:
            room = self.loop.create_future()
            self._queue.append(room)
            await room
        self._last += 1
        id = self._last
        future = self.loop.create_future()
        self._worker.send_value(kind, id, parts, "what %s was given" % kind)
        self._requests[id] = future
        try:
            return await future
        except BaseException:
            if not future.done() or future.cancelled():
                self._worker.send(["cancel", id])
            raise
        finally:
            self._requests.pop(id, None)
            while self._queue and len(self._requests) < MOST_REQUESTS:
                room = self._queue.popleft()
                if not room.done():
                    room.set_result(None)
                    break

    def answered(self, id, value):
        future = self._requests.get(id)
        if future is not None and not future.done():
            future.set_result(value)

    def refused(self, id, error):
        future = self._requests.get(id)
        if future is not None and not future.done():
            future.set_exception(
                PluginError(
                    error.get("message") or "no message",
                    code=error.get("code") or "BP_UNEXPECTED",
                    next=error.get("next"),
                    retryable=bool(error.get("retryable")),
                    details=error.get("details"),
                )
            )
