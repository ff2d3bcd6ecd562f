"""Chooses what knows this kind of plugin."""


def choose(plugin, source):
    """Gives the adapter class for a plugin.

    `plugin` is what the host said (`manifest`, `dir`, `entry`), `source` the bytes of its entry file. The manifest's
    `python.adapter` decides (`device-connect`, `fledge`), else the code: a module that defines `plugin_info` is Fledge's.
    """
    named = (plugin["manifest"].get("python") or {}).get("adapter")
    if named == "fledge" or (named is None and b"def plugin_info(" in source):
        from .fledge import FledgeAdapter

        return FledgeAdapter
    if named is None or named == "device-connect":
        from .device_connect import DeviceConnectAdapter

        return DeviceConnectAdapter
    from ..errors import PluginError

    raise PluginError(
        "the manifest names an unknown python.adapter, '%s'" % named,
        code="BP_PLUGIN_LOAD_FAILED",
        next="Use 'device-connect' or 'fledge', or leave python.adapter out.",
    )
