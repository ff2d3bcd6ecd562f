"""Import paths that plugins know from Fledge's tree."""

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


def module_name(name, entry):
    """Gives the name that the plugin is imported by: its own, unless Python has a module of that name, which must stay."""
    from importlib.machinery import PathFinder

    spec = PathFinder.find_spec(name)
    taken = name in sys.builtin_module_names or name in sys.modules or (spec is not None and spec.origin != entry)
    return "fledge_plugin_" + name if taken else name


def set_level(module):
    """Fledge sets the level of a module's `_LOGGER`; here the host filters, so it says everything from INFO on."""
    logger = getattr(module, "_LOGGER", None)
    level = getattr(logger, "level", None)
    if isinstance(level, int) and level > 20 and callable(getattr(logger, "setLevel", None)):
        logger.setLevel(20)
