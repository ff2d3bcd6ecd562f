"""Runs Python plugins of Fledge and FogLAMP, as they are.

The handle that plugin_init gives stays here. Entry points run in one thread (see fledge_thread), but for plugin_write and
plugin_operation, which Fledge too calls beside the others.
"""

import os
import sys

from ..errors import PluginError
from ..modules import add_plugin_folder, read_source
from .base import Adapter, UnknownFunction
from .fledge_calls import Calls
from .fledge_config import let_json_load_objects
from .fledge_functions import READINGS_EVENT, described, names_of
from .fledge_info import check_place, read_info
from .fledge_ingest import Ingest
from .fledge_modules import alias_own_packages, module_name
from .fledge_persist import load_data
from .fledge_run import Run
from .fledge_thread import call_here

# A plugin that has handed its state over and is neither stopped nor called goes on after this many seconds.
RESUME_AFTER = 35


class FledgeAdapter(Adapter):
    """One plugin: a module with plugin_info."""

    SHIMS = ("fledge", "foglamp")

    def __init__(self, host):
        super().__init__(host)
        self._ingest = Ingest(host)
        self._module = None
        self._info = None
        self._run = None
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
        self._info = read_info(self.host.plugin_id, self._module)
        check_place(self.host.plugin_id, self._info, (self.host.manifest.get("python") or {}).get("type"))
        self._run = Run(self.host, self._module, self._info, self._ingest)
        self._calls = Calls(self.host, self._module, self._ingest)
        for warning in self._info.warnings:
            self.host.log("warn", warning)

    def describe(self):
        info = self._info
        names = names_of(info, self._module)
        has = ["hand_over", "health"]
        # A north plugin is never reconfigured: Fledge ends it and starts again, which here is a swap.
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
            **({"waiting": self._run.waiting} if self._run.waiting else {}),
        }

    async def start(self, state):
        self._ingest.start()
        data = state.get("data") if isinstance(state, dict) else None
        await self._run.begin(self.host.config, load_data(self.host) if data is None and self._info.persist else data)

    async def health(self):
        if self._run.waiting:
            return {"ok": False, "message": self._run.waiting["message"]}
        return {"ok": True}

    async def stop(self):
        self._resume_later(None)
        await self._run.end()
        await self._ingest.stop()
        self._run.close()

    async def hand_over(self):
        """Ends the plugin's work, so that the next instance finds its devices and ports free, and gives its data.

        When the next one does not come, a call or the host's word makes this one go on.
        """
        data = await self._run.end()
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
        """Goes on after a hand-over that came to nothing. Anyone who comes meanwhile waits for that."""
        if self._suspended is None:
            return
        import asyncio

        if self._resuming is None:
            self._resume_later(None)
            self._resuming = asyncio.ensure_future(self._go_on())
        await asyncio.shield(self._resuming)

    async def _go_on(self):
        try:
            await self._run.begin(self.host.config, self._suspended[0])
        except Exception as error:
            # Then it is dead, and its slot is to restart it.
            raise SystemExit("it could not go on after handing over: %s" % error)
        self._suspended = self._resuming = None

    async def reconfigure(self, change):
        await self._resume()
        await self._run.reconfigure(change["values"])

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
        if self._run.waiting:
            message = "it has not started yet: %s" % self._run.waiting["message"]
            raise PluginError(message, code="BP_PLUGIN_UNAVAILABLE", next="It is tried again by itself.", retryable=True)
        work = getattr(self._calls, name)
        if name in ("write", "operation"):
            return await self.host.in_thread(call_here, work, self._run.handle, body)
        # Which handle it is shows when its turn has come.
        return await self._run.do(lambda: work(self._run.handle, body))

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

