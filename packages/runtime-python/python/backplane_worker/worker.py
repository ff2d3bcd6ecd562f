"""The worker: loads one plugin, then turns the host's messages into calls and the plugin's requests into messages."""
import gc
import sys
import time

from . import PROTOCOL, limits, lifeline
from .adapters import choose
from .adapters.base import UnknownFunction
from .calls import Call, current_call
from .errors import PluginError
from .host import Host
from .logs import LoggingHook, traceback_of
from .modules import add_plugin_folder, add_shims, read_source
from .process import FROM_HOST, TO_HOST, leave, prepare
from .threads import Threads
from .wire import Channel, TooLarge, Unsendable
from .wire_errors import load_error, shortened, text_of, value_error, wire_error


def run():
    """What the process does, from its first to its last moment."""
    prepare()
    channel = Channel(FROM_HOST, TO_HOST)
    worker = Worker(channel)
    if worker.load(_first(channel)):
        worker.serve()
    leave(0)


def _first(channel):
    while True:
        messages = channel.read()
        if messages is None:
            lifeline.end()
        if messages:
            (op, init), *_ = messages
            if op != "init" or init.get("protocol") != PROTOCOL:
                raise SystemExit("this worker speaks version %d of the protocol" % PROTOCOL)
            return init


class Worker:
    def __init__(self, channel):
        self.channel = channel
        self.host = None
        self.adapter = None
        self.threads = None
        self._calls = {}
        self._dirty = False
        # Whether the host's messages are being answered.
        self._serving = False
        self._task = None
        self._notifying = None
        self._requirements = ()

    # -- loading: before there is an event loop

    def load(self, init):
        """Loads the plugin and says so to the host; gives whether it has loaded."""
        settings = init.get("settings") or {}
        self._requirements = settings.get("requirements") or ()
        self.channel.limit = settings.get("message_bytes")
        self.threads = Threads(settings.get("threads") or 64)
        self.host = host = Host(self, init)
        try:
            limits.apply(init.get("limits") or {})
            LoggingHook(self.log, ("capability_" + host.plugin_id, "plugin", host.plugin_id)).watch()
            add_plugin_folder(host.dir)
            host.source = read_source(host.entry)
            self.adapter = choose(init["plugin"], host.source)(host)
            add_shims(self.adapter.SHIMS)
            self.adapter.load()
            self.channel.send(["ready", self._description()])
            return True
        except SystemExit as ended:
            failure = PluginError("it called sys.exit(%s) while it was imported" % (ended.code,))
        except BaseException as thrown:
            failure = thrown
        self._send_error("failed", load_error(failure))
        return False

    def _description(self):
        self._dirty = False
        description = dict(self.adapter.describe())
        description["python"] = "%d.%d.%d" % sys.version_info[:3]
        return description

    # -- serving: on the event loop

    def serve(self):
        import asyncio

        from .loop import eager_tasks, make_loop

        loop = make_loop(FROM_HOST, self._readable)
        asyncio.set_event_loop(loop)
        self._handlers = {
            "call": self._on_call,
            "cancel": self._on_cancel,
            "credit": self._on_credit,
            "ask": self._on_ask,
            "answer": self.host.answered,
            "refuse": self.host.refused,
        }
        self._cancelled = asyncio.CancelledError
        self._notifying = asyncio.Lock()
        self._task = eager_tasks(loop)
        self.host.use(loop)
        self.channel.use(loop)
        loop.set_exception_handler(self._on_loop_error)
        # What has been loaded stays: no collection need look at it again.
        gc.freeze()
        if self._requirements:
            self._task(self.host.in_thread(self._say_what_is_missing))
        try:
            loop.run_forever()
        except SystemExit as ended:
            self.channel.uncork()
            code = ended.code
            if code is not None and not isinstance(code, int):
                sys.stderr.write("%s\n" % (code,))
                code = 1
            leave(code or 0)

    def _readable(self):
        try:
            messages = self.channel.read()
        except (ValueError, IndexError, TypeError, RecursionError) as error:
            sys.stderr.write("the host broke the protocol: %s\n" % (error,))
            leave(1)
        if messages is None:
            lifeline.end()
        self.channel.cork()
        self._serving = True
        try:
            for message in messages:
                handler = self._handlers.get(message[0])
                # What a newer host says beyond this version is passed over.
                if handler is not None:
                    handler(*message[1:])
        finally:
            self._serving = False
            self.channel.uncork()

    def _on_call(self, id, name, params, about):
        call = Call(self, id, name, time.time() + about["left_ms"] / 1000, about.get("caller") or {}, about.get("trace"))
        self._calls[id] = call
        if name in self.adapter.instant:
            self._run_at_once(call, params)
        else:
            call.task = self._task(self._run(call, params))

    def _run_at_once(self, call, params):
        token = current_call.set(call)
        try:
            self.adapter.invoke(call.name, params, call).send(None)
        except StopIteration as stop:
            self._end(call, None, stop.value)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._end(call, error, None)
        finally:
            current_call.reset(token)

    async def _run(self, call, params):
        current_call.set(call)
        try:
            result = await self.adapter.invoke(call.name, params, call)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            if call.cancelled and isinstance(error, self._cancelled) and call.threads > 0:
                return
            self._end(call, error, None)
        else:
            self._end(call, None, result)

    def _end(self, call, error, result):
        """Answers a call, unless that has been done."""
        if self._calls.pop(call.id, None) is None:
            return
        if self._dirty:
            # Anyone who has the answer finds what the call has changed.
            self._tell_changes()
        if error is None:
            try:
                self.channel.send(["result", call.id, result], call.json_only)
            except (Unsendable, TooLarge) as unsendable:
                error = value_error(unsendable, "the result of '%s'" % call.name)
        if error is not None:
            self._send_error("error", call.id, self._told(error, call.name))
        if not self._calls and not self._serving:
            # Nothing else will join it.
            self.channel.uncork()

    def _on_cancel(self, id, reason=None):
        call = self._calls.get(id)
        if call is None:
            return
        call.cancelled = True
        call.wake()
        call.task.cancel()
        # A thread cannot be cancelled: the host hears when it has ended, and ends the process if that takes too long.
        if call.threads == 0:
            self._end(call, PluginError("It was cancelled.", code="BP_ABORTED"), None)

    def abandoned(self, call):
        """The last thread of a call that was cancelled has ended."""
        self._end(call, PluginError("It was cancelled.", code="BP_ABORTED"), None)

    def _on_credit(self, id, items):
        call = self._calls.get(id)
        if call is not None:
            call.more(items)

    def _on_ask(self, id, question, body):
        self._task(self._answer(id, question, body))

    async def _answer(self, id, question, body):
        adapter = self.adapter
        try:
            if question == "start":
                await adapter.start(body)
                answer = self._description()
            elif question == "notify":
                if adapter.ORDERED:
                    async with self._notifying:
                        answer = await adapter.notify(body)
                else:
                    answer = await adapter.notify(body)
            elif question == "reconfigure":
                answer = await adapter.reconfigure(body)
                self.host.config = body["values"]
            elif question == "health":
                answer = await adapter.health()
            elif question == "hand_over":
                answer = await adapter.hand_over()
            elif question == "request":
                answer = await adapter.request(body["name"], body.get("body"))
            elif question == "ping":
                answer = None
            elif question == "stop":
                answer = await adapter.stop()
            else:
                raise UnknownFunction(question)
            self.send_value("result", id, (answer,), "the answer to '%s'" % question)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._send_error("error", id, self._told(error, question))
        if question == "stop":
            self.channel.uncork()
            self.host.loop.call_soon(self.host.loop.stop)

    def _say_what_is_missing(self):
        from .requirements import missing

        absent = missing(self._requirements)
        if absent:
            self.log("warn", "Python packages that it asks for are not there: %s" % ", ".join(absent))

    def _on_loop_error(self, loop, context):
        error = context.get("exception")
        message = context.get("message") or "an error that nobody awaited"
        self.log("error", message, {"traceback": traceback_of(error)} if error else None)

    # -- sending

    def send(self, message):
        self.channel.send(message)

    def _told(self, error, name):
        """An error as the host reads it; what is no answer of the plugin but a fault is logged with where it happened."""
        return wire_error(error, lambda details: self.log("error", "'%s' failed: %s" % (name, text_of(error)), details))

    def _send_error(self, *message):
        """Sends a message that ends with an error; without what cannot cross, since somebody waits for it."""
        try:
            self.channel.send(message)
        except (Unsendable, TooLarge):
            *head, wire = message
            try:
                self.channel.send([*head, shortened(wire)])
            except TooLarge:
                self.channel.send([*head, {"code": wire["code"], "message": "Its error is too large to be sent."}])

    def send_value(self, op, id, parts, what):
        """Sends a message that holds the plugin's own values. Raises PluginError for what cannot be sent."""
        try:
            self.channel.send([op, id, *parts])
        except (Unsendable, TooLarge) as error:
            raise value_error(error, what) from None

    def changed(self):
        if self.host.loop is None or self._dirty:
            self._dirty = True
            return
        self._dirty = True
        self.host.loop.call_soon(self._tell_changes)

    def _tell_changes(self):
        if self._dirty:
            self.channel.send(["changed", self._description()])

    def log(self, level, message, fields=None):
        try:
            try:
                self.channel.send(["log", level, str(message), fields or {}])
            except Unsendable:
                # Fields that cannot cross are still worth reading.
                self.channel.send(["log", level, str(message), {"fields": repr(fields)[:10000]}])
        except TooLarge as error:
            self.channel.send(["log", "warn", "a log record was dropped: %s" % error, {}])
