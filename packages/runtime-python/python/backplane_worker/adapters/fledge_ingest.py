"""What becomes of readings that a plugin hands over on its own initiative."""

from _thread import get_ident
from collections import deque

from .fledge_readings import BadReading, from_plugin

# Readings that leave together, and those that may wait: then the plugin's thread waits, which is back-pressure.
BATCH = 100
MOST_WAITING = 1000
# Readings that came before anybody took them over, and are kept for anyone who does; of more, the latest.
MOST_KEPT = 10_000
# How long readings that still wait may take to leave when the plugin ends, in seconds.
LAST_WORDS = 2


class Capsule:
    """What a plugin is given to hand readings over with; opaque to it."""

    def __init__(self, ingest):
        self.backplane_ingest = ingest

    def __deepcopy__(self, memo):
        # Plugins copy their configuration with this in it.
        return self

    def __copy__(self):
        return self


class Ingest:
    """Takes readings from any thread and hands them on in order: as events, or to anyone who has taken them over."""

    def __init__(self, host):
        self._host = host
        self._waiting = deque()
        self._room = None
        self._pump = None
        self._wake = None
        self._loop_thread = None
        self._closed = False
        self._collected = None
        self._collector = None
        self._taps = []
        # Set while a pipeline has taken the readings over: then they are no events.
        self._taken = False
        # What became events before a pipeline came for the first time; None from then on.
        self._before = deque(maxlen=MOST_KEPT)
        self._missed = 0
        # What of this the pipeline has not had yet.
        self._again = deque()
        self.capsule = Capsule(self.take)

    def start(self):
        """Begins to hand on. On the event loop."""
        import asyncio
        from threading import Condition

        self._room = Condition()
        self._wake = asyncio.Event()
        self._loop_thread = get_ident()
        self._pump = asyncio.ensure_future(self._run())

    def take(self, given):
        """Takes readings from the plugin; what is none is logged, as Fledge does, and never raised into the plugin."""
        try:
            readings = from_plugin(given, self.dropped)
        except BadReading as error:
            self._host.log("error", "readings were handed over that are none: %s" % error)
            return
        if self._collected is not None and get_ident() == self._collector:
            self._collected.extend(readings)
            return
        if self._room is None:
            self._host.log("warn", "readings came before the plugin was started, and were dropped")
            return
        with self._room:
            # Who runs on the event loop must not wait for it.
            if get_ident() != self._loop_thread:
                while len(self._waiting) >= MOST_WAITING and not self._closed:
                    self._room.wait()
            if self._closed:
                return
            self._waiting.extend(readings)
        self._host.loop.call_soon_threadsafe(self._wake.set)

    def take_over(self, taken):
        """Hands readings on to a pipeline instead of as events, or no longer; the first gets what came before it too."""
        self._taken = taken
        if taken and self._before is not None:
            if self._missed:
                self._host.log("warn", "readings before the pipeline were events alone", {"readings": self._missed})
            self._again, self._before = self._before, None
        self._wake.set()

    def dropped(self, asset, name, value):
        """Tells of a data point that cannot be one."""
        self._host.log(
            "warn",
            "a data point was left out: it is %s" % ("None" if value is None else "of type '%s'" % type(value).__name__),
            {"asset": str(asset), "datapoint": str(name)},
        )

    def collect(self, work, *args):
        """Runs `work` and gives the readings that it hands over meanwhile in its own thread."""
        self._collected, self._collector = [], get_ident()
        try:
            work(*args)
            return self._collected
        finally:
            self._collected = None

    def tap(self):
        """Gives a queue of readings from now on, and what ends it. Who does not keep up misses the oldest."""
        import asyncio

        tap = asyncio.Queue(MOST_WAITING)
        self._taps.append(tap)

        return tap, lambda: self._taps.remove(tap)

    def _fill(self, tap, batch):
        missed = max(0, tap.qsize() + len(batch) - MOST_WAITING)
        for _ in range(missed):
            tap.get_nowait()
        for reading in batch:
            tap.put_nowait(reading)
        if missed:
            self._host.log("warn", "a reader of 'ingest' does not keep up and misses readings", {"missed": missed})

    async def _run(self):
        while not self._closed or self._waiting:
            await self._wake.wait()
            self._wake.clear()
            await self._hand_on_again()
            while self._waiting:
                with self._room:
                    batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                    self._room.notify_all()
                await self._hand_on(batch)
                await self._hand_on_again()

    async def _hand_on(self, batch):
        for tap in self._taps:
            self._fill(tap, batch)
        if self._taken and await self._push(batch):
            return
        if self._before is not None:
            self._missed += max(0, len(self._before) + len(batch) - MOST_KEPT)
            self._before.extend(batch)
        await self._emit(batch)

    async def _hand_on_again(self):
        while self._taken and self._again:
            batch = [self._again.popleft() for _ in range(min(BATCH, len(self._again)))]
            if not await self._push(batch):
                self._again.extendleft(reversed(batch))

    async def _push(self, batch):
        try:
            await self._host.push("readings", batch)
            return True
        except Exception:
            # Anyone who had taken them over has left without these.
            self._taken = False
            return False

    async def _emit(self, batch):
        try:
            await self._host.emit("readings", {"plugin": self._host.plugin_id, "readings": batch})
        except Exception as error:
            if getattr(error, "code", None) == "BP_PAYLOAD_TOO_LARGE" and len(batch) > 1:
                half = len(batch) // 2
                await self._emit(batch[:half])
                await self._emit(batch[half:])
                return
            self._host.log("warn", "%d readings could not be handed on: %s" % (len(batch), error))

    async def stop(self):
        """Hands on what still waits, for a short while, and ends."""
        if self._pump is None:
            return
        import asyncio

        with self._room:
            self._closed = True
            self._room.notify_all()
        self._wake.set()
        await asyncio.wait([self._pump], timeout=LAST_WORDS)
        self._pump.cancel()
