"""An event loop that answers the host with as little as possible in between."""
import asyncio
import time


def make_loop(fd, serve):
    """Gives a loop that calls `serve` when `fd` has something to read."""
    loop = _quick_loop(fd, serve)
    if loop is None:
        loop = asyncio.new_event_loop()
        loop.add_reader(fd, serve)
    return loop


def _quick_loop(fd, serve):
    """asyncio's own loop, whose selector calls `serve` itself; None where there is no epoll, or another loop is wanted (uvloop)."""
    try:
        from select import EPOLLIN, EPOLLOUT
        from selectors import EVENT_READ, EVENT_WRITE, EpollSelector
    except ImportError:
        return None
    if type(asyncio.get_event_loop_policy()).__module__ != "asyncio.unix_events":
        return None

    class Selector(EpollSelector):
        """Serves the host within `select`, as long as that gives the loop nothing to do: a turn of the loop takes longer than most calls."""

        def select(self, timeout=None):
            poll, keys = self._selector.poll, self._fd_to_key
            until = None if timeout is None else time.monotonic() + timeout
            # Timers only ever become more while this waits; a new one may be due before `timeout`.
            timers = len(loop._scheduled)
            while True:
                if timeout is None:
                    left = -1
                else:
                    # As EpollSelector does: a timer must not come a millisecond early.
                    left = 0 if timeout <= 0 else -(-timeout // 0.001) * 0.001
                events = poll(left, max(len(keys), 1) + 1)
                ready = []
                served = False
                for number, event in events:
                    if number == fd:
                        serve()
                        served = True
                        continue
                    key = keys.get(number)
                    if key is not None:
                        mask = (EVENT_WRITE if event & ~EPOLLIN else 0) | (EVENT_READ if event & ~EPOLLOUT else 0)
                        if mask & key.events:
                            ready.append((key, mask & key.events))
                if ready or not served or loop._ready or loop._stopping or len(loop._scheduled) != timers:
                    return ready
                if until is not None:
                    timeout = until - time.monotonic()
                    if timeout <= 0:
                        return ready

    selector = Selector()
    loop = asyncio.SelectorEventLoop(selector)
    selector._selector.register(fd, EPOLLIN)
    return loop


def eager_tasks(loop):
    """Gives what begins a task at once, instead of in the loop's next turn: most calls end there."""
    import sys

    if sys.version_info >= (3, 12):
        Task = asyncio.Task
        return lambda coroutine: Task(coroutine, loop=loop, eager_start=True)
    if type(loop).__module__ != "asyncio.unix_events":
        return loop.create_task

    Task = asyncio.Task
    begin = []

    def capture(step, context=None):
        begin.append((step, context))

    def eager(coroutine):
        if asyncio.current_task(loop) is not None:
            return loop.create_task(coroutine)
        # A task asks its loop to call its first step soon: here it is called at once.
        loop.call_soon = capture
        try:
            task = Task(coroutine, loop=loop)
        finally:
            del loop.call_soon
        step, context = begin.pop()
        context.run(step)
        return task

    return eager
