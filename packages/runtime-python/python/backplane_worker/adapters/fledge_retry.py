"""Starting again what could not be started: a device may be away when its plugin begins."""
import time

# Fledge's own patience: after the first failure, and at most, in seconds.
FIRST_DELAY = 1
LONGEST_DELAY = 60


class Retry:
    """Tries again and again until it has worked, or until nobody wants it any more."""

    def __init__(self, host, attempt):
        self._host = host
        self._attempt = attempt
        self._delay = FIRST_DELAY
        self._timer = None
        self._task = None
        # Why it has not begun, and when it is tried again (milliseconds since the epoch); None while there is nothing to wait for.
        self.waiting = None

    def later(self, error):
        """Sees to it that it is tried again."""
        delay, self._delay = self._delay, min(self._delay * 2, LONGEST_DELAY)
        self.waiting = {"message": error.message, "retry_at": round((time.time() + delay) * 1000)}
        self._host.log("warn", "%s; it is tried again in %g s" % (error.message, delay))
        self._timer = self._host.loop.call_later(delay, self._begin)
        self._host.changed()

    def _begin(self):
        import asyncio

        self._task = asyncio.ensure_future(self._again())

    async def _again(self):
        try:
            await self._attempt()
        except Exception as error:
            self.later(error)
        else:
            self._host.log("info", "it has started")
            self._ended()

    async def give_up(self):
        """Stops trying, and waits for a try that is under way."""
        timer, task = self._timer, self._task
        if self.waiting is None:
            return
        if timer is not None:
            timer.cancel()
        if task is not None and not task.done():
            task.cancel()
            try:
                await task
            except BaseException:
                pass
        if self._timer is not None:
            self._timer.cancel()
        self._ended()

    def _ended(self):
        self.waiting = self._timer = self._task = None
        self._delay = FIRST_DELAY
        self._host.changed()
