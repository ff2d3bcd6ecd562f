"""What runs devices. Files of drivers name it, so that they can be run on their own too."""

__all__ = ["DeviceRuntime"]


class DeviceRuntime:
    """There for who imports it: here a host runs plugins."""

    def __init__(self, *args, **kwargs):
        raise RuntimeError("a DeviceRuntime is run by device-connect-edge; a plugin is run by its host")
