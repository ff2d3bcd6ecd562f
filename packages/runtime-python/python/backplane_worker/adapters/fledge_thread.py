"""The one thread in which a Fledge plugin's entry points run."""

from _queue import SimpleQueue
from _thread import allocate_lock

from ..errors import PluginError
from .fledge_errors import error_text


class PluginThread:
    """Runs calls one after another, always in the same thread.

    Fledge holds one lock over poll, start, reconfigure and shutdown, and calls them from a thread that an event loop may be
    asked of; plugins keep objects that only their thread may use (SQLite's), and call `asyncio.get_event_loop()`.
    """

    def __init__(self):
        self._jobs = SimpleQueue()
        self._begun = False
        self._ended = False
        self._loop = None

    def run(self, function, *args):
        """Has `function(*args)` run there, after what was given before, and gives the job; an awaitable is awaited."""
        if self._ended:
            raise PluginError("the plugin has ended")
        if not self._begun:
            self._begun = True
            from threading import Thread

            Thread(target=self._serve, name="plugin", daemon=True).start()
        job = _Job(function, args)
        self._jobs.put(job)
        return job

    def end(self):
        """Ends the thread after what was called before; nothing may be called afterwards."""
        self._ended = True
        if self._begun:
            self._jobs.put(None)

    def _serve(self):
        import asyncio

        self._loop = asyncio.new_event_loop()
        while True:
            job = self._jobs.get()
            if job is None:
                break
            # A plugin may have set another one meanwhile, or closed ours; each call finds one that works.
            if self._loop.is_closed():
                self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
            job.run(self._finish)
            job = None
        self._loop.close()

    def _finish(self, job, awaitable):
        return job.finish(self._loop, awaitable)


def call_here(function, *args):
    """Runs `function(*args)` in this thread, with an event loop of its own where it gives an awaitable."""

    def finish(_, awaitable):
        import asyncio

        return asyncio.run(_awaited(awaitable))

    job = _Job(function, args)
    job.run(finish)
    return job.result()


def finished(value):
    """Awaits in the plugin's thread what an `async def` entry point gives."""
    if not hasattr(value, "__await__"):
        return value
    import asyncio

    return asyncio.get_event_loop().run_until_complete(_awaited(value))


async def _awaited(value):
    try:
        return await value
    except SystemExit:
        raise _ended() from None
    except KeyboardInterrupt as error:
        # Neither may leave a task: it would take the event loop along.
        raise _raised(error)


def _ended():
    return PluginError("the plugin tried to end its process")


def _raised(error):
    made = RuntimeError("the plugin raised %s" % error_text(error))
    made.__cause__ = error
    # What is told of it says where that was.
    return made.with_traceback(error.__traceback__)


class _Job:
    """One call, which may be given up from another thread."""

    def __init__(self, function, args):
        self._function = function
        self._args = args
        self._value = None
        self._error = None
        self._done = allocate_lock()
        self._done.acquire()
        # Guards what follows.
        self._lock = allocate_lock()
        self._running = False
        self._given_up = False
        self._cancel = None

    def result(self):
        """Waits for its end; not on the event loop."""
        with self._done:
            pass
        if self._error is not None:
            raise self._error
        return self._value

    def give_up(self):
        """Cancels what it awaits. A call that has not begun never begins; a plain function runs to its end."""
        with self._lock:
            if self._given_up:
                return
            self._given_up = True
            if not self._running:
                self._error = PluginError("It was cancelled.", code="BP_ABORTED")
                self._done.release()
            elif self._cancel is not None:
                self._cancel()

    def run(self, finish):
        with self._lock:
            if self._given_up:
                return
            self._running = True
        try:
            value = self._function(*self._args)
            self._value = finish(self, value) if hasattr(value, "__await__") else value
        except SystemExit:
            self._error = _ended()
        except BaseException as error:
            # Neither is the plugin's to use: they would end the process, or read as if the caller had given up.
            own = isinstance(error, KeyboardInterrupt) or type(error).__name__ == "CancelledError"
            self._error = _raised(error) if own and not self._given_up else error
        finally:
            self._done.release()

    def finish(self, loop, awaitable):
        """Awaits on a loop of this thread, so that it can be given up meanwhile."""
        task = loop.create_task(_awaited(awaitable))
        with self._lock:
            self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
            if self._given_up:
                task.cancel()
        try:
            return loop.run_until_complete(task)
        finally:
            with self._lock:
                self._cancel = None
