"""Stands in for the C module by which filter plugins of Fledge and FogLAMP pass readings on."""

from async_ingest import _sink, error  # noqa: F401  (upstream's module has the exception too)


def filter_ingest_callback(callback, ingest_ref, readings):
    """Passes a list of readings on to the next of the pipeline, from any thread.

    `callback` and `ingest_ref` are what `plugin_init` was given.
    """
    _sink(callback, ingest_ref)(readings)
