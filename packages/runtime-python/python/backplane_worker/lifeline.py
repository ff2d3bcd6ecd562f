"""Sees that nothing outlives the host: descriptor 5 closes when it ends, however it ends."""
import os

from .guard import guarded


def watch(fd):
    """Ends this process and those that it started as soon as the other end of `fd` is closed."""
    os.set_inheritable(fd, False)
    _ask_kernel(fd)
    from _thread import start_new_thread

    start_new_thread(_wait, (fd,))


def _wait(fd):
    try:
        from select import POLLIN, poll

        line = poll()
        line.register(fd, POLLIN)
        # Not by a blocking read: while there is one, Linux sends no signal.
        while line.poll() and os.read(fd, 64):
            pass
    except OSError:
        pass
    end()


def end():
    """Kills the process group, itself included, where this process leads it; else its guard ends what it has started."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, 9)
    os._exit(1)


def _ask_kernel(fd):
    """Has Linux kill this process, or the group that it leads: a thread does not run while C code holds the interpreter, or the process is stopped."""
    try:
        import fcntl

        # The names are missing from older modules; the numbers are the kernel's.
        set_signal, set_owner = getattr(fcntl, "F_SETSIG", 10), fcntl.F_SETOWN
        leads = os.getpgrp() == os.getpid()
        if os.uname().sysname != "Linux" or not (leads or guarded()):
            return
        fcntl.fcntl(fd, set_owner, -os.getpid() if leads else os.getpid())
        fcntl.fcntl(fd, set_signal, 9)
        fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)
    except (ImportError, OSError, AttributeError):
        pass
