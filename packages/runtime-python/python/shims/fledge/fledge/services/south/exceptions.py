"""Exceptions that south plugins raise. To the host they are failures like any other."""


class DataRetrievalError(Exception):
    """The reading could not be taken."""


class QuietError(Exception):
    """The reading could not be taken, for a reason that is to be expected."""


class InvalidPluginTypeError(Exception):
    """The plugin is of another type than was asked for."""


class InvalidInterfaceVersionError(Exception):
    """The plugin's interface is of a version that nobody knows."""
