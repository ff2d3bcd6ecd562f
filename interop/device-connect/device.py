"""A stock edge device: it offers two functions and an event, calls the host, and hears its events."""
import asyncio, json, os, sys
from device_connect_edge import DeviceRuntime
from device_connect_edge.drivers import DeviceDriver, emit, on, rpc
from device_connect_edge.types import DeviceIdentity, DeviceStatus

HOST = sys.argv[1]


class Thermometer(DeviceDriver):
    device_type = 'thermometer'

    @property
    def identity(self):
        return DeviceIdentity(device_type='thermometer', manufacturer='Acme', model='T1')

    @property
    def status(self):
        return DeviceStatus(availability='available', location='lab-1')

    @rpc()
    async def read(self, unit: str = 'C') -> dict:
        """Reads the temperature.

        Args:
            unit: C or F.
        """
        return {'value': 21.5 if unit == 'C' else 70.7, 'unit': unit, 'odd': float('nan')}

    @rpc()
    async def give_back(self, values: list) -> dict:
        """Gives its values back, with the types that Python sees."""
        return {'values': values, 'types': [type(value).__name__ for value in values]}

    @rpc()
    async def fail(self) -> dict:
        """Always fails."""
        raise RuntimeError('sensor is gone')

    @rpc()
    async def alarm(self, level: int) -> dict:
        """Emits an event."""
        await self.hot(level=level)
        return {'sent': True}

    @rpc()
    async def ask_host(self, function: str, params: dict) -> dict:
        """Calls the host and gives what it answers."""
        return await self.invoke_remote(HOST, function, **params)

    @emit()
    async def hot(self, level: int):
        """It is too hot."""

    @on(device_id=HOST, event_name='plugin_loaded')
    async def on_loaded(self, device_id: str, event_name: str, payload: dict):
        print('HEARD', json.dumps([device_id, event_name, payload]), flush=True)

    @on(event_name='peer_lost')
    async def on_lost(self, device_id: str, event_name: str, payload: dict):
        print('LOST', device_id, flush=True)


async def main():
    runtime = DeviceRuntime(
        driver=Thermometer(), device_id='thermo-1', tenant=os.environ['TENANT'], allow_insecure=True,
    )
    task = asyncio.create_task(runtime.run())
    await asyncio.sleep(0.5)
    print('READY', flush=True)
    await task

asyncio.run(main())
