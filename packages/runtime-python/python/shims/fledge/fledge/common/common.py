"""Where Fledge keeps its files. A plugin here has a state folder instead, which these point to."""

import os

_FLEDGE_ROOT = os.environ.get("FLEDGE_ROOT") or os.getcwd()
_FLEDGE_DATA = os.environ.get("FLEDGE_DATA") or _FLEDGE_ROOT
_FLEDGE_PLUGIN_PATH = os.environ.get("FLEDGE_PLUGIN_PATH")

_FOGLAMP_ROOT = os.environ.get("FOGLAMP_ROOT") or _FLEDGE_ROOT
_FOGLAMP_DATA = os.environ.get("FOGLAMP_DATA") or _FLEDGE_DATA
_FOGLAMP_PLUGIN_PATH = os.environ.get("FOGLAMP_PLUGIN_PATH") or _FLEDGE_PLUGIN_PATH
