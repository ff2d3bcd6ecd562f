"""What an adapter gets of its host."""


class Host:
    """The host, as an adapter sees it.

    plugin_id, manifest (dict), dir, entry (absolute paths), config (dict: value by item name), state_dir (str or None),
    simulated (bool), device_id (str or None: the host's id on the mesh), loop (asyncio's, once started).
    """

    def import_entry(self, name=None):
        """Imports the plugin's entry file as a module and gives it; its folder is on sys.path while it runs."""
        raise NotImplementedError

    async def emit(self, event, payload=None):
        """Emits an event; returns when the mesh has taken it. Raises PluginError."""
        raise NotImplementedError

    async def invoke(self, name, params=None, device=None, timeout_ms=None):
        """Calls a function of the host, or of another device, and gives its result. Raises PluginError."""
        raise NotImplementedError

    async def push(self, channel, value):
        """Hands a value to the host's side of this adapter; returns when it has been taken."""
        raise NotImplementedError

    def log(self, level, message, fields=None):
        """Logs at `debug`, `info`, `warn` or `error`. From any thread."""
        raise NotImplementedError

    def changed(self):
        """Says that `describe()` gives something else now. From any thread."""
        raise NotImplementedError

    async def in_thread(self, function, *args):
        """Runs a function that may block in a thread (with the caller's context variables) and gives its result."""
        raise NotImplementedError

    def wait(self, coroutine, timeout=None):
        """Runs a coroutine on the loop and waits for it, from a thread of the plugin: host.wait(host.emit(...))."""
        raise NotImplementedError
