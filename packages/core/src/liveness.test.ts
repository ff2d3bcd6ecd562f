import { describe, expect, it } from 'vitest'
import type { HostInit } from './contracts/host.ts'
import { createHost } from './host.ts'
import { type LivenessInit, liveness } from './liveness.ts'
import { type FunctionPlugin, functionRuntime, type ManualClock, manualClock } from './memory/index.ts'

const never = () => new Promise<never>(() => {})

/** A host with one plugin, `a`, and what became of its instances. */
async function hostWith(plugin: FunctionPlugin, init: Partial<HostInit> = {}, asked: LivenessInit | false = {}) {
  const clock: ManualClock = manualClock(1_000_000)
  const ended: string[] = []
  const host = createHost({
    identity: { deviceId: 'one' },
    runtimes: [functionRuntime({ liveness: liveness(asked) })],
    clock,
    random: () => 0.5,
    ...init,
  })
  host.on((event) => {
    if (event.type === 'plugin.exited') ended.push(event.error.message)
  })
  await host.load({ manifest: { id: 'a', runtime: 'function' }, module: plugin })
  return { host, clock, ended }
}

describe('a plugin that does not answer', () => {
  it('is ended and restarted, with the reason', async () => {
    let deaf = false
    const { host, clock, ended } = await hostWith({ health: () => (deaf ? never() : { ok: true }) })
    await clock.advance(120_000)
    expect(ended).toEqual([])
    deaf = true
    await clock.advance(19_999)
    expect(host.plugin('a')?.state).toBe('running')
    deaf = false
    await clock.advance(10_001)
    expect(ended).toEqual(["Plugin 'a' ended unexpectedly: it did not answer within 10000 ms and was ended"])
    expect(host.plugin('a')).toMatchObject({ state: 'running', generation: 2 })
    await host.stop()
    expect(clock.pending).toBe(0)
  })

  it('is not asked to end: it is ended by force', async () => {
    let deaf = false
    let torn = 0
    const { host, clock } = await hostWith({ health: () => (deaf ? never() : { ok: true }), teardown: () => ++torn })
    deaf = true
    await clock.advance(25_000)
    deaf = false
    expect(host.plugin('a')?.error?.message ?? '').toMatch(/did not answer/)
    await clock.advance(60_000)
    expect(host.plugin('a')?.state).toBe('running')
    await host.stop()
  })

  it('is put into quarantine when that happens too often', async () => {
    let starts = 0
    const health = () => (starts++ % 2 === 0 ? { ok: true } : never())
    const { host, clock } = await hostWith({ health }, { restart: { intensity: 1, period_ms: 600_000 } })
    await clock.advance(120_000)
    expect(host.plugin('a')?.state).toBe('quarantined')
    await host.stop()
  })

  it('is found at once after a call that ran out of time', async () => {
    let deaf = false
    const { host, clock, ended } = await hostWith(
      { health: () => (deaf ? never() : { ok: true }), functions: { hang: never } },
      {},
      { intervalMs: 3_600_000, timeoutMs: 500 },
    )
    deaf = true
    const call = host.call('hang', {}, { timeoutMs: 1000 }).catch((error) => error.code)
    await clock.advance(1100)
    expect(await call).toBe('BP_TIMEOUT')
    deaf = false
    await clock.advance(500)
    expect(ended).toHaveLength(1)
    await host.stop()
  })

  it('is found though calls never cease', async () => {
    let deaf = false
    const { host, clock, ended } = await hostWith({
      health: () => (deaf ? never() : { ok: true }),
      functions: { hang: never },
    })
    deaf = true
    const calls: Promise<unknown>[] = []
    for (let second = 0; second < 90 && ended.length === 0; second++) {
      calls.push(host.call('hang', {}, { timeoutMs: 30_000 }).catch(() => {}))
      await clock.advance(1000)
    }
    expect(ended).toHaveLength(1)
    deaf = false
    await host.stop()
    await Promise.all(calls)
  })
})

describe('a plugin is left alone', () => {
  it('while it works: a question waits for the calls that were there before it', async () => {
    let done: (() => void) | undefined
    // A single thread: while it works it hears nothing.
    const health = () => (done ? new Promise<{ ok: boolean }>((resolve) => waiting.push(resolve)) : { ok: true })
    const waiting: ((health: { ok: boolean }) => void)[] = []
    const work = () =>
      new Promise<string>((resolve) => {
        done = () => {
          done = undefined
          resolve('done')
          for (const answer of waiting.splice(0)) answer({ ok: true })
        }
      })
    const { host, clock, ended } = await hostWith({ health, functions: { work } })
    const call = host.call('work', {}, { timeoutMs: 600_000 })
    await clock.advance(590_000)
    done?.()
    expect(await call).toBe('done')
    await clock.advance(60_000)
    expect(ended).toEqual([])
    await host.stop()
  })

  it.each([
    ['that answers that it is unwell', () => ({ ok: false, message: 'tired' })],
    ['whose health check fails', () => Promise.reject(new Error('no database'))],
  ])('%s', async (_what, unwell) => {
    let well = true
    const { host, clock, ended } = await hostWith({ health: () => (well ? { ok: true } : unwell()) })
    well = false
    await clock.advance(120_000)
    expect(ended).toEqual([])
    await host.stop()
  })

  it('where nobody is to be asked', async () => {
    let deaf = false
    const { host, clock, ended } = await hostWith({ health: () => (deaf ? never() : { ok: true }) }, {}, false)
    deaf = true
    await clock.advance(600_000)
    expect(ended).toEqual([])
    await host.stop()
  })

  it('once it has been unloaded', async () => {
    let asked = 0
    const { host, clock } = await hostWith({ health: () => ({ ok: ++asked > 0 }) })
    await host.unload('a')
    const before = asked
    await clock.advance(60_000)
    expect(asked).toBe(before)
    expect(clock.pending).toBe(0)
    await host.stop()
  })
})
