"""Stands in for device-connect-edge where that is not installed: what a capability imports of it, and no more.

Our own code, compatible by interface (device-connect-edge 0.2.5); a host imports Backplane's packages instead.
"""
from .errors import (
    CommissioningError,
    DeviceConnectError,
    DeviceConnectionError,
    DeviceDependencyError,
    DeviceError,
    FunctionInvocationError,
    RegistrationError,
    ValidationError,
)

__all__ = [
    "CommissioningError",
    "DeviceConnectError",
    "DeviceConnectionError",
    "DeviceDependencyError",
    "DeviceError",
    "FunctionInvocationError",
    "RegistrationError",
    "ValidationError",
]


def __getattr__(name):
    # Models are plain here, and made only for who asks: most capabilities do not. For a module Python asks here before it looks.
    if name[:1].isupper():
        from importlib import import_module

        for module in (import_module(__name__ + ".types"), import_module(__name__ + ".device")):
            if name in module.__all__:
                return getattr(module, name)
    raise AttributeError(
        "device_connect_edge.%s is not part of Backplane's stand-in; declare device-connect-edge in dependencies.python" % name
    )
