"""A stock edge device that waits for a plugin host before it counts as started."""
import asyncio, logging, os
from device_connect_edge import DeviceRuntime
from device_connect_edge.drivers import DeviceDriver
from device_connect_edge.types import DeviceIdentity, DeviceStatus

logging.basicConfig(level=logging.INFO)


class Dependent(DeviceDriver):
    device_type = 'dependent'
    depends_on = ('plugin_host',)

    @property
    def identity(self):
        return DeviceIdentity(device_type='dependent', manufacturer='Acme', model='D1')

    @property
    def status(self):
        return DeviceStatus(availability='available')


runtime = DeviceRuntime(
    driver=Dependent(), device_id='dependent-1', messaging_backend='nats',
    messaging_urls=[os.environ['NATS_URL']], tenant=os.environ['TENANT'], allow_insecure=True,
)
asyncio.run(runtime.run())
