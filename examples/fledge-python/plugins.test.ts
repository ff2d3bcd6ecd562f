import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configManager } from '@backplane/config-manager'
import { createHost, type Host, type HostEvent, type Params } from '@backplane/core'
import { pluginFolder, stateDirs, validateParams } from '@backplane/host'
import { pythonRuntime } from '@backplane/runtime-python'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

let dir: string
let host: Host
const config = configManager()({})
const folder = () => pluginFolder(join(dir, 'plugins'), { runtimes: () => host.runtimes })
const load = async (name: string) => host.load(await folder().find(name))

function makeHost() {
  return createHost({
    identity: { deviceId: 'box-1' },
    runtimes: [pythonRuntime()],
    config: () => config,
    interceptors: [validateParams()],
    stateDir: stateDirs(join(dir, 'state')),
  })
}

beforeAll(async () => {
  // As they are meant to be used: copied to where nothing of this repository can be imported.
  dir = await mkdtemp(join(tmpdir(), 'backplane-example-'))
  await cp(join(import.meta.dirname, 'plugins'), join(dir, 'plugins'), { recursive: true })
  await symlink('tank_level', join(dir, 'plugins', 'second-tank'))
  host = makeHost()
})
afterAll(async () => {
  await host.stop()
  await rm(dir, { recursive: true })
})

test('south, polled: readings, control, and configuration that is taken or refused', async () => {
  const { functions, source } = await load('tank_level')
  expect(functions.map(({ name }) => name)).toEqual(['poll', 'write', 'operation'])
  expect(source.manifest).toMatchObject({ version: '1.0.0', service: { kind: 'south', mode: 'poll' } })
  expect(await host.call('tank_level.poll')).toEqual([
    { asset: 'tank', timestamp: expect.any(String), readings: { level: 1.5 } },
  ])
  expect(await host.call('tank_level.write', { name: 'level', value: 50 })).toBe(true)
  expect(await host.call('tank_level.operation', { operation: 'drain', parameters: { litres: 20 } })).toBe(true)
  expect(await host.call('tank_level.operation', { operation: 'explode' })).toBe(false)

  await config.set('tank_level', 'inflow', 5)
  expect(await host.call('tank_level.poll')).toMatchObject([{ readings: { level: 35 } }])
  await expect(config.set('tank_level', 'assetName', 'my tank')).rejects.toThrow('an asset name has no spaces')
  expect(await host.call('tank_level.poll')).toMatchObject([{ asset: 'tank', readings: { level: 40 } }])
})

test('a second instance: a link to the folder under another name, with its own configuration', async () => {
  await load('second-tank')
  await config.set('second-tank', 'assetName', 'other')
  expect(await host.call('second-tank.poll')).toMatchObject([{ asset: 'other', readings: { level: 1.5 } }])
  expect(await host.call('tank_level.poll')).toMatchObject([{ asset: 'tank' }])
})

test('south, asynchronous: readings are events, and the count is kept', async () => {
  const counts: unknown[] = []
  const listen = (event: HostEvent) => {
    if (event.type !== 'event.emitted' || event.event.event !== 'readings') return
    expect(event.event.payload.plugin).toBe('door_counter')
    for (const { readings } of event.event.payload.readings as { readings: Params }[]) counts.push(readings.count)
  }
  const off = host.on(listen)
  await load('door_counter')
  await config.set('door_counter', 'interval', 5)
  await vi.waitFor(() => expect(counts.length).toBeGreaterThan(10), { timeout: 12_000 })
  await host.unload('door_counter')
  off()
  expect(counts).toEqual(counts.map((_, index) => index + 1))

  const items = []
  await load('door_counter')
  for await (const item of host.stream('door_counter.ingest', { limit: 2 })) items.push(item)
  expect(items[0]).toMatchObject({ asset: 'door', readings: { count: expect.toSatisfy((n) => n > counts.length) } })
})

test('filter', async () => {
  await load('scale')
  const readings = [{ asset: 'tank', readings: { level: 2, name: 'north' } }]
  expect(await host.call('scale.filter', { readings })).toMatchObject([{ readings: { level: 20, name: 'north' } }])
  await config.set('scale', 'factors', { level: 3 })
  expect(await host.call('scale.filter', { readings })).toMatchObject([{ readings: { level: 6 } }])
})

test('rule and delivery', async () => {
  await load('threshold')
  expect(await host.call('triggers')).toEqual({ triggers: [{ asset: 'tank' }] })
  expect(await host.call('evaluate', { data: { tank: { level: 20 }, timestamp_tank: 1 } })).toBe(false)
  expect(await host.call('evaluate', { data: { tank: { level: 81 }, timestamp_tank: 2 } })).toBe(true)
  const reason = await host.call('reason')
  expect(reason).toMatchObject({ reason: 'triggered', asset: ['tank'] })

  await load('note')
  expect(await host.call('deliver', { notification: 'Overflow', reason, message: 'too full' })).toBe(true)
  expect(await readFile(join(dir, 'state', 'note', 'notes.txt'), 'utf8')).toBe('Overflow: too full (triggered)\n')
})

test('north', async () => {
  await load('journal')
  const readings = [1, 2].map((level) => ({ asset: 'tank', timestamp: '2026-01-02T03:04:05Z', readings: { level } }))
  expect(await host.call('journal.send', { readings })).toEqual({ sent: 2 })
  const lines = (await readFile(join(dir, 'state', 'journal', 'journal.jsonl'), 'utf8')).trim().split('\n')
  expect(JSON.parse(lines[1] ?? '')).toEqual({ asset: 'tank', at: '2026-01-02 03:04:05.000000+00:00', level: 2 })
})

test('north, asynchronous: sends until the server goes, and begins anew with another configuration', async () => {
  await load('journal_async')
  const readings = [1, 2, 3].map((level) => ({ asset: 'tank', readings: { level } }))
  expect(await host.call('journal_async.send', { readings })).toEqual({ sent: 0 })
  const { server, port } = await serverThatTakes(2)
  await config.set('journal_async', 'port', port)
  expect(await host.call('journal_async.send', { readings })).toMatchObject({ sent: 2, last_id: 2 })
  server.close()
})

test('a repository of a plugin', async () => {
  const { source } = await load('fledge-south-random-walk')
  expect(source.manifest).toMatchObject({ description: 'A random walk', version: '0.9.0' })
  expect(await host.call('fledge-south-random-walk.poll')).toHaveLength(3)
  await config.set('fledge-south-random-walk', 'steps', 0)
  expect(await host.call('fledge-south-random-walk.poll')).toEqual([])
})

/** A server that acknowledges so many lines and then hangs up. */
async function serverThatTakes(most: number): Promise<{ server: Server; port: number }> {
  let taken = 0
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => {
      taken++
      if (taken > most) socket.end()
      else socket.write('ok\n')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, port: (server.address() as { port: number }).port }
}
