"""The decorators of capabilities."""
from .base import DeviceDriver, on
from .decorators import (
    before_emit,
    build_event_schema,
    build_function_schema,
    emit,
    get_rpc_source_device,
    periodic,
    rpc,
)

__all__ = [
    "DeviceDriver",
    "before_emit",
    "build_event_schema",
    "build_function_schema",
    "emit",
    "get_rpc_source_device",
    "on",
    "periodic",
    "rpc",
]
