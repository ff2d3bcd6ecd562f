"""Calls under way."""
from _contextvars import ContextVar

# The call that this task or thread works for, if any.
current_call = ContextVar("backplane_call", default=None)

# Items of a stream that may be on their way.
WINDOW = 32


def never_waits(function):
    """Whether a coroutine function has no `await` of any kind, so that it ends in its first step."""
    from opcode import opmap

    code = getattr(function, "__code__", None)
    if code is None or "current_task" in code.co_names:
        return False
    used = set(code.co_code[::2])
    return not any(opmap[name] in used for name in ("SEND", "YIELD_FROM", "YIELD_VALUE") if name in opmap)


class Call:
    """One call of a function, as adapters see it."""

    __slots__ = ("id", "name", "deadline", "caller", "trace", "cancelled", "task", "threads", "credit", "json_only", "_worker", "_room")

    def __init__(self, worker, id, name, deadline, caller, trace):
        self.id = id
        self.name = name
        # When the caller stops waiting: seconds, as time.time() counts them.
        self.deadline = deadline
        self.caller = caller
        self.trace = trace
        # Set when the caller has gone; a function in a thread may look at it.
        self.cancelled = False
        self.task = None
        # Threads that work for it.
        self.threads = 0
        self.credit = WINDOW
        # Whether the result must be JSON: then bytes in it are an error.
        self.json_only = False
        self._worker = worker
        self._room = None

    async def send(self, item):
        """Sends one item of a streamed result; waits until there is room for it."""
        from asyncio import CancelledError

        if self.cancelled:
            raise CancelledError()
        while self.credit <= 0:
            if self._room is None:
                self._room = self._worker.host.loop.create_future()
            await self._room
            if self.cancelled:
                raise CancelledError()
        self.credit -= 1
        self._worker.send_value("item", self.id, (item,), "an item of '%s'" % self.name)

    def more(self, items):
        """The caller has taken items."""
        self.credit += items
        self.wake()

    def wake(self):
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)
