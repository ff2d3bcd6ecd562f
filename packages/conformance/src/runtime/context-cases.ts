import { coreError } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { expect } from 'vitest'
import { failure, gate, pause, rejection, soon, until } from '../waiting.ts'
import type { Loaded, RuntimeCase } from './bench.ts'

/** What a plugin says to its host and hears from it. */
export const contextCases: Record<string, RuntimeCase> = {
  async 'an event reaches the host with its payload'(bench) {
    const loaded = await bench.run('emit')
    expect(await loaded.call('emit', { event: 'said', payload: { text: 'hello', n: 1 } })).toBe(null)
    expect(loaded.context.emitted).toEqual([{ event: 'said', payload: { text: 'hello', n: 1 } }])
  },
  async 'events keep their order'(bench) {
    const loaded = await bench.run('emit')
    for (let n = 0; n < 50; n++) await loaded.call('emit', { event: 'said', payload: { n } })
    expect(loaded.context.emitted.map((each) => each.payload?.n)).toEqual(Array.from({ length: 50 }, (_, n) => n))
  },
  async 'emitting waits until the host has taken it'(bench) {
    const held = gate()
    const loaded = await bench.run('emit', { onEmit: () => held.opened })
    let done = false
    const emitting = loaded.call('emit', { event: 'said', payload: {} }).then(() => {
      done = true
    })
    await until(() => loaded.context.emitted.length === 1, 'the event reaches the host')
    await pause(50)
    expect(done).toBe(false)
    held.open()
    await soon(emitting, 'the call ends', bench.patienceMs)
  },
  async 'an event that the host refuses fails in the plugin, and ends nothing'(bench) {
    const loaded = await bench.run('emit', {
      onEmit: async () => {
        throw contractError('BP_DISCONNECTED', { details: { address: 'the mesh' } })
      },
    })
    await rejection(loaded.call('emit', { event: 'said', payload: {} }), ['BP_DISCONNECTED', 'BP_PLUGIN_FAILED'])
    expect(loaded.context.exits).toEqual([])
  },
  async 'a plugin calls a function of its host and gets the answer'(bench) {
    const asked: unknown[] = []
    const loaded = await bench.run('invoke', {
      onInvoke: async (name, params) => {
        asked.push([name, params])
        return { sum: 42 }
      },
    })
    expect(await loaded.call('invoke', { name: 'other.add', params: { a: 1 } })).toEqual({ sum: 42 })
    expect(asked).toEqual([['other.add', { a: 1 }]])
  },
  async 'an error of the function that it called reaches the plugin with its text'(bench) {
    const loaded = await bench.run('invoke', {
      onInvoke: async () => {
        throw coreError('BP_FUNCTION_UNKNOWN', { details: { name: 'nowhere' } })
      },
    })
    const error = await rejection(loaded.call('invoke', { name: 'nowhere', params: {} }), [
      'BP_FUNCTION_UNKNOWN',
      'BP_PLUGIN_FAILED',
    ])
    expect(error.message).toContain('Unknown method: nowhere')
  },
  async 'a plugin that calls itself through the host does not lock itself out'(bench) {
    const loaded: Loaded = await bench.run('invoke', {
      onInvoke: (name, params) => loaded.call(name, params),
    })
    const inner = { name: 'echo', params: { value: 'from inside' } }
    const calling = loaded.call('invoke', { name: 'invoke', params: { name: 'invoke', params: inner } })
    expect(await soon(calling, 'three calls deep', bench.patienceMs)).toBe('from inside')
  },
  async 'thirty calls to the host at once each get their own answer'(bench) {
    const loaded = await bench.run('invoke', {
      onInvoke: async (_, params) => {
        await pause((Number(params.n) * 7) % 20)
        return params.n ?? null
      },
    })
    const numbers = Array.from({ length: 30 }, (_, n) => n)
    const answers = numbers.map((n) => loaded.call('invoke', { name: 'x', params: { n } }))
    expect(await Promise.all(answers)).toEqual(numbers)
  },
  async 'a call to the host that never ends does not keep the instance from being stopped'(bench) {
    const asked = gate()
    const loaded = await bench.run('invoke', {
      onInvoke: () => {
        asked.open()
        return new Promise(() => {})
      },
    })
    const calling = loaded.call('invoke', { name: 'x', params: {} })
    calling.catch(() => {})
    await asked.opened
    await loaded.stop(true)
    await rejection(soon(calling, 'the call ends', bench.patienceMs), [
      'BP_ABORTED',
      'BP_TIMEOUT',
      'BP_PLUGIN_EXITED',
      'BP_PLUGIN_FAILED',
    ])
  },
  async 'what it logs reaches its logger, at its level'(bench) {
    const loaded = await bench.run('log')
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      await loaded.call('log', { level, message: `this is ${level}` })
      await until(
        () => loaded.context.logs.some((record) => record.level === level && record.text.includes(`this is ${level}`)),
        `the ${level} record`,
      )
    }
  },
  async 'logs of several lines and other scripts arrive whole'(bench) {
    const loaded = await bench.run('log')
    await loaded.call('log', { level: 'warn', message: 'grün 😀 "quoted" {braces}' })
    await until(() => loaded.context.logs.some((record) => record.text.includes('grün 😀')), 'the record')
  },
  async 'it sees who it is and what it may use'(bench) {
    const loaded = await bench.run('info', { stateDir: '/tmp/conformance-state', simulated: true })
    expect(await loaded.call('info')).toEqual({
      plugin_id: bench.fixture('info').manifest.id,
      state_dir: '/tmp/conformance-state',
      simulated: true,
    })
    const bare = await bench.run('info')
    expect(await bare.call('info')).toMatchObject({ state_dir: null, simulated: false })
  },
  async 'it sees its configuration from the start'(bench) {
    const loaded = await bench.run('config', { config: { mode: 'fast', limit: 7 } })
    expect(await loaded.call('config')).toEqual({ mode: 'fast', limit: 7 })
  },
  async 'new configuration is in force once reconfigure has resolved'(bench) {
    const loaded = await bench.run('config', { config: { mode: 'fast', limit: 7 } })
    const change = { values: { mode: 'slow', limit: 7 }, previous: { mode: 'fast', limit: 7 }, changed: ['mode'] }
    await reconfigure(loaded, change)
    expect(await loaded.call('config')).toEqual({ mode: 'slow', limit: 7 })
  },
  async 'configuration that the plugin refuses: rejected with its text, the former stays in force'(bench) {
    const loaded = await bench.run('config', { config: { mode: 'fast' } })
    const change = { values: { mode: 'refuse' }, previous: { mode: 'fast' }, changed: ['mode'] }
    await failure(reconfigure(loaded, change), 'mode refused')
    expect(await loaded.call('config')).toEqual({ mode: 'fast' })
    await reconfigure(loaded, { values: { mode: 'next' }, previous: { mode: 'fast' }, changed: ['mode'] })
    expect(await loaded.call('config')).toEqual({ mode: 'next' })
  },
  async 'it says how it is'(bench) {
    const loaded = await bench.run('health')
    const ask = () => loaded.instance.health?.({ signal: new AbortController().signal })
    expect(loaded.instance.health, 'an instance whose plugin says how it is has health').toBeTypeOf('function')
    expect(await ask()).toMatchObject({ ok: true })
    await loaded.call('set_health', { ok: false, message: 'the sensor is wet' })
    expect(await ask()).toMatchObject({ ok: false, message: 'the sensor is wet' })
    await loaded.call('set_health', { ok: true, message: '' })
    expect(await ask()).toMatchObject({ ok: true })
  },
  async 'what has no health of its own is healthy'(bench) {
    const loaded = await bench.run('echo')
    const health = await loaded.instance.health?.({ signal: new AbortController().signal })
    expect(health?.ok ?? true).toBe(true)
  },
  async 'events that it subscribed to are delivered, whole and in order'(bench) {
    const loaded = await bench.run('notify')
    expect(loaded.instance.notify, 'an instance whose plugin takes events has notify').toBeTypeOf('function')
    const sent = Array.from({ length: 10 }, (_, n) => ({
      device: `d${n % 2}`,
      event: 'said',
      payload: { n, text: 'ü' },
    }))
    for (const event of sent) await loaded.instance.notify?.(event)
    expect(await loaded.call('seen')).toEqual(sent)
  },
  async 'a function that appears is told, advertised and called'(bench) {
    const loaded = await bench.run('changing')
    const names = () => loaded.instance.functions.map((each) => each.name)
    expect(names()).not.toContain('brand_new')
    await loaded.call('offer', { name: 'brand_new' })
    await until(() => loaded.context.changes > 0, 'the change is told')
    expect(names()).toContain('brand_new')
    expect(await loaded.call('brand_new')).toBe('offered')
  },
}

type Change = Parameters<NonNullable<Loaded['instance']['reconfigure']>>[0]

/** Changes configuration as a slot does: the context shows the new values once the plugin has taken them. */
async function reconfigure({ instance, context }: Loaded, change: Change): Promise<void> {
  if (!instance.reconfigure) expect.fail('an instance whose plugin takes configuration has reconfigure')
  await instance.reconfigure(change)
  context.config = change.values
}
