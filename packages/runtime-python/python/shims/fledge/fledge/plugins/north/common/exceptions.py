"""Exceptions that north plugins raise."""

__all__ = ("NorthPluginException", "DataSendError", "URLFetchError", "PluginInitializeFailed", "URLConnectionError")


class URLFetchError(RuntimeError):
    """Nothing could be fetched from a server."""


class PluginInitializeFailed(RuntimeError):
    """The plugin could not be initialised."""


class NorthPluginException(Exception):
    """Any failure of a north plugin, with its reason."""

    def __init__(self, reason=None):
        super().__init__(reason)
        self.reason = reason


class DataSendError(NorthPluginException):
    """The readings could not be sent."""


class URLConnectionError(Exception):
    """There is no connection to the server."""
