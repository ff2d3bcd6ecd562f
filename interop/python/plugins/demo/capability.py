import asyncio
from typing import Any, Dict

from device_connect_edge.drivers import emit, periodic, rpc


class DemoCapability:
    def __init__(self, device: Any = None) -> None:
        self.device = device
        self._tick = 0
        self._said = False

    async def start(self) -> None:
        await asyncio.sleep(0)

    async def stop(self) -> None:
        pass

    @rpc()
    async def ping(self) -> Dict[str, Any]:
        """Answers."""
        return {"pong": True, "plugin": "demo"}

    @rpc()
    async def echo(self, message: str = "hello") -> Dict[str, Any]:
        """Gives a message back.

        Args:
            message: What to give back
        """
        return {"message": message, "tick": self._tick}

    @emit()
    async def demo_ready(self, plugin: str, tick: int) -> None:
        """The demo is ready."""

    @periodic(interval=0.2)
    async def tick(self) -> None:
        self._tick += 1
        await self.demo_ready(plugin="demo", tick=self._tick)
