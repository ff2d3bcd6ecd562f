from __future__ import annotations

from typing import Any

from device_connect_edge.drivers import rpc


class PluginTemplateCapability:
    def __init__(self, device: Any = None) -> None:
        self.device = device

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    @rpc()
    async def get_service_status(self) -> dict[str, Any]:
        """Says how the service is."""
        return {"status": "ok", "plugin_id": "plugin-template"}

    @rpc()
    async def run_action(self, action: str = "default", **params: Any) -> dict[str, Any]:
        """Runs an action.

        Args:
            action: Its name
        """
        return {"status": "success", "action": action, "params": params}
