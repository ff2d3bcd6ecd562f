"""Runs Python plugins of Fledge and FogLAMP, as they are.

The handle that plugin_init gives stays here. Entry points run in one thread (see fledge_thread), but for plugin_write and
plugin_operation, which Fledge too calls beside the others.
"""

import os
import sys

from ..errors import PluginError
from ..modules import add_plugin_folder, next_for_missing, read_source
from .base import Adapter, UnknownFunction
from .fledge_calls import Calls
from .fledge_config import category, let_json_load_objects
from .fledge_errors import fledge_error, raised, type_of
from .fledge_functions import READINGS_EVENT, described, names_of
from .fledge_info import check_place, read_info
from .fledge_ingest import Ingest
from .fledge_modules import alias_own_packages, module_name, set_level
from .fledge_persist import load_data, save_data
from .fledge_retry import Retry
from .fledge_thread import PluginThread, call_here, finished

# A plugin that has handed its state over and is neither stopped nor called goes on after this many seconds.
RESUME_AFTER = 35


class FledgeAdapter(Adapter):
    """One plugin: a module with plugin_info."""

    SHIMS = ("fledge", "foglamp")

    def __init__(self, host):
        super().__init__(host)
        self._plugin = host.plugin_id
        self._thread = PluginThread()
        self._ingest = Ingest(host)
        self._module = None
        self._info = None
        self._handle = None
        self._running = False
        # What plugin_start is given, and what becomes of it when it raises.
        self._data = None
        self._retry = Retry(host, self._start_plugin)
        # Data handed over while the next instance starts; None while this one runs.
        self._suspended = None
        self._timer = None
        self._resuming = None
        self._calls = None

    # Life

    def load(self):
        name = os.path.splitext(os.path.basename(self.host.entry))[0]
        sys.argv = ["", name]
        if self.host.state_dir is not None:
            # Where plugins keep files of their own.
            for variable in ("FLEDGE_ROOT", "FLEDGE_DATA", "FOGLAMP_ROOT", "FOGLAMP_DATA"):
                os.environ.setdefault(variable, self.host.state_dir)
        let_json_load_objects()
        folder = os.path.dirname(self.host.entry)
        add_plugin_folder(folder)
        module = module_name(name, self.host.entry, read_source(self.host.entry))
        alias_own_packages(name, folder, module)
        self._module = self.host.import_entry(module)
        self._info = read_info(self._plugin, self._module)
        check_place(self._plugin, self._info, (self.host.manifest.get("python") or {}).get("type"))
        self._calls = Calls(self.host, self._module, self._ingest)
        for warning in self._info.warnings:
            self.host.log("warn", warning)

    def describe(self):
        info = self._info
        names = names_of(info, self._module)
        has = ["hand_over", "health"]
        # A north plugin is never reconfigured: Fledge ends it and begins anew, which here is a swap.
        if info.kind != "north" and callable(getattr(self._module, "plugin_reconfigure", None)):
            has.append("reconfigure")
        service = {"kind": info.kind}
        if info.kind == "south":
            service["mode"] = "async" if info.is_async else "poll"
        return {
            "functions": described(names),
            "events": [READINGS_EVENT] if "ingest" in names or info.ingest else [],
            "has": has,
            "manifest": {
                "version": info.version,
                "description": info.description,
                "config": info.config,
                "service": service,
            },
            "surface": {
                "kind": info.kind,
                "name": info.name,
                "interface": info.interface,
                "async": info.is_async,
                "control": info.control,
                "persist": info.persist,
                "functions": names,
                # The host says `resume` when the instance that this one handed over to does not come to run.
                "resumes": True,
            },
            **({"waiting": self._retry.waiting} if self._retry.waiting else {}),
        }

    async def start(self, state):
        self._ingest.start()
        data = state.get("data") if isinstance(state, dict) else None
        await self._begin(self.host.config, load_data(self.host) if data is None and self._info.persist else data)

    async def _begin(self, config, data):
        """Makes a handle and starts the plugin with it. Leaves it for `stop` to shut down when a later step fails."""
        info, module = self._info, self._module
        set_level(module)
        await self._do(self._init, config)
        if info.is_async or info.ingest:
            await self._do(self._register)
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
            await self._do(self._loading, "plugin_start", start, self._handle, self._data or "{}")
        elif info.is_async or info.kind in ("north", "delivery"):
            await self._do(self._loading, "plugin_start", start, self._handle)

    def _init(self, config):
        args = [category(self._info.config, config)]
        if self._info.kind == "filter":
            args += [self._ingest.capsule, self._ingest.capsule]
        handle = self._loading("plugin_init", self._module.plugin_init, *args)
        if handle is None:
            raise fledge_error(
                "BP_FLEDGE_HANDLE_INVALID", plugin=self._plugin, entry="plugin_init", type=type_of(handle)
            )
        self._handle = handle
        self._running = True

    def _register(self):
        capsule = self._ingest.capsule
        register = getattr(self._module, "plugin_register_ingest", None)
        if callable(register):
            self._loading("plugin_register_ingest", register, self._handle, capsule, capsule)
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

    async def health(self):
        if self._retry.waiting:
            return {"ok": False, "message": self._retry.waiting["message"]}
        return {"ok": True}

    async def stop(self):
        self._resume_later(None)
        await self._end()
        await self._ingest.stop()
        self._thread.end()

    async def _end(self):
        """Shuts the plugin down and keeps what it wants kept; gives that. Never raises."""
        if not self._running:
            return None
        self._running = False
        began = self._retry.waiting is None
        await self._retry.give_up()
        handle, self._handle = self._handle, None
        shutdown = getattr(self._module, "plugin_shutdown", None)
        data = None
        try:
            if callable(shutdown):
                data = await self._do(shutdown, handle)
        except Exception as error:
            self.host.log("error", raised("plugin_shutdown", error))
        if not began:
            # It never saw what was kept, and knows nothing better.
            return self._data
        return save_data(self.host, data) if self._info.persist else None

    async def hand_over(self):
        """Ends the plugin's work, so that the next instance finds its devices and ports free, and gives its data.

        When the next one does not come, a call or the host's word makes this one go on.
        """
        data = await self._end()
        self._suspended = (data,)
        self._resume_later(RESUME_AFTER)
        return {"data": data}

    def _resume_later(self, seconds):
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if seconds is not None:
            import asyncio

            self._timer = self.host.loop.call_later(seconds, lambda: asyncio.ensure_future(self._resume()))

    async def _resume(self):
        """Goes on after handing over in vain. Whoever comes meanwhile waits for that."""
        if self._suspended is None:
            return
        import asyncio

        if self._resuming is None:
            self._resume_later(None)
            self._resuming = asyncio.ensure_future(self._go_on())
        await asyncio.shield(self._resuming)

    async def _go_on(self):
        try:
            await self._begin(self.host.config, self._suspended[0])
        except Exception as error:
            # Then it is dead, and its slot is to begin it anew.
            raise SystemExit("it could not go on after handing over: %s" % error)
        self._suspended = self._resuming = None

    async def reconfigure(self, change):
        await self._resume()
        if self._retry.waiting:
            await self._begin_otherwise(change["values"])
            return
        try:
            await self._do(self._reconfigured, change["values"])
        except Exception:
            if self._info.is_async:
                # Most shut down before they look at what they are given, and would hand over nothing from now on.
                await self._begin_anew()
            raise

    async def _begin_otherwise(self, values):
        """Begins a plugin that has not started yet with another configuration; with its former one where that cannot be."""
        data = await self._end()
        try:
            await self._begin(values, data)
        except Exception:
            await self._begin_anew(data)
            raise

    async def _begin_anew(self, data=None):
        """Shuts the plugin down and begins it with the configuration that it had."""
        data = await self._end() or data
        try:
            await self._begin(self.host.config, data)
        except Exception as error:
            # Then its slot is to do that, with its patience.
            raise SystemExit("it could not go on with its former configuration: %s" % error)

    def _reconfigured(self, values):
        handle = self._handle
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
            self._handle = new

    # Calls

    async def invoke(self, name, params, call):
        if name == "ingest":
            return await self._stream(params.get("limit"), call)
        return await self.request(name, params)

    async def request(self, name, body):
        if name == "resume":
            return await self._resume()
        if name in ("take", "release"):
            self._ingest.take_over(name == "take")
            return None
        if name == "ingest" or name not in names_of(self._info, self._module):
            raise UnknownFunction(name)
        await self._resume()
        if self._retry.waiting:
            message = "it has not started yet: %s" % self._retry.waiting["message"]
            raise PluginError(message, code="BP_PLUGIN_UNAVAILABLE", next="It is tried again by itself.", retryable=True)
        work = getattr(self._calls, name)
        if name in ("write", "operation"):
            return await self.host.in_thread(call_here, work, self._handle, body)
        # Which handle it is shows when its turn has come.
        return await self._do(lambda: work(self._handle, body))

    async def _stream(self, limit, call):
        await self._resume()
        tap, end = self._ingest.tap()
        count = 0
        try:
            while limit is None or count < limit:
                await call.send(await tap.get())
                count += 1
            return count
        finally:
            end()

    async def _do(self, function, *args):
        """Runs a function of the plugin in its thread."""
        from asyncio import CancelledError

        job = self._thread.run(function, *args)
        try:
            return await self.host.in_thread(job.result)
        except CancelledError:
            job.give_up()
            raise
