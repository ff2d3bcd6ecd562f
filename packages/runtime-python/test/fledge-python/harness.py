"""Runs the adapter for Fledge plugins without a host process."""

import asyncio
import os
import shutil
import sys
import tempfile
import textwrap
import unittest

PACKAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "python")
sys.path[:0] = [PACKAGE]
sys.path += [os.path.join(PACKAGE, "shims", name) for name in ("fledge", "foglamp")]

from backplane_worker.adapters.fledge import FledgeAdapter  # noqa: E402
from backplane_worker.modules import add_plugin_folder, read_source, run_source  # noqa: E402

HEAD = """
import copy
from fledge.common import logger
_LOGGER = logger.setup(__name__, level=20)
CONFIG = {'plugin': {'description': 'A test', 'type': 'string', 'default': 'it', 'readonly': 'true'}}
def plugin_info():
    return {'name': 'It', 'version': '1.2.3', 'mode': MODE, 'type': KIND, 'interface': '1.0', 'config': CONFIG, 'flag': FLAG}
def plugin_init(config):
    return copy.deepcopy(config)
def plugin_shutdown(handle):
    pass
"""


class FakeHost:
    """Stands in for backplane_worker's Host."""

    def __init__(self, entry, config=None, state_dir=None, plugin_id="it"):
        self.entry = entry
        self.manifest = {}
        self.plugin_id = plugin_id
        self.config = config or {}
        self.state_dir = state_dir
        self.loop = None
        self.logs, self.events, self.pushed = [], [], []
        self.changes = 0

    def import_entry(self, name=None):
        add_plugin_folder(os.path.dirname(self.entry))
        return run_source(name, self.entry, read_source(self.entry))

    def log(self, level, message, fields=None):
        self.logs.append((level, message))

    def changed(self):
        self.changes += 1

    async def emit(self, event, payload=None):
        self.events.append((event, payload))

    async def push(self, channel, value):
        self.pushed.append((channel, value))

    async def in_thread(self, function, *args):
        return await asyncio.get_running_loop().run_in_executor(None, lambda: function(*args))


class FakeCall:
    """Stands in for a call with a stream."""

    def __init__(self):
        self.items = []

    async def send(self, item):
        self.items.append(item)


class PluginTest(unittest.TestCase):
    """A test with plugins written into a folder of its own."""

    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)
        self.addCleanup(self._restore, set(sys.modules), list(sys.path))

    def _restore(self, modules, path):
        for name in set(sys.modules) - modules:
            # Loaded by a plugin, so it must not be there for the next.
            place = [getattr(sys.modules[name], "__file__", None) or "", *getattr(sys.modules[name], "__path__", ())]
            if any(part.startswith(self.dir) for part in place):
                del sys.modules[name]
        sys.path[:] = path
        sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ not in ("_OwnPackage", "_Elsewhere")]

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(textwrap.dedent(text))
        return path

    def plugin(self, code, kind="south", mode="poll", flag=0, head=HEAD, name="it", **host):
        """Gives an adapter that has loaded this code."""
        head = "KIND, MODE, FLAG = %r, %r, %r\n" % (kind, mode, flag) + head
        entry = self.write(name + ".py", head + textwrap.dedent(code))
        host = FakeHost(entry, **host)
        adapter = FledgeAdapter(host)
        adapter.load()
        return adapter, host

    def run_async(self, adapter, work, state=None):
        """Starts the adapter, awaits `work()`, stops it, and gives what work gave."""

        async def main():
            adapter.host.loop = asyncio.get_running_loop()
            try:
                await adapter.start(state)
                return await work()
            finally:
                await adapter.stop()

        return asyncio.run(main())

    def fails(self, code, work):
        """Runs `work` and gives the error with this code that it must raise."""
        from backplane_worker.errors import PluginError

        with self.assertRaises(PluginError) as caught:
            work()
        self.assertEqual(caught.exception.code, code, caught.exception.message)
        self.assertTrue(caught.exception.next or code in ("BP_PLUGIN_FAILED", "BP_PARAMS_INVALID"))
        return caught.exception


async def until(condition, seconds=5):
    """Waits until `condition()` holds."""
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen within %s s" % seconds)
