import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@backplane/core'
import { manualClock, memoryNetwork, memoryTransport } from '@backplane/core/memory'
import { expect, onTestFinished, test } from 'vitest'
import { type FacadeAudit, PluginFacade } from '../src/vyra/facade.ts'
import { BaseHostFunctions, NullHostFunctions, TransportHostFunctions } from '../src/vyra/host-functions.ts'
import { pluginPool } from '../src/vyra/pool.ts'
import { wat } from './wat.ts'

const failing = (code: string) => expect.objectContaining({ code })

test('permissions: objects and texts, wildcards, any instance where none is named; what is incomplete counts for nothing', async () => {
  const audit: FacadeAudit[] = []
  const interfaces = [
    { transport: 'publisher', module_name: 'robot' },
    { transport: 'client', module_name: 'arm', module_id: 'left' },
    'subscriber:sensor_*',
    { transport: 'server' },
    'broken',
    null,
  ]
  const facade = new PluginFacade({
    pluginId: 'p',
    host: new BaseHostFunctions(),
    interfaces,
    audit: (entry) => audit.push(entry),
  })
  await facade.create_publisher('x', 'robot', 'any')
  await facade.create_subscriber('x', () => {}, 'sensor_7')
  await facade.create_client('x', 'arm', 'left')
  await expect(facade.create_client('x', 'arm', 'right')).rejects.toEqual(failing('BP_PERMISSION_DENIED'))
  await expect(facade.create_publisher('x', 'other')).rejects.toEqual(failing('BP_PERMISSION_DENIED'))
  await expect(facade.create_server('x', () => null)).rejects.toEqual(failing('BP_PERMISSION_DENIED'))
  await facade.notify_ui('x', {})
  expect(audit.map(({ outcome }) => outcome)).toEqual([
    'allowed',
    'allowed',
    'allowed',
    'denied',
    'denied',
    'denied',
    'allowed',
  ])
})

test('too many calls are slowed down, each more than the last, and the tenth too many blocks', async () => {
  const clock = manualClock()
  const facade = new PluginFacade({ pluginId: 'p', host: new BaseHostFunctions(), calls: 3, clock })
  for (let i = 0; i < 3; i++) await facade.notify_ui('x', {})
  for (let over = 1; over <= 9; over++) {
    let done = false
    const call = facade.notify_ui('x', {}).then(() => {
      done = true
    })
    await clock.advance(over * 100 - 1)
    expect(done).toBe(false)
    await clock.advance(1)
    await call
  }
  await expect(facade.notify_ui('x', {})).rejects.toEqual(failing('BP_WASM_RATE_LIMITED'))
  await facade.log(20, 'still free')
  await clock.advance(20_000)
  await expect(facade.notify_ui('x', {})).rejects.toEqual(failing('BP_WASM_RATE_LIMITED'))
  expect(facade.blocked).toBe(true)
  facade.unblock()
  await facade.notify_ui('x', {})
})

test('over a transport: publish, subscribe, serve and ask in JSON', async () => {
  const network = memoryNetwork()
  const transport = memoryTransport({ network })({
    logger: silentLogger,
    clock: { now: Date.now, after: () => ({ cancel() {} }) },
  })
  await transport.connect()
  onTestFinished(() => transport.close())
  const host = new TransportHostFunctions({ transport, logger: silentLogger, moduleName: 'calc' })
  const heard: unknown[] = []
  await host.create_subscriber('topic', (data) => void heard.push(data), 'robot', 'one')
  await (await host.create_publisher('topic', 'robot', 'one')).publish({ n: 1 })
  await host.create_server('double', (data) => (data as { n: number }).n * 2)
  expect(await (await host.create_client('double', 'calc')).request({ n: 21 })).toBe(42)
  await transport.flush()
  expect(heard).toEqual([{ n: 1 }])
})

test('NullHostFunctions log every operation and do none', async () => {
  const logged: string[] = []
  const host = new NullHostFunctions({ debug: (_: unknown, message?: string) => void logged.push(String(message)) })
  await host.notify_ui('e', {})
  await (await host.create_publisher('n', 'm')).publish(1)
  await host.create_subscriber('n', () => {}, 'm')
  await host.create_server('n')
  expect(await (await host.create_client('n', 'm')).request(1)).toBe(null)
  await host.log(20, 'x')
  expect(logged).toHaveLength(8)
})

test('a pool starts each version when it is asked for, once, and the newest where none is named', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'backplane-runtime-wasm-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  for (const [version, result] of [
    ['1.2.0', 12],
    ['1.10.0', 110],
    ['1.10.0-rc.1', 0],
  ] as const) {
    mkdirSync(join(dir, 'adder', version), { recursive: true })
    writeFileSync(
      join(dir, 'adder', version, 'logic.wasm'),
      wat(`(module (func (export "f") (result i32) (i32.const ${result})))`),
    )
    writeFileSync(join(dir, 'adder', version, 'metadata.json'), '{"exports":["f"]}')
  }
  await using pool = pluginPool({ dir })
  expect(await pool.versions('adder')).toEqual(['1.10.0', '1.10.0-rc.1', '1.2.0'])
  const [newest, again, old] = await Promise.all([
    pool.get('adder'),
    pool.get('adder', '1.10.0'),
    pool.get('adder', '1.2.0'),
  ])
  expect(newest).toBe(again)
  expect(await newest.call('f')).toEqual({ result: 110 })
  expect(await old.call('f')).toEqual({ result: 12 })
  await pool.stop('adder')
  expect(newest.isRunning).toBe(false)
  await expect(pool.get('adder', '9.9.9')).rejects.toEqual(failing('BP_WASM_SOURCE'))
  await expect(pool.get('nobody')).rejects.toEqual(failing('BP_WASM_SOURCE'))
  await expect(pool.get('../adder')).rejects.toEqual(failing('BP_INVALID_ARGUMENT'))
})
