"""One Fledge plugin at work, from plugin_init to plugin_shutdown: its handle, and the entry points that make, change and end it."""
import sys

from ..errors import PluginError
from ..modules import next_for_missing
from .fledge_config import category
from .fledge_errors import fledge_error, raised, type_of
from .fledge_modules import set_level
from .fledge_persist import save_data
from .fledge_retry import Retry
from .fledge_thread import PluginThread, finished


class Run:
    """Keeps the handle that plugin_init gives, and runs entry points in the plugin's thread."""

    def __init__(self, host, module, info, ingest):
        self.host = host
        self.handle = None
        self._plugin = host.plugin_id
        self._module = module
        self._info = info
        self._ingest = ingest
        self._thread = PluginThread()
        self._running = False
        # What plugin_start is given, and what becomes of it when it raises.
        self._data = None
        self._retry = Retry(host, self._start_plugin)

    @property
    def waiting(self):
        """Why the plugin has not started yet, and when that is tried again; None while it is at work."""
        return self._retry.waiting

    async def begin(self, config, data):
        """Makes a handle and starts the plugin with it. Leaves it for `stop` to shut down when a later step fails."""
        info, module = self._info, self._module
        set_level(module)
        await self.do(self._init, config)
        if info.is_async or info.ingest:
            await self.do(self._register)
        self._data = data
        if callable(getattr(module, "plugin_start", None)):
            try:
                await self._start_plugin()
            except PluginError as error:
                # A package that is not there does not come by waiting, nor does what ends the process.
                if not isinstance(error.__cause__, Exception) or isinstance(error.__cause__, ImportError):
                    raise
                self._retry.later(error)
        elif info.is_async or info.persist:
            self.host.log("warn", "the plugin has no plugin_start")

    async def _start_plugin(self):
        info, start = self._info, self._module.plugin_start
        if info.persist:
            await self.do(self._loading, "plugin_start", start, self.handle, self._data or "{}")
        elif info.is_async or info.kind in ("north", "delivery"):
            await self.do(self._loading, "plugin_start", start, self.handle)

    def _init(self, config):
        args = [category(self._info.config, config)]
        if self._info.kind == "filter":
            args += [self._ingest.capsule, self._ingest.capsule]
        handle = self._loading("plugin_init", self._module.plugin_init, *args)
        if handle is None:
            raise fledge_error(
                "BP_FLEDGE_HANDLE_INVALID", plugin=self._plugin, entry="plugin_init", type=type_of(handle)
            )
        self.handle = handle
        self._running = True

    def _register(self):
        capsule = self._ingest.capsule
        register = getattr(self._module, "plugin_register_ingest", None)
        if callable(register):
            self._loading("plugin_register_ingest", register, self.handle, capsule, capsule)
        # Plugins before FogLAMP 1.5 hand readings over through a class.
        legacy = sys.modules.get("fledge.services.south.ingest")
        if legacy is not None:
            legacy.Ingest._backplane_ingest = capsule.backplane_ingest

    def _loading(self, entry, function, *args):
        try:
            return finished(function(*args))
        except PluginError:
            raise
        except BaseException as error:
            raise PluginError(
                raised(entry, error),
                code="BP_PLUGIN_LOAD_FAILED",
                next=next_for_missing(error) or "Correct the plugin or its configuration; its log says where.",
            ) from error

    async def end(self):
        """Shuts the plugin down and keeps what it wants kept; gives that. Never raises."""
        if not self._running:
            return None
        self._running = False
        began = self._retry.waiting is None
        await self._retry.give_up()
        handle, self.handle = self.handle, None
        shutdown = getattr(self._module, "plugin_shutdown", None)
        data = None
        try:
            if callable(shutdown):
                data = await self.do(shutdown, handle)
        except Exception as error:
            self.host.log("error", raised("plugin_shutdown", error))
        if not began:
            # It never saw what was kept, and knows nothing better.
            return self._data
        return save_data(self.host, data) if self._info.persist else None

    async def reconfigure(self, values):
        """Gives the plugin other values; with an error its former ones stay."""
        if self._retry.waiting:
            await self._begin_otherwise(values)
            return
        try:
            await self.do(self._reconfigured, values)
        except Exception:
            if self._info.is_async:
                # Most shut down before they look at what they are given, and would hand over nothing from now on.
                await self._restart()
            raise

    async def _begin_otherwise(self, values):
        """Begins a plugin that has not started yet with another configuration; with its former one where that cannot be."""
        data = await self.end()
        try:
            await self.begin(values, data)
        except Exception:
            await self._restart(data)
            raise

    async def _restart(self, data=None):
        """Shuts the plugin down and begins it with the configuration that it had."""
        data = await self.end() or data
        try:
            await self.begin(self.host.config, data)
        except Exception as error:
            # Then its slot is to do that, with its patience.
            raise SystemExit("it could not go on with its former configuration: %s" % error)

    def _reconfigured(self, values):
        handle = self.handle
        # What a plugin does to the handle before it gives up must not stay.
        kept = dict(handle) if isinstance(handle, dict) else None
        try:
            try:
                new = finished(self._module.plugin_reconfigure(handle, category(self._info.config, values)))
            except PluginError:
                raise
            except BaseException as error:
                raise PluginError(raised("plugin_reconfigure", error)) from error
            if new is None or (kept is not None and not isinstance(new, dict)):
                raise fledge_error(
                    "BP_FLEDGE_HANDLE_INVALID", plugin=self._plugin, entry="plugin_reconfigure", type=type_of(new)
                )
        except BaseException:
            if kept is not None:
                handle.clear()
                handle.update(kept)
            raise
        if self._info.kind != "south" and kept is not None and new is not handle:
            # Fledge puts the new content into the handle that filters, rules and deliveries already have.
            content = dict(new)
            handle.clear()
            handle.update(content)
        else:
            self.handle = new

    async def do(self, function, *args):
        """Runs a function of the plugin in its thread."""
        from asyncio import CancelledError

        job = self._thread.run(function, *args)
        try:
            return await self.host.in_thread(job.result)
        except CancelledError:
            job.give_up()
            raise

    def close(self):
        """Ends the plugin's thread."""
        self._thread.end()
