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
                device, event = member._sub_device_id, member._sub_event_name
                found.append((device, event, member))
        declared = getattr(instance, "get_event_subscriptions", None)
        if callable(declared) and not getattr(declared, "_is_device_function", False):
            for each in await run(self._host, declared) or ():
                if each.get("handler"):
                    found.append((each.get("device_id"), each.get("event"), each["handler"]))
        for device, event, handler in found:
            subscription = {"handler": handler, "lock": asyncio.Lock(), "pattern": device}
            if device:
                subscription["device"] = device
            if event and event != "*":
                event = event.rsplit("/", 1)[-1]
                subscription["event"] = _COMES_AND_GOES.get(event, event)
            self._all.append(subscription)

    async def notify(self, event):
        """Hands an event to each handler that it is meant for: to one beside the other, but to each in the order of events."""
        from asyncio import gather

        await gather(*[self._deliver(each, event) for each in self._all if _is_meant(each, event)])

    async def _deliver(self, subscription, event):
        async with subscription["lock"]:
            try:
                name = _UPSTREAM_NAMES.get(event["event"], event["event"])
                await run(self._host, subscription["handler"], event["device"], name, event["payload"])
            except Exception as error:
                log_failure(self._host, "the handler of '%s'" % event["event"], error)


def _is_meant(subscription, event):
    wanted = subscription.get("event")
    return (wanted is None or wanted == event["event"]) and _matches(subscription["pattern"], event["device"])


def _is_pattern(text):
    return any(sign in text for sign in "*?[")


def _matches(pattern, device):
    if not pattern:
        return True
    if _is_pattern(pattern):
        from fnmatch import fnmatchcase

        return fnmatchcase(device, pattern)
    return pattern == device
