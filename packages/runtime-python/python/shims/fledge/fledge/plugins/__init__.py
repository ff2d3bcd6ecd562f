"""Fledge's plugins by type. The plugin that runs here is found below its type by its own name."""
