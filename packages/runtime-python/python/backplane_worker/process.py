"""The worker's process: the descriptors that its host gives it, what its children may not have of them, and its end."""
import os
import sys

from . import guard, lifeline

# Descriptors that the host gives beside the usual three.
FROM_HOST, TO_HOST, LIFELINE = 3, 4, guard.LIFELINE


def prepare():
    """Keeps the line to the host to this process, has it end with the host, and never lose what is printed."""
    for fd in (FROM_HOST, TO_HOST):
        os.set_inheritable(fd, False)
    lifeline.watch(LIFELINE)
    guard.await_guard()
    # A child that is forked must neither keep the host waiting nor speak in the plugin's name.
    os.register_at_fork(after_in_child=_forget)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(line_buffering=True, errors="backslashreplace")


def _forget():
    for fd in (FROM_HOST, TO_HOST, LIFELINE):
        try:
            os.close(fd)
        except OSError:
            pass


def leave(code):
    """Ends the process without waiting for the plugin's threads."""
    import atexit

    try:
        atexit._run_exitfuncs()
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                pass
        os._exit(code)
