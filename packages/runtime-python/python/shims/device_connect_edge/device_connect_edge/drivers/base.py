"""Subscriptions, and the base class that drivers have."""


def on(device_id=None, device_type=None, event_name=None):
    """Has a method hear events of other devices: it gets the device's id, the event's name and the payload."""

    def decorate(function):
        function._is_event_subscription = True
        function._sub_device_id = device_id
        function._sub_device_type = device_type
        function._sub_event_name = event_name
        return function

    if callable(device_id):
        # `@on` without parentheses.
        function, device_id = device_id, None
        return decorate(function)
    return decorate


class DeviceDriver:
    """There for annotations and isinstance: a driver is a device of its own, a capability is part of one."""

    device_type = None

    def __init__(self, *args, **kwargs):
        raise RuntimeError(
            "a DeviceDriver is a device of its own, run by device-connect-edge; a plugin is a plain class with a `device` parameter"
        )
