import { afterEach, expect, it } from 'vitest'
import { createHost, type Host } from '../src/index.ts'
import { type FunctionPlugin, functionRuntime, type ManualClock, manualClock } from '../src/memory/index.ts'

const never = () => new Promise<never>(() => {})
const hosts: Host[] = []

function setUp() {
  const clock: ManualClock = manualClock(1_000_000)
  const host = createHost({ identity: { deviceId: 'one' }, runtimes: [functionRuntime()], clock })
  hosts.push(host)
  const ended: string[] = []
  const load = (id: string, plugins: readonly string[] = [], module: FunctionPlugin = {}) => {
    const teardown = () => {
      ended.push(id)
    }
    return host.load({
      manifest: { id, runtime: 'function', dependencies: { plugins } },
      module: { teardown, ...module },
    })
  }
  return { host, clock, load, ended }
}

/** Lets time pass until it is through; gives how long it took, in milliseconds. */
async function timeOf(clock: ManualClock, work: Promise<unknown>): Promise<number> {
  const from = clock.now()
  let isOver = false
  void work.then(() => {
    isOver = true
  })
  while (!isOver && clock.now() < from + 600_000) await clock.advance(50)
  return clock.now() - from
}

afterEach(() => {
  hosts.length = 0
})

it.each([3, 50])('stops %i plugins whose calls and ends hang within one limit', async (count) => {
  const { host, clock, load } = setUp()
  const calls = []
  for (let n = 0; n < count; n++) {
    await load(`p${n}`, n % 3 === 0 ? [] : [`p${n - 1}`], { functions: { hang: never }, teardown: never })
    calls.push(host.call(`p${n}.hang`).catch((error) => error.code))
  }
  expect(await timeOf(clock, host.stop())).toBeLessThanOrEqual(8_050)
  expect(new Set(await Promise.all(calls))).toEqual(new Set(['BP_PLUGIN_UNAVAILABLE']))
  expect(host.plugins()).toEqual([])
})

it('takes no calls from outside while it stops, and plugins may still call those that they need', async () => {
  const { host, clock, load, ended } = setUp()
  await load('store', [], { functions: { put: () => 'kept' } })
  let kept: unknown
  await load('user', ['store'], {
    setup: (context) => {
      context.signal.addEventListener('abort', () => {})
      later = () => context.invoke('store.put')
    },
    teardown: async () => {
      kept = await later()
      ended.push('user')
    },
  })
  const stopping = host.stop()
  await expect(host.call('store.put')).rejects.toMatchObject({ code: 'BP_CLOSED' })
  await timeOf(clock, stopping)
  expect([kept, ended]).toEqual(['kept', ['user', 'store']])
})
let later: () => Promise<unknown> = async () => undefined

it('ends what needs others first, also after they were unloaded and loaded again', async () => {
  const { host, clock, load, ended } = setUp()
  await load('base')
  await load('middle', ['base'])
  await load('top', ['middle'])
  await timeOf(clock, host.unload('base', { cascade: true }))
  expect(ended.splice(0)).toEqual(['top', 'middle', 'base'])
  await load('base')
  await load('middle', ['base'])
  await load('other')
  await load('top', ['middle'])
  await timeOf(clock, host.stop())
  expect(ended.filter((id) => id !== 'other')).toEqual(['top', 'middle', 'base'])
})

it('refuses to unload what others need, and tells who; cascade ends those first and names all', async () => {
  const { host, load, ended } = setUp()
  await load('base')
  await load('user', ['base'])
  expect(host.plugin('base')?.dependents).toEqual(['user'])
  await expect(host.unload('base')).rejects.toMatchObject({
    code: 'BP_PLUGIN_NEEDED',
    message: "Plugin 'base' is needed by user.",
  })
  expect([host.plugin('base')?.state, ended]).toEqual(['running', []])
  expect(await host.unload('base', { cascade: true })).toEqual(['user', 'base'])
  expect(host.plugins()).toEqual([])
})

it('unloads what is needed only by plugins that are leaving already, after them', async () => {
  const { host, load, ended } = setUp()
  await load('base')
  await load('user', ['base'])
  await Promise.all([host.unload('user'), host.unload('base')])
  expect(ended).toEqual(['user', 'base'])
  expect(host.plugins()).toEqual([])
})
