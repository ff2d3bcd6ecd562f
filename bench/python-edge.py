"""A stock edge device that answers calls (`echo`, `greet`, `pause`), and that measures calls of its own (`measure` of another)."""

import asyncio
import os
import time

from device_connect_edge import DeviceRuntime
from device_connect_edge.drivers import DeviceDriver, rpc
from device_connect_edge.types import DeviceIdentity


class Echo(DeviceDriver):
    device_type = "echo"

    @property
    def identity(self):
        return DeviceIdentity(device_type="echo")

    @rpc()
    async def echo(self, name: str, values: list) -> dict:
        """Gives back what it is given."""
        return {"name": name, "values": values}

    @rpc()
    async def greet(self, name: str = "world") -> dict:
        """Greets by name."""
        return {"message": "Hello, " + name + "!"}

    @rpc()
    async def pause(self, name: str = "world") -> dict:
        """Greets a millisecond later."""
        await asyncio.sleep(0.001)
        return {"message": "Hello, " + name + "!"}

    @rpc()
    async def measure(self, device: str, count: int) -> dict:
        """Calls another device so often, and gives how long the median call took, in microseconds."""
        taken = []
        for _ in range(count):
            began = time.perf_counter()
            await self.invoke_remote(device, "echo", name="plugin", values=[1, 2, 3])
            taken.append(time.perf_counter() - began)
        return {"median": sorted(taken)[count // 2] * 1e6}


async def main():
    runtime = DeviceRuntime(driver=Echo(), device_id="python-echo", tenant=os.environ["TENANT"], allow_insecure=True)
    task = asyncio.create_task(runtime.run())
    await asyncio.sleep(0.5)
    print("READY", flush=True)
    await task


asyncio.run(main())
