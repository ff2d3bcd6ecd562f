"""What a capability hears: @on and get_event_subscriptions()."""
from .capability_functions import log_failure, members_of, run

# What upstream calls the events of devices that come and go, and what a host does.
_COMES_AND_GOES = {"device.online": "peer_present", "device.offline": "peer_lost"}
_UPSTREAM_NAMES = {"peer_present": "device.online", "peer_lost": "device.offline"}


class Subscriptions:
    """The subscriptions of one capability."""

    def __init__(self, host):
        self._host = host
        self._all = []

    def describe(self):
        """The filters, for the host."""
        return [{key: each[key] for key in ("device", "event") if key in each} for each in self._all]

    async def find(self, instance):
        """Finds what the capability wants to hear."""
        import asyncio

        found = []
        for attribute, member in members_of(instance):
            if getattr(member, "_is_event_subscription", False):
                found.append((member._sub_device_id, member._sub_device_type, member._sub_event_name, member))
        declared = getattr(instance, "get_event_subscriptions", None)
        if callable(declared) and not getattr(declared, "_is_device_function", False):
            for each in await run(self._host, declared) or ():
                if each.get("handler"):
                    found.append((each.get("device_id"), each.get("device_type"), each.get("event"), each["handler"]))
        for device, kind, event, handler in found:
            subscription = {"handler": handler, "lock": asyncio.Lock(), "pattern": device}
            if kind and kind != "*":
                subscription["type"] = kind.lower()
            if device:
                subscription["device"] = device
            if event and event != "*":
                event = event.rsplit("/", 1)[-1]
                subscription["event"] = _COMES_AND_GOES.get(event, event)
            self._all.append(subscription)

    async def notify(self, event):
        """Hands an event to each handler that it is meant for: to one beside the other, but to each in the order of events."""
        from asyncio import gather

        kind = event.get("device_type")
        if kind is None and event["device"] == self._host.device_id:
            kind = self._host.device_type
        await gather(*[self._deliver(each, event) for each in self._all if _is_meant(each, event, kind)])

    async def _deliver(self, subscription, event):
        async with subscription["lock"]:
            try:
                name = _UPSTREAM_NAMES.get(event["event"], event["event"])
                await run(self._host, subscription["handler"], event["device"], name, event["payload"])
            except Exception as error:
                log_failure(self._host, "the handler of '%s'" % event["event"], error)


def _is_meant(subscription, event, kind):
    wanted = subscription.get("event")
    if wanted is not None and wanted != event["event"]:
        return False
    # As upstream: an event of a device whose kind nobody knows is not kept back.
    if kind is not None and subscription.get("type", kind.lower()) != kind.lower():
        return False
    return _matches(subscription["pattern"], event["device"])


def _is_pattern(text):
    return any(sign in text for sign in "*?[")


def _matches(pattern, device):
    if not pattern:
        return True
    if _is_pattern(pattern):
        from fnmatch import fnmatchcase

        return fnmatchcase(device, pattern)
    return pattern == device
