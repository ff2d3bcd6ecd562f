"""The guard of a worker on Linux: its parent, which ends all that it has started, however the worker or the host ends."""
# The module that Python's own is made of: that one imports `enum`, before any plugin is loaded.
import _signal as signal
import os

LIFELINE = 5
# How long what has been killed may take to go, in seconds: a process in a system call of the kernel may take for ever.
_PATIENCE = 2
_PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 4, 36
# The worker's end of the pipe by which its guard says that it stands.
_standing = None


def stand():
    """Forks: the caller goes on as the worker, its parent is the guard from now on. Without a fork there is no guard."""
    global _standing
    reading, writing = os.pipe()
    try:
        worker = os.fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        return
    if worker == 0:
        os.close(writing)
        _standing = reading
        return
    try:
        os.close(reading)
        status = _guard(worker, writing)
    except BaseException:
        os.killpg(0, 9)
    _leave_as(status)


def guarded():
    """Whether this worker has a guard."""
    return _standing is not None


def await_guard():
    """Waits until the guard stands: what is started before could get away from it."""
    if _standing is not None:
        os.read(_standing, 1)
        os.close(_standing)


def _guard(worker, writing):
    import select

    # What a plugin sends to its group is for others.
    for name in ("HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "PIPE", "ALRM", "TSTP", "TTIN", "TTOU"):
        signal.signal(getattr(signal, "SIG" + name), signal.SIG_IGN)
    woken, wake = os.pipe()
    for fd in (woken, wake):
        os.set_blocking(fd, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # The host takes the end of these for the worker's.
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in range(LIFELINE):
        os.dup2(nothing, fd)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    group = _cgroup(worker)
    os.write(writing, b"1")
    os.close(writing)

    events = select.poll()
    events.register(woken, select.POLLIN)
    events.register(LIFELINE, select.POLLIN)
    ended = {}
    host_gone = False
    while worker not in ended and not host_gone:
        for fd, _ in events.poll():
            if fd == LIFELINE:
                host_gone = not os.read(fd, 64)
            else:
                os.read(fd, 4096)
        _reap(ended)
    _end_all(ended, group)
    scratch = os.environ.get("BACKPLANE_SCRATCH")
    if scratch:
        import shutil

        shutil.rmtree(scratch, ignore_errors=True)
    return ended.get(worker, 9)


def _end_all(ended, group):
    """Kills children until there are none: those of what has been killed become the guard's own."""
    import time

    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if group is not None:
            group.kill()
        for pid in children(os.getpid()):
            try:
                os.kill(pid, 9)
            except OSError:
                # It has ended meanwhile, or belongs to another user.
                pass
        if not _reap(ended):
            break
        time.sleep(0.002)
    if group is not None:
        group.remove(until)


def _reap(ended):
    """Takes the states of children that have ended; gives whether there are others."""
    try:
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return True
            ended[pid] = status
    except ChildProcessError:
        return False


def children(parent):
    """The ids of a process's children."""
    try:
        with open("/proc/%d/task/%d/children" % (parent, parent)) as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        # A kernel without that file (CONFIG_PROC_CHILDREN).
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _parent_of(pid) == parent]


def _parent_of(pid):
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            # After the name, which may hold anything: state, parent.
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError):
        return None


def _prctl(option, value):
    try:
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        # A Python without ctypes: then what has left its parent and its session is not found, except by a cgroup.
        pass


def _cgroup(worker):
    from . import cgroup

    try:
        return cgroup.Group(worker)
    except OSError:
        return None


def _leave_as(status):
    """Ends as the worker has ended, for the host to read."""
    if os.WIFSIGNALED(status):
        ending = os.WTERMSIG(status)
        # No image of the guard's memory is of use to anybody.
        _prctl(_PR_SET_DUMPABLE, 0)
        if ending != signal.SIGKILL:
            signal.signal(ending, signal.SIG_DFL)
        os.kill(os.getpid(), ending)
    os._exit(os.WEXITSTATUS(status))
