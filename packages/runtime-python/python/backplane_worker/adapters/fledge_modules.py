"""Import paths that plugins know from Fledge's tree."""

import os
import re
import sys

TYPES = ("south", "north", "filter", "notificationRule", "notificationDelivery")


class _OwnPackage:
    """Finds `fledge.plugins.<any type>.<the plugin>` in the plugin's own folder."""

    def __init__(self, name, folder, module):
        self._names = {"fledge.plugins.%s.%s" % (kind, name) for kind in TYPES}
        self._name = name
        self._folder = folder
        self._module = module

    def find_spec(self, fullname, path=None, target=None):
        if fullname in self._names:
            from importlib.machinery import ModuleSpec

            spec = ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = [self._folder]
            return spec
        package, _, last = fullname.rpartition(".")
        if package in self._names and last == self._name and self._module in sys.modules:
            # The plugin itself, by its long name: one module, not two.
            from importlib.util import spec_from_loader

            return spec_from_loader(fullname, _Same(sys.modules[self._module]))
        return None


class _Same:
    """Gives a module that there is already."""

    def __init__(self, module):
        self._module = module

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        sys.modules[module.__name__] = self._module


def alias_own_packages(name, folder, module):
    """Lets the plugin import its own files, and itself, as parts of Fledge's tree. `module` is its name in sys.modules."""
    sys.meta_path.insert(0, _OwnPackage(name, folder, module))


class _Elsewhere:
    """Finds what has the plugin's name and is not the plugin: the package that it is named after, and uses."""

    def __init__(self, name, entry):
        self._name = name
        self._entry = entry

    def find_spec(self, fullname, path=None, target=None):
        if fullname != self._name:
            return None
        spec = _elsewhere(self._name, self._entry)
        if spec is None:
            raise ModuleNotFoundError("No module named %r" % fullname, name=fullname)
        return spec


def _elsewhere(name, entry):
    from importlib.machinery import PathFinder

    folder = os.path.dirname(entry)
    return PathFinder.find_spec(name, [path for path in sys.path if path != folder])


def module_name(name, entry, code):
    """Gives the name that the plugin is imported by: its own, unless that is one of another module.

    That one must stay; and where the plugin's `code` imports it, that is what it gets, not itself.
    """
    if name in sys.builtin_module_names or name in sys.modules:
        return "fledge_plugin_" + name
    if _elsewhere(name, entry) is not None or _imports(code, name):
        sys.meta_path.insert(0, _Elsewhere(name, entry))
        return "fledge_plugin_" + name
    return name


def _imports(code, name):
    """Whether the code imports a module of that name, or a part of it."""
    # Most do not, and to read the code as Python takes a while.
    if not re.search(rb"\b(?:import|from)\b[\w\s,.\\()]*\b%s\b" % re.escape(name).encode(), code):
        return False
    import ast

    try:
        nodes = ast.walk(ast.parse(code))
    except (SyntaxError, ValueError):
        return False
    for node in nodes:
        if isinstance(node, ast.Import):
            modules = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            modules = [node.module]
        else:
            continue
        if any(module.split(".")[0] == name for module in modules):
            return True
    return False


def set_level(module):
    """Fledge sets the level of a module's `_LOGGER`; here the host filters, so it says everything from INFO on."""
    logger = getattr(module, "_LOGGER", None)
    level = getattr(logger, "level", None)
    if isinstance(level, int) and level > 20 and callable(getattr(logger, "setLevel", None)):
        logger.setLevel(20)
