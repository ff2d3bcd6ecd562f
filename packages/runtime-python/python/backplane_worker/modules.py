"""Importing the plugin's code."""
import os
import sys
from types import ModuleType

from .errors import PluginError


def add_plugin_folder(folder):
    """Lets the plugin import its own files: after the standard library, so none of that is replaced, before all else."""
    if folder in sys.path:
        return
    packages = ("site-packages", "dist-packages")
    at = next((i for i, path in enumerate(sys.path) if path.rstrip(os.sep).endswith(packages)), len(sys.path))
    sys.path.insert(at, folder)


def add_shims(names):
    """Lets our stand-ins be found for packages that are not installed: they come last."""
    shims = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "shims")
    for name in names:
        sys.path.append(os.path.join(shims, name))


def read_source(entry):
    """The text of the entry file. Raises PluginError."""
    try:
        with open(entry, "rb") as file:
            code = file.read()
    except OSError as error:
        raise PluginError(
            "its entry_point '%s' cannot be read: %s" % (os.path.basename(entry), error.strerror or error),
            code="BP_PLUGIN_LOAD_FAILED",
            next="Correct entry_point in its manifest.",
        ) from None
    return code


_INSTALLING = "`backplane up --install-dependencies`, or pythonRuntime({ dependencies: { install: true } })"


def next_for_missing(error):
    """Says what to do about a module, or a part of ours, that is not there; None for any other exception."""
    name = error.name if isinstance(error, ImportError) else None
    if not isinstance(name, str):
        return None
    package = name.split(".")[0]
    if package == "device_connect_edge" and (name != package or not isinstance(error, ModuleNotFoundError)):
        return (
            "Here is what capabilities use of device-connect-edge. Name device-connect-edge in the plugin's requirements.txt and "
            "let the host install it: %s." % _INSTALLING
        )
    if not isinstance(error, ModuleNotFoundError):
        return None
    if package in ("fledge", "foglamp"):
        return (
            "'%s' is a part of Fledge itself that does not exist here. Take a version of the plugin that does without it." % name
        )
    return (
        "Install what provides '%s' into the Python that runs the plugin, or name its package in the plugin's requirements.txt "
        "and let the host install: %s." % (package, _INSTALLING)
    )


def run_source(name, entry, code):
    """Makes a module of the entry file. Compiled afresh: a cached form may be older than the file within one second."""
    from _frozen_importlib import ModuleSpec
    from _frozen_importlib_external import SourceFileLoader

    module = ModuleType(name)
    loader = SourceFileLoader(name, entry)
    spec = ModuleSpec(name, loader, origin=entry)
    spec.has_location = True
    module.__spec__ = spec
    module.__loader__ = loader
    module.__file__ = entry
    module.__package__ = ""
    sys.modules[name] = module
    try:
        exec(compile(code, entry, "exec", dont_inherit=True), module.__dict__)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module
