"""Plugins in public repositories import these; each line is one that was found in several of them."""

import subprocess
import sys
import unittest

from harness import PACKAGE

LINES = """
from fledge.common import logger
from fledge.common.logger import FLCoreLogger
from fledge.common.common import _FLEDGE_ROOT, _FLEDGE_DATA
from fledge.common.web import middleware
from fledge.common.web.middleware import has_permission
from fledge.plugins.common import utils
from fledge.plugins.north.common.common import *
import fledge.plugins.north.common.common as plugin_common
import fledge.plugins.north.common.exceptions as plugin_exceptions
from fledge.plugins.north.common.exceptions import DataSendError
from fledge.services.south import exceptions
from fledge.services.south.ingest import Ingest
import async_ingest
import filter_ingest
""".split("\n")

USES = """
_LOGGER = logger.setup(__name__)
_LOGGER = logger.setup(__name__, level=20)
_LOGGER = logger.setup(__name__, level=logging.DEBUG)
_LOGGER = logger.setup(__name__, logger.SYSLOG, logging.INFO, False)
_logger = FLCoreLogger().get_logger(__name__)
_LOGGER.exception('Error in initializing plugin {}'.format('x'))
_LOGGER.error(ValueError('x'), 'words')
utils.local_timestamp()
utils.get_diff({'a': 1}, {'a': 2, 'b': 3}) == ['a', 'b'] or 1 / 0
convert_to_type('180.2') == 180.2 and convert_to_type('5') == 5 and convert_to_type('a') == 'a' or 1 / 0
evaluate_type([1]) == 'array' or 1 / 0
asyncio.get_event_loop
plugin_common.MESSAGES_LIST['e000031'].format('x')
plugin_common.identify_unique_asset_codes([{'asset_code': 'a', 'reading': {}}])
issubclass(exceptions.QuietError, Exception) and issubclass(exceptions.DataRetrievalError, Exception) or 1 / 0
plugin_exceptions.URLFetchError, plugin_exceptions.PluginInitializeFailed, DataSendError('x').reason
middleware.error_middleware, middleware.optional_auth_middleware
Ingest.is_available()
async_ingest.ingest_callback, filter_ingest.filter_ingest_callback
logger.set_default_destination(logger.CONSOLE)
""".split("\n")


class Imports(unittest.TestCase):
    def run_python(self, code):
        # Without our tests' own paths: only what a plugin finds.
        shims = ["%s/shims/%s" % (PACKAGE, name) for name in ("fledge", "foglamp")]
        code = "import sys, logging; sys.path += %r\n%s" % (shims, code)
        done = subprocess.run([sys.executable, "-W", "error", "-I", "-c", code], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr if done.returncode else ""), (0, ""))

    def test_fledge(self):
        self.run_python("logging.disable()\n" + "\n".join(LINES + USES))

    def test_foglamp(self):
        renamed = [line.replace("fledge.", "foglamp.").replace("_FLEDGE", "_FOGLAMP") for line in LINES]
        self.run_python("logging.disable()\n" + "\n".join(renamed + USES))

    def test_the_two_are_one(self):
        self.run_python(
            "import foglamp.common.logger, fledge.common.logger\n"
            "from foglamp.services.south.ingest import Ingest as a\n"
            "from fledge.services.south.ingest import Ingest as b\n"
            "assert a is b and foglamp.common.logger is fledge.common.logger"
        )

    def test_what_is_not_there_is_said_as_ever(self):
        for name in ("fledge", "foglamp"):
            self.run_python(
                "try:\n    import %s.services.core.connect\n    sys.exit(1)\nexcept ModuleNotFoundError: pass" % name
            )
