"""A control group (cgroup v2) of a worker's own, where the host may make one: whatever is started in it ends with it."""
import os
import time

_PREFIX = "backplane-"


class Group:
    """A group with one process in it. Raises OSError where there can be none."""

    def __init__(self, pid):
        import fcntl

        parent = own_group()
        if parent is None or not os.access(parent, os.W_OK) or not delegated(parent):
            raise PermissionError("no control group may be made")
        sweep(parent)
        self.path = os.path.join(parent, "%s%d-%d" % (_PREFIX, os.getpid(), time.monotonic_ns()))
        os.mkdir(self.path)
        try:
            # Held for as long as the guard lives, whatever its process id means to anyone who looks.
            self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            if not os.access(os.path.join(self.path, "cgroup.kill"), os.W_OK):
                raise PermissionError("the kernel cannot kill a control group as a whole")
            _write(os.path.join(self.path, "cgroup.procs"), "%d" % pid)
        except OSError:
            _remove(self.path)
            raise

    def kill(self):
        try:
            _write(os.path.join(self.path, "cgroup.kill"), "1")
        except OSError:
            pass

    def remove(self, until):
        """Removes it once it is empty, or gives up at a time of `time.monotonic`."""
        while not _remove(self.path) and time.monotonic() < until:
            self.kill()
            time.sleep(0.002)


def own_group(proc="/proc/self"):
    """The folder of this process's group, or None."""
    path = None
    with open(proc + "/cgroup") as file:
        for line in file:
            if line.startswith("0::/") and not line.startswith("0::/.."):
                path = line[3:].rstrip("\n")
    if path is None:
        return None
    with open(proc + "/mountinfo") as file:
        for line in file:
            fields, _, about = line.partition(" - ")
            _, _, _, root, mount = fields.split(" ")[:5]
            if about.startswith("cgroup2 ") and (path + "/").startswith(root.rstrip("/") + "/"):
                return os.path.normpath(mount + "/" + path[len(root.rstrip("/")) :])
    return None


def delegated(path, systemd="/run/systemd/system"):
    """Whether groups may be made below this one: systemd keeps those of its units to itself unless it says otherwise."""
    if not os.path.isdir(systemd):
        return True
    for name in ("user.delegate", "trusted.delegate"):
        try:
            if os.getxattr(path, name) == b"1":
                return True
        except OSError:
            pass
    return False


def sweep(parent):
    """Ends and removes the groups whose guards were killed."""
    import fcntl

    for name in os.listdir(parent):
        if not name.startswith(_PREFIX):
            continue
        path = os.path.join(parent, name)
        try:
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write(os.path.join(path, "cgroup.kill"), "1")
            _remove(path)
        except OSError:
            # It has its guard, or has gone meanwhile.
            pass
        finally:
            os.close(lock)


def _remove(path):
    """Gives whether it is gone."""
    try:
        os.rmdir(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _write(path, text):
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
