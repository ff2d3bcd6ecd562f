"""What every adapter offers. An adapter knows one kind of plugin and nothing of the wire."""


class Adapter:
    """One plugin in the hands of the worker.

    The methods come in this order: `load`, `describe`, `start`, then any of the others beside each other, `stop` at last.
    Whatever they raise goes to the host with its text (a `PluginError` with its code too); stopping is never refused.
    """

    # Folders below `shims/` that plugins of this kind may need; used only where the real package is not installed.
    SHIMS = ()

    # Whether `notify` is called for one event at a time, in order.
    ORDERED = True

    def __init__(self, host):
        self.host = host
        # Names of functions whose coroutines never wait for anything: they are run without a task, which costs more than they do.
        self.instant = set()

    def load(self):
        """Imports the plugin's code (`self.host.import_entry()` gives its module). No event loop runs; nothing starts."""
        raise NotImplementedError

    def describe(self):
        """Says what there is, as JSON. Called after `load`, after `start`, and after each `host.changed()`:

            {
              "functions": [{"name", "description", "parameters", "labels", "stream": "items"}],   # core's FunctionDescriptor
              "events": [{"name", "description", "payload", "labels"}],                            # core's EventDescriptor
              "routines": ["name"],
              "subscriptions": [{"device", "event"}],
              "has": ["notify", "reconfigure", "health", "hand_over"],   # fixed by load
              "manifest": {...},    # only from plugins that describe themselves: what completes manifest.json
              "surface": {...},     # anything the host's side of this adapter wants to know (kind, mode, flags)
            }
        """
        raise NotImplementedError

    async def start(self, state):
        """Begins the plugin's own activity. `state` is what the former instance's `hand_over` gave, or None."""

    async def invoke(self, name, params, call):
        """Runs one function (or gives the coroutine that does). Raise `UnknownFunction(name)` for one that is not there.

        `call` has `deadline` (seconds, time.time()), `caller` ({"kind", "id"}), `trace`, `cancelled` (a threading-safe flag)
        and `await call.send(item)` for streamed results. It is cancelled as a task is (CancelledError).
        """
        raise UnknownFunction(name)

    async def notify(self, event):
        """Takes one event: {"device", "event", "payload"}; the next comes when it is done, where the class is ORDERED."""

    async def reconfigure(self, change):
        """Applies {"values", "previous", "changed"}, or raises: then the former stays. `host.config` changes afterwards."""

    async def health(self):
        """Says {"ok": bool, "message": str}."""
        return {"ok": True}

    async def hand_over(self):
        """Gives the state (JSON) that the next instance starts with; this one may go on afterwards."""
        return None

    async def request(self, name, body):
        """Answers the host's side of this adapter: anything that is no function (Fledge's poll, ingest, send, ...).

        What the plugin says on its own initiative goes the other way, by `await host.push(channel, value)`.
        """
        raise UnknownFunction(name)

    async def stop(self):
        """Ends the plugin's activity. Tasks and threads left over end with the process."""


class UnknownFunction(Exception):
    """The plugin has no such function."""
