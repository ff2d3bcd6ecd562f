"""What coroutine methods give to threads: something to use at once, which may be awaited in upstream's ways all the same."""

# What threads of the plugin's own may have had begun before they wait for it.
MOST_WAITING = 1000


class _Coroutine:
    """What `collections.abc.Coroutine` knows its kind by: `asyncio.run` and `run_coroutine_threadsafe` take it, and nobody must."""

    __slots__ = ()

    async def _outcome(self):
        raise NotImplementedError

    def __await__(self):
        return self._outcome().__await__()

    def send(self, value):
        if self._steps is None:
            self._steps = self._outcome()
        return self._steps.send(value)

    def throw(self, *error):
        if self._steps is None:
            self._steps = self._outcome()
        return self._steps.throw(*error)

    def close(self):
        if self._steps is not None:
            self._steps.close()


class Begun(_Coroutine):
    """Work that the event loop does already. `failed` is told of an error that nobody has asked for."""

    __slots__ = ("_future", "_failed", "_steps")

    def __init__(self, future, failed):
        self._future = future
        self._failed = failed
        self._steps = None

    async def _outcome(self):
        from asyncio import wrap_future

        self._failed = None
        return self._future.result() if self._future.done() else await wrap_future(self._future)

    def __del__(self):
        failed = self._failed
        if failed is not None:
            self._future.add_done_callback(lambda future: future.cancelled() or (future.exception() and failed(future.exception())))


class Answer(dict, _Coroutine):
    """An answer that is there already."""

    _steps = None

    async def _outcome(self):
        return self
