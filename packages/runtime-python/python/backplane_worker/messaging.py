"""What capabilities find as `device.messaging`: the mesh in the words of upstream's clients, as far as a plugin's host reaches it."""
import json

from .errors import PluginError

_NEXT = "Use the methods of `device` (invoke, enqueue_event), or @on to hear events."


class Messaging:
    """Requests to devices and events of this one. Other subjects are the host's own."""

    def __init__(self, host, device):
        self._host = host
        self._device = device

    @property
    def is_connected(self):
        return bool(self._host.connected)

    @property
    def is_closed(self):
        return False

    async def publish(self, subject, data):
        """Emits an event of this device, or calls a function without waiting for its answer."""
        device, kind, name = self._parsed(subject)
        body = _read(data)
        if kind == "cmd":
            await self._call(device, body, None)
        elif kind == "event" and device == self._host.device_id and name:
            payload = body.get("params", body)
            await self._host.emit(name, payload if isinstance(payload, dict) else {"value": payload})
        else:
            raise _not_here(subject)

    async def request(self, subject, data, timeout=5.0):
        """Calls a function of a device by its `cmd` subject; gives the JSON-RPC answer as bytes. `timeout` in seconds."""
        device, kind, _ = self._parsed(subject)
        if kind != "cmd":
            raise _not_here(subject)
        body = _read(data)
        answer = await self._call(device, body, timeout)
        return json.dumps({"jsonrpc": "2.0", "id": body.get("id"), **answer}).encode()

    async def _call(self, device, body, timeout):
        params = {name: value for name, value in (body.get("params") or {}).items() if name != "_dc_meta"}
        return await self._device._invoke(device, str(body.get("method")), timeout, params)

    async def subscribe(self, subject, *_, **__):
        raise _not_here(subject)

    subscribe_with_subject = subscribe

    async def flush(self):
        pass

    def _parsed(self, subject):
        parts = subject.replace("/", ".").split(".")
        if len(parts) < 4 or parts[0] != "device-connect" or parts[1] != (self._host.tenant or "default"):
            raise _not_here(subject)
        return parts[2], parts[3], ".".join(parts[4:])


def _read(data):
    try:
        body = json.loads(data)
    except ValueError as error:
        raise PluginError("The message is no JSON: %s" % error, code="BP_INVALID_ARGUMENT", next=_NEXT) from error
    return body if isinstance(body, dict) else {"params": body}


def _not_here(subject):
    return PluginError("Subject '%s' cannot be reached from a plugin" % subject, code="BP_INVALID_ARGUMENT", next=_NEXT)
