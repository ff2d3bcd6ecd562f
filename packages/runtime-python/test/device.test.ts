/**
 * What capabilities find in their `device` beside calls and events: who the host is, its heartbeat, its connection, its
 * messaging.
 */
import type { Params } from '@backplane/core'
import { expect, onTestFinished, test } from 'vitest'
import { capability, testHost, until } from './harness.ts'

const code = `import asyncio, json
from device_connect_edge.drivers import emit, on, rpc

class Plugin:
    def __init__(self, device):
        self.device = device
        self.told = []
        self.level = 1
        device.set_heartbeat_provider(lambda: {"level": self.level, "mode": {"name": "auto"}})
        device.add_connection_listener(self.connection)
        device.add_registration_listener(self.registration)

    async def connection(self, connected):
        self.told.append(connected)

    async def registration(self):
        self.told.append("registered")

    @rpc()
    async def who(self) -> dict:
        device = self.device
        return {"ttl": device.ttl, "identity": device.identity, "status": device.status,
                "functions": [each.name for each in device.capabilities.functions],
                "events": [each.name for each in device.capabilities.events],
                "connected": device.messaging.is_connected}

    @rpc()
    async def set(self, level: int) -> None:
        self.level = level
        self.device.status["battery"] = 80

    @rpc()
    async def heard(self) -> list:
        return self.told

    @emit()
    async def moved(self, zone: str):
        """Something moved."""

    @on(event_name="raw")
    async def raw(self, device_id, event_name, payload):
        self.told.append(payload["n"])

    @rpc()
    async def message(self) -> dict:
        messaging = self.device.messaging
        await messaging.publish("device-connect.default.box-1.event.raw", json.dumps({"method": "raw", "params": {"n": 7}}).encode())
        body = {"jsonrpc": "2.0", "id": "1", "method": "double", "params": {"n": 4, "_dc_meta": {}}}
        return json.loads(await messaging.request("device-connect/default/box-1/cmd", json.dumps(body).encode(), timeout=5))

    @rpc()
    async def elsewhere(self) -> None:
        await self.device.messaging.subscribe("device-connect.default.>", None)

    @rpc()
    async def double(self, n: int) -> int:
        return 2 * n
`

function withDevice() {
  const beats: [string, Params | undefined][] = []
  const listeners = new Set<(connected: boolean) => void>()
  const identity = { device_type: 'plugin_host', model: 'Box', arch: 'arm64', rack: 7 }
  const device = {
    id: 'box-1',
    identity,
    ttl: 3,
    heartbeat: (plugin: string, fields: Params | undefined) => void beats.push([plugin, fields]),
    connection: {
      connected: true,
      onChange: (listener: (connected: boolean) => void) => {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
  }
  const { host } = testHost({ device })
  onTestFinished(() => host.stop())
  return { host, beats, listeners, identity }
}

test('device tells who the host is and what the plugin offers', async () => {
  const { host, identity } = withDevice()
  await host.load(await capability(code))
  expect(await host.call('who')).toEqual({
    ttl: 3,
    identity,
    status: { availability: 'available', busy_score: 0, online: true },
    functions: ['double', 'elsewhere', 'heard', 'message', 'set', 'who'],
    events: ['moved'],
    connected: true,
  })
})

test('what a heartbeat provider gives reaches the host when it changes, and goes with the plugin', async () => {
  const { host, beats } = withDevice()
  await host.load(await capability(code))
  await until(() => beats.length > 0, 'the first beat')
  expect(beats).toEqual([['test-plugin', { level: 1, mode: { name: 'auto' } }]])
  await host.call('set', { level: 2 })
  await until(() => beats.length > 1, 'the changed beat')
  expect(beats[1]).toEqual(['test-plugin', expect.objectContaining({ level: 2, battery: 80 })])
  await host.unload('test-plugin')
  expect(beats.at(-1)).toEqual(['test-plugin', undefined])
})

test('listeners hear when the connection goes and comes', async () => {
  const { host, listeners } = withDevice()
  await host.load(await capability(code))
  for (const connected of [false, false, true]) for (const listener of listeners) listener(connected)
  await until(async () => ((await host.call('heard')) as unknown[]).length >= 3, 'all is heard')
  expect(await host.call('heard')).toEqual([false, true, 'registered'])
  await host.unload('test-plugin')
  expect(listeners.size).toBe(0)
})

test('messaging emits and calls by the subjects of the mesh, and says what it does not reach', async () => {
  const { host } = withDevice()
  await host.load(await capability(code))
  expect(await host.call('message')).toEqual({ jsonrpc: '2.0', id: '1', result: 8 })
  await until(async () => ((await host.call('heard')) as unknown[]).includes(7), 'the event is heard')
  await expect(host.call('elsewhere')).rejects.toMatchObject({
    code: 'BP_INVALID_ARGUMENT',
    next: expect.stringContaining('@on'),
  })
})
