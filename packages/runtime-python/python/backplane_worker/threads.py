"""Threads for functions of the plugin that may block."""
from _queue import Empty, SimpleQueue
from _thread import allocate_lock, get_ident

# A thread that has had nothing to do for this many seconds ends.
IDLE = 30


class Threads:
    """Runs work in threads, as many as are needed up to `most`; they do not keep the process."""

    def __init__(self, most):
        self._most = most
        self._work = SimpleQueue()
        self._lock = allocate_lock()
        # Work that no thread has taken, threads that wait for work, and all threads.
        self._untaken = 0
        self._idle = 0
        self._count = 0
        self._own = set()

    def has_this(self):
        """Whether the caller runs in one of these threads."""
        return get_ident() in self._own

    def run(self, work):
        """Runs `work()`, which must not raise, as soon as a thread is free."""
        with self._lock:
            if self._untaken >= self._idle and self._count < self._most:
                self._begin()
            self._untaken += 1
        self._work.put(work)

    def _begin(self):
        from threading import Thread

        try:
            Thread(target=self._serve, name="backplane-%d" % self._count, daemon=True).start()
        except RuntimeError:
            # The system gives no more threads: those that there are must do.
            if self._count == 0:
                raise
        else:
            self._count += 1
            self._idle += 1

    def _serve(self):
        self._own.add(get_ident())
        try:
            self._work_off()
        finally:
            self._own.discard(get_ident())

    def _work_off(self):
        while True:
            try:
                work = self._work.get(timeout=IDLE)
            except Empty:
                with self._lock:
                    if self._untaken > 0:
                        continue
                    self._idle -= 1
                    self._count -= 1
                return
            with self._lock:
                self._untaken -= 1
                self._idle -= 1
            work()
            work = None
            with self._lock:
                self._idle += 1
