"""Stands in for the C module by which asynchronous south plugins of Fledge and FogLAMP hand over readings."""


class error(Exception):
    """Kept for plugins that name it; nothing here raises it."""


def ingest_callback(callback, ingest_ref, readings):
    """Hands over one reading (a dict) or several (a list), from any thread; waits while the host has no room for more.

    `callback` and `ingest_ref` are what `plugin_register_ingest` was given.
    """
    _sink(callback, ingest_ref)(readings)


def _sink(callback, ingest_ref):
    # Some plugins pass them in the other order; either leads to the same place.
    for part in (callback, ingest_ref):
        ingest = getattr(part, "backplane_ingest", None)
        if ingest is not None:
            return ingest
    raise TypeError("pass on the callback and the reference that the plugin was given, unchanged")
