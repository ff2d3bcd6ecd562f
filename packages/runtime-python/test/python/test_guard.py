"""What a worker has started ends with it, whatever session it has made its own and however the worker ends."""
import os
import signal
import subprocess
import sys
import textwrap
import time
import unittest

HOME = os.path.join(os.path.dirname(__file__), "..", "..", "python")
sys.path.insert(0, HOME)

from backplane_worker import cgroup  # noqa: E402
from backplane_worker.guard import children  # noqa: E402

WORKER = r"""
import os, signal, sys, time
sys.path.insert(0, {home!r})
from backplane_worker import cgroup, guard
if {way!r} == "subreaper":
    cgroup.own_group = lambda: None
guard.stand()
guard.await_guard()
signal.signal(15, signal.SIG_IGN)

def daemon(depth):
    if depth == 0:
        os.write(1, b"%d\n" % os.getpid())
        os.execvp("sleep", ["sleep", "600"])
    if os.fork() == 0:
        os.setsid()
        daemon(depth - 1)
    os._exit(0)

for depth in (0, 1, 3):
    if os.fork() == 0:
        daemon(depth)
sys.stdin.readline()
{then}
"""


def usable():
    try:
        parent = cgroup.own_group()
        made = os.path.join(parent, "backplane_test_%d" % os.getpid())
        if not cgroup.delegated(parent):
            return False
        os.mkdir(made)
        try:
            return os.access(os.path.join(made, "cgroup.kill"), os.W_OK)
        finally:
            os.rmdir(made)
    except (OSError, TypeError):
        return False


def ways():
    return ("subreaper", "cgroup") if usable() else ("subreaper",)


def groups():
    parent = cgroup.own_group()
    return {name for name in os.listdir(parent) if name.startswith("backplane-")}


@unittest.skipUnless(sys.platform == "linux", "Linux has it")
class Guard(unittest.TestCase):
    def start(self, way, then):
        line, self.host = os.pipe()
        # The lifeline is descriptor 5, as a host gives it.
        code = textwrap.dedent(WORKER).format(home=HOME, way=way, then=then)
        program = "import os; os.dup2(%d, 5)\n%s" % (line, code)
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(line,),
            start_new_session=True,
        )
        os.close(line)
        self.addCleanup(process.stdout.close)
        pids = [int(process.stdout.readline()) for _ in range(3)]
        # All have been started: the worker may go on to its end.
        process.stdin.write(b"\n")
        process.stdin.close()
        return process, pids

    def gone(self, pids):
        until = time.monotonic() + 20
        left = list(pids)
        while left and time.monotonic() < until:
            left = [pid for pid in left if runs(pid)]
            time.sleep(0.01)
        for pid in left:
            os.kill(pid, 9)
        self.assertEqual(left, [])

    def test_ends_with_its_worker(self):
        for way in ways():
            for then, status in (
                ("os._exit(3)", 3),
                ("os.kill(os.getpid(), 9)", -9),
                ("os.kill(os.getpid(), 6)", -6),
            ):
                process, pids = self.start(way, then)
                self.assertEqual(process.wait(30), status)
                self.gone(pids)
                os.close(self.host)

    def test_ends_with_its_host(self):
        for way in ways():
            process, pids = self.start(way, "time.sleep(600)")
            os.close(self.host)
            self.gone(pids)
            self.assertEqual(process.wait(30), -signal.SIGKILL)

    def test_what_is_sent_to_the_group_leaves_the_guard(self):
        then = "os.killpg(0, 15)\ntime.sleep(0.2)\nos._exit(4)"
        process, pids = self.start("subreaper", then)
        self.assertEqual(process.wait(30), 4)
        self.gone(pids)
        os.close(self.host)

    def test_a_group_whose_guard_was_killed_is_swept(self):
        if not usable():
            self.skipTest("no control group may be made here")
        before = groups()
        process, pids = self.start("cgroup", "time.sleep(600)")
        mine = groups() - before
        self.assertTrue(mine)
        self.assertTrue(all(map(runs, pids)))
        cgroup.sweep(cgroup.own_group())
        self.assertTrue(all(map(runs, pids)), "a guard that lives keeps its group")
        process.kill()
        process.wait(30)
        until = time.monotonic() + 20
        while mine & groups() and time.monotonic() < until:
            cgroup.sweep(cgroup.own_group())
            time.sleep(0.01)
        self.assertEqual(mine & groups(), set())
        self.gone(pids)
        os.close(self.host)

    def test_children_of_a_process(self):
        with subprocess.Popen(["sleep", "600"]) as child:
            try:
                self.assertIn(child.pid, children(os.getpid()))
                self.assertEqual(children(child.pid), [])
            finally:
                child.kill()


def runs(pid):
    """Whether it runs; what has ended may wait for a parent that does not ask."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


if __name__ == "__main__":
    unittest.main()
