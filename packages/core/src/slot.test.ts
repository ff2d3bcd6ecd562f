import { expect, it } from 'vitest'
import type { HostInit } from './contracts/host.ts'
import { fixedConfig } from './fixed-config.ts'
import { createHost } from './host.ts'
import { type FunctionModule, functionRuntime, manualClock } from './memory/index.ts'

const hostOf = (init: Partial<HostInit> = {}) =>
  createHost({ identity: { deviceId: 'one' }, runtimes: [functionRuntime()], ...init })

const source = (id: string, module: FunctionModule, more: object = {}) => ({
  manifest: { id, runtime: 'function', ...more },
  module,
})

it('ends an instance that has started but may not have its names', async () => {
  await using host = hostOf()
  const ended: string[] = []
  await host.load(source('a', { functions: { 'b.c': () => 1 } }))
  const clashing = source('a.b', { functions: { c: () => 2 }, teardown: () => ended.push('a.b') })
  await expect(host.load(clashing)).rejects.toMatchObject({ code: 'BP_FUNCTION_COLLISION' })
  expect(ended).toEqual(['a.b'])
  expect(host.plugins().map(({ id }) => id)).toEqual(['a'])
})

it('ends the next instance when the former gives no state', async () => {
  await using host = hostOf()
  let made = 0
  const ended: number[] = []
  const module = () => {
    const number = ++made
    return {
      functions: { which: () => number },
      handOver: () => {
        throw new Error('not now')
      },
      teardown: () => ended.push(number),
    }
  }
  await host.load(source('a', module))
  await expect(host.reload('a')).rejects.toMatchObject({ code: 'BP_PLUGIN_LOAD_FAILED' })
  expect(ended).toEqual([2])
  expect(await host.call('which')).toBe(1)
})

it('never takes for running what ends right after its start', async () => {
  for (let turns = 0; turns < 40; turns++) {
    await using host = hostOf()
    const setup = async ({ crash }: { crash(reason: string): void }) => {
      const later = async () => {
        for (let turn = 0; turn < turns; turn++) await undefined
        crash('gone')
      }
      void later()
    }
    const loading = host.load(source('a', { functions: { f: () => 1 }, setup }, { restart: { intensity: 0 } }))
    const loaded = await loading.then(
      () => true,
      () => false,
    )
    await new Promise((resolve) => setImmediate(resolve))
    expect(host.plugin('a')?.state, `after ${turns} turns`).toBe(loaded ? 'quarantined' : undefined)
  }
})

it('ends every plugin though the configuration cannot be closed', async () => {
  const broken = async () => {
    throw new Error('the disk is gone')
  }
  const fixed = fixedConfig()
  const config = { ...fixed, open: async () => ({ values: {}, participate() {}, close: broken }), close: broken }
  const host = hostOf({ config: () => config })
  const ended: string[] = []
  await host.load(source('a', { teardown: () => ended.push('a') }))
  await host.load(source('b', { teardown: () => ended.push('b') }))
  await host.stop()
  expect(ended).toEqual(['b', 'a'])
  expect(host.plugins()).toEqual([])
})

it('ends calls of host functions that are still under way when the host stops', async () => {
  const descriptor = { name: 'hang' }
  const host = hostOf({ functions: [{ descriptor, run: () => new Promise(() => {}) }] })
  const call = expect(host.call('hang')).rejects.toMatchObject({ code: 'BP_CLOSED' })
  await host.stop()
  await call
})

it('refuses a timeout that is no number, which would never be over', async () => {
  await using host = hostOf()
  await host.load(source('a', { functions: { f: () => 1 } }))
  await expect(host.call('f', {}, { timeoutMs: Number.NaN })).rejects.toMatchObject({ code: 'BP_INVALID_ARGUMENT' })
})

it('takes the answer of an interceptor that is no promise', async () => {
  await using host = hostOf({ interceptors: [(() => 5) as never] })
  await host.load(source('a', { functions: { f: () => 1 } }))
  expect(await host.call('f')).toBe(5)
})

it('goes on when the mesh cannot announce what a plugin offers', async () => {
  const mesh = {
    serve() {},
    advertise({ functions }: { functions: readonly { name: string; labels?: object }[] }) {
      if (functions.some(({ labels }) => labels)) throw new Error('cannot be encoded')
    },
    close: async () => {},
  }
  await using host = hostOf({ mesh: () => mesh as never })
  await host.load(source('odd', { functions: { odd: { labels: { n: 1n as never }, run: () => 1 } } }))
  await host.load(source('fine', { functions: { fine: () => 2 } }))
  expect(await host.call('fine')).toBe(2)
  await host.unload('odd')
  expect(host.plugins().map(({ id }) => id)).toEqual(['fine'])
})

it('lets calls through after the clock was set back', async () => {
  const time = manualClock(1e12)
  let backMs = 0
  const clock = { now: () => time.now() - backMs, after: time.after }
  await using host = hostOf({ clock })
  await host.load(source('a', { functions: { f: () => 1 } }, { limits: { calls_per_second: 10 } }))
  await host.call('f')
  backMs = 3_600_000
  expect(await host.call('f')).toBe(1)
})
