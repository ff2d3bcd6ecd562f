import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type IncomingEvent, silentLogger, systemClock } from '@backplane/core'
import { deviceConnect } from '@backplane/mesh-device-connect'
import { natsTransport } from '@backplane/transport-nats'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { embeddedNats, localHost } from '../src/index.ts'
import { testFolder } from './plugins.ts'

let plugins: string
beforeEach(async () => {
  plugins = await mkdtemp(join(tmpdir(), 'backplane-local-'))
  const example = join(import.meta.dirname, '../../../examples/hello-world')
  await cp(example, join(plugins, 'hello-world'), { recursive: true })
})
afterEach(() => rm(plugins, { recursive: true, force: true }))

function caller(servers: string) {
  const join = deviceConnect({ transport: natsTransport({ servers }) })
  return join({ identity: { deviceId: 'caller' }, logger: silentLogger, clock: systemClock })
}

test('brings its own broker, and what it loads is found, called and told of from outside', async () => {
  await using host = localHost({ plugins, brokerPort: 0 })
  await host.start()
  await using client = caller(host.mesh?.address ?? '')
  await client.connect()
  const events: IncomingEvent[] = []
  await client.on({ device: 'plugin-host-1' }, (event) => void events.push(event))
  const names = async () => {
    const [device] = await client.discover('device(type:plugin_host)')
    return device?.functions.map(({ name }) => name)
  }

  const reports = await host.loadAll()
  expect(reports).toMatchObject([{ id: 'hello-world' }])
  expect(await client.invoke('plugin-host-1', 'hello_world', { name: 'plugin' })).toEqual({ message: 'Hello, plugin!' })
  await expect.poll(names).toContain('hello_world')
  await client.invoke('plugin-host-1', 'reload_plugin', { plugin_id: 'hello-world' })
  await client.invoke('plugin-host-1', 'unload_plugin', { plugin_id: 'hello-world' })
  await expect.poll(names).not.toContain('hello_world')
  await expect
    .poll(() => events.map(({ event }) => event))
    .toEqual(['plugin_loaded', 'plugin_unloaded', 'plugin_loaded', 'plugin_unloaded'])
  expect(events[0]?.payload).toMatchObject({ plugin_id: 'hello-world', functions: ['hello_world'] })
})

test('what the heartbeat provider of a Python plugin gives is in the status that others see, until it ends', async () => {
  await mkdir(join(plugins, 'battery'))
  const code = `
class Battery:
    def __init__(self, device):
        device.set_heartbeat_provider(lambda: {"battery": 41, "pump": {"rpm": 900}})
        self.device = device
`
  await writeFile(join(plugins, 'battery/capability.py'), code)
  const manifest = { id: 'battery', class_name: 'Battery', entry_point: 'capability.py' }
  await writeFile(join(plugins, 'battery/manifest.json'), JSON.stringify(manifest))
  await using host = localHost({ plugins, brokerPort: 0 })
  await host.start()
  await using client = caller(host.mesh?.address ?? '')
  await client.connect()
  await host.loadAll()
  const status = async () => (await client.discover('device(type:plugin_host)'))[0]?.status
  await expect.poll(status, { timeout: 20_000 }).toMatchObject({ battery: 41, pump: { rpm: 900 } })
  await host.unload('battery')
  await expect.poll(status, { timeout: 20_000 }).not.toHaveProperty('battery')
}, 60_000)

test('a second host joins by its address, and none may take the id of another', async () => {
  await using first = localHost({ plugins, brokerPort: 0 })
  await first.start()
  const nats = first.mesh?.address ?? ''
  await using second = localHost({ plugins, nats, deviceId: 'second' })
  await second.start()
  await second.loadAll()
  expect(await first.mesh?.invoke('second', 'hello_world')).toEqual({ message: 'Hello, world!' })

  await using twin = localHost({ plugins, nats })
  await expect(twin.start()).rejects.toMatchObject({ code: 'BP_IDENTITY_TAKEN' })
})

test('a taken port is said so, and may be tried again', async () => {
  const blocker = createServer()
  const port = await new Promise<number>((resolve) => {
    blocker.listen(0, '127.0.0.1', () => resolve((blocker.address() as { port: number }).port))
  })
  await using host = localHost({ plugins, brokerPort: port })
  await expect(host.start()).rejects.toMatchObject({ code: 'BP_PORT_IN_USE' })
  await new Promise((resolve) => blocker.close(resolve))
  await host.start()
  expect(host.mesh?.address).toBe(`nats://127.0.0.1:${port}`)
})

test('the embedded transport refuses work before it is connected and after it is closed', async () => {
  const transport = embeddedNats({ port: 0 })({ logger: silentLogger, clock: systemClock })
  const seen: string[] = []
  transport.onStatus(({ type }) => seen.push(type))
  await expect(transport.publish('a', new Uint8Array())).rejects.toMatchObject({ code: 'BP_DISCONNECTED' })
  await transport.connect()
  expect(transport.status).toBe('connected')
  await transport.close()
  expect(transport.status).toBe('closed')
  expect(seen).toEqual(['connected', 'closed'])
  await expect(transport.publish('a', new Uint8Array())).rejects.toMatchObject({ code: 'BP_CLOSED' })
  await expect(transport.connect()).rejects.toMatchObject({ code: 'BP_CLOSED' })

  const unused = embeddedNats({ port: 0 })({ logger: silentLogger, clock: systemClock })
  await unused.close()
  expect(unused.status).toBe('closed')
})

test('a host whose configuration was damaged says so in its status, and not where', async () => {
  await using plugins = await testFolder()
  const stateDir = await mkdtemp(join(tmpdir(), 'backplane-damaged-'))
  await mkdir(join(stateDir, 'config'), { recursive: true })
  await writeFile(join(stateDir, 'config', 'config.log'), Buffer.alloc(4096))
  {
    await using host = localHost({ plugins: plugins.dir, stateDir })
    await host.start()
    await host.config.start()
    const status = await host.call('get_status')
    expect(status).toMatchObject({ configuration: { repaired: 'nothing in it can be read', documents_saved: 0 } })
    expect(JSON.stringify((status as { configuration: unknown }).configuration)).not.toContain(stateDir)
  }
  await rm(stateDir, { recursive: true, force: true })
})
