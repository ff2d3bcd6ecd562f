"""The one thread in which a Fledge plugin's entry points run."""

from _queue import SimpleQueue
from _thread import allocate_lock

from ..errors import PluginError


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
        self._task = None

    def call(self, function, *args):
        """Runs `function(*args)` there and gives its result; an awaitable is awaited. Not to be called from the event loop."""
        if self._ended:
            raise PluginError("the plugin has ended")
        job = _Job(function, args)
        if not self._begun:
            self._begun = True
            from threading import Thread

            Thread(target=self._serve, name="plugin", daemon=True).start()
        self._jobs.put(job)
        return job.result()

    def cancel(self):
        """Cancels the awaitable that runs now; a plain function cannot be ended."""
        loop, task = self._loop, self._task
        if task is not None:
            loop.call_soon_threadsafe(task.cancel)

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
            # A plugin may have set another one meanwhile; each call finds ours again.
            asyncio.set_event_loop(self._loop)
            job.run(self._finish)
            job = None
        self._loop.close()

    def _finish(self, awaitable):
        async def run():
            return await awaitable

        self._task = self._loop.create_task(run())
        try:
            return self._loop.run_until_complete(self._task)
        finally:
            self._task = None


def call_here(function, *args):
    """Runs `function(*args)` in this thread, with an event loop of its own where it gives an awaitable."""

    def finish(awaitable):
        import asyncio

        async def run():
            return await awaitable

        return asyncio.run(run())

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
    return await value


class _Job:
    def __init__(self, function, args):
        self._function = function
        self._args = args
        self._value = None
        self._error = None
        self._done = allocate_lock()
        self._done.acquire()

    def run(self, finish):
        try:
            value = self._function(*self._args)
            self._value = finish(value) if hasattr(value, "__await__") else value
        except SystemExit:
            self._error = PluginError("the plugin tried to end its process")
        except BaseException as error:
            self._error = error
        finally:
            self._done.release()

    def result(self):
        with self._done:
            pass
        if self._error is not None:
            raise self._error
        return self._value
