"""Descriptions of devices, as plain objects that keep what they are given."""

__all__ = ["DeviceState", "DeviceCapabilities", "DeviceIdentity", "DeviceStatus", "FunctionDef", "EventDef"]

from enum import Enum


class DeviceState(str, Enum):
    PROVISIONED = "provisioned"
    COMMISSIONING = "commissioning"
    REGISTERED = "registered"
    ONLINE = "online"
    OFFLINE = "offline"
    MAINTENANCE = "maintenance"
    DECOMMISSIONED = "decommissioned"


class _Model:
    _defaults = {}

    def __init__(self, **fields):
        for name, default in self._defaults.items():
            setattr(self, name, default() if callable(default) else default)
        for name, value in fields.items():
            setattr(self, name, value)

    def model_dump(self, **_):
        return {name: value.model_dump() if isinstance(value, _Model) else value for name, value in vars(self).items()}

    def __repr__(self):
        return "%s(%s)" % (type(self).__name__, ", ".join("%s=%r" % item for item in vars(self).items()))

    def __eq__(self, other):
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = None


class FunctionDef(_Model):
    _defaults = {
        "name": "",
        "description": "",
        "parameters": lambda: {"type": "object", "properties": {}, "required": []},
        "labels": None,
        "tags": list,
    }


class EventDef(_Model):
    _defaults = {"name": "", "description": "", "payload_schema": None, "labels": None, "tags": list}


class DeviceCapabilities(_Model):
    _defaults = {"description": "", "functions": list, "events": list, "labels": None}


class DeviceIdentity(_Model):
    _defaults = dict.fromkeys(
        "device_type manufacturer model serial_number firmware_version arch description commissioning_comment".split()
    )


def _now():
    from datetime import datetime, timezone

    return datetime.now(timezone.utc)


class DeviceStatus(_Model):
    _defaults = {
        "ts": _now,
        "location": None,
        "availability": "idle",
        "busy_score": 0.0,
        "battery": None,
        "online": True,
        "error_state": None,
    }
