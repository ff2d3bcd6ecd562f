"""FogLAMP is the name that Fledge had: every module below is Fledge's module of the same path, the very same object."""

import importlib
import importlib.abc
import importlib.util
import sys


class _Twin(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `foglamp.a.b` as `fledge.a.b`."""

    def find_spec(self, fullname, path=None, target=None):
        if not fullname.startswith("foglamp."):
            return None
        try:
            twin = importlib.import_module("fledge" + fullname[len("foglamp"):])
        except ModuleNotFoundError as error:
            if error.name is not None and error.name.startswith("fledge."):
                return None
            raise
        return importlib.util.spec_from_loader(fullname, self, is_package=hasattr(twin, "__path__"))

    def create_module(self, spec):
        return _Alias(spec.name)

    def exec_module(self, module):
        # What importlib looks up afterwards is what sys.modules holds.
        sys.modules[module.__name__] = sys.modules["fledge" + module.__name__[len("foglamp"):]]


class _Alias(type(sys)):
    """Holds the name only until the twin takes its place."""


sys.meta_path.insert(0, _Twin())
