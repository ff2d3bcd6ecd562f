import { expect } from 'vitest'
import { pause, rejection, soon, until } from '../waiting.ts'
import type { RuntimeCase } from './bench.ts'

/** Crashing, stopping, handing over, and instances beside each other. */
export const endCases: Record<string, RuntimeCase> = {
  async 'a crash: its call fails with BP_PLUGIN_EXITED, and the host is told once'(bench) {
    const loaded = await bench.run('crash')
    const error = await rejection(soon(loaded.call('crash'), 'the call ends', bench.patienceMs), 'BP_PLUGIN_EXITED')
    expect(error.message).toContain(bench.fixture('crash').manifest.id)
    await until(() => loaded.context.exits.length > 0, 'the end is told', bench.patienceMs)
    await pause(50)
    expect(loaded.context.exits.map((exit) => exit.code)).toEqual(['BP_PLUGIN_EXITED'])
    expect(loaded.context.exits[0]?.next).toMatch(/\S/)
  },
  async 'a crash fails every call under way'(bench) {
    const loaded = await bench.run('crash')
    const others = [1, 2, 3].map((value) => loaded.call('sleep', { ms: 20_000, value }))
    for (const other of others) other.catch(() => {})
    await pause(50)
    await rejection(soon(loaded.call('crash'), 'the call ends', bench.patienceMs), 'BP_PLUGIN_EXITED')
    for (const other of others) await rejection(soon(other, 'the call ends', bench.patienceMs), 'BP_PLUGIN_EXITED')
  },
  async 'after a crash calls fail at once'(bench) {
    const loaded = await bench.run('crash')
    await rejection(loaded.call('crash'), 'BP_PLUGIN_EXITED')
    await until(() => loaded.context.exits.length > 0, 'the end is told', bench.patienceMs)
    await rejection(
      soon(loaded.call('sleep', { ms: 1, value: 1 }), 'the call ends', bench.patienceMs),
      'BP_PLUGIN_EXITED',
    )
  },
  async 'what has crashed can be stopped, and says nothing more'(bench) {
    const loaded = await bench.run('crash')
    await rejection(loaded.call('crash'), 'BP_PLUGIN_EXITED')
    await until(() => loaded.context.exits.length > 0, 'the end is told', bench.patienceMs)
    await loaded.stop()
    await pause(50)
    expect(loaded.context.exits).toHaveLength(1)
  },
  async 'a crash leaves the other instances alone'(bench) {
    const [one, two] = [await bench.run('crash'), await bench.run('crash')]
    const other = two.call('sleep', { ms: 200, value: 'still here' })
    await rejection(one.call('crash'), 'BP_PLUGIN_EXITED')
    expect(await other).toBe('still here')
    expect(two.context.exits).toEqual([])
  },
  async 'after a crash the plugin can be loaded again'(bench) {
    const first = await bench.run('crash')
    await rejection(first.call('crash'), 'BP_PLUGIN_EXITED')
    await first.stop()
    const next = await bench.run('crash')
    expect(await next.call('sleep', { ms: 1, value: 'back' })).toBe('back')
  },
  async 'a plugin that ends by itself is told once'(bench) {
    const { context } = await bench.run('exit')
    await until(() => context.exits.length > 0, 'the end is told', bench.patienceMs)
    await pause(100)
    expect(context.exits.map((exit) => exit.code)).toEqual(['BP_PLUGIN_EXITED'])
  },
  async 'stopping is no exit'(bench) {
    const loaded = await bench.run('echo')
    await loaded.stop()
    await pause(50)
    expect(loaded.context.exits).toEqual([])
  },
  async 'stop may be called again'(bench) {
    const { instance } = await bench.run('echo')
    const { signal } = new AbortController()
    await Promise.all([instance.stop({ signal }), instance.stop({ signal })])
    await soon(instance.stop({ signal: AbortSignal.abort() }), 'stopping again', bench.patienceMs)
  },
  async 'stop by force at once'(bench) {
    const loaded = await bench.run('echo')
    await loaded.stop(true)
    expect(loaded.context.exits).toEqual([])
  },
  async 'a stop that never ends is ended by force'(bench) {
    const loaded = await bench.run('stopHangs')
    expect(await loaded.call('echo', { value: 1 })).toBe(1)
    const force = new AbortController()
    let stopped = false
    const stopping = loaded.instance.stop({ signal: force.signal }).then(() => {
      stopped = true
    })
    await pause(100)
    expect(stopped, 'it is given its time').toBe(false)
    force.abort()
    await soon(stopping, 'force', bench.patienceMs)
    expect(loaded.context.exits).toEqual([])
  },
  async 'a call under way ends when its instance is stopped by force'(bench) {
    const loaded = await bench.run('hang')
    const hanging = [1, 2, 3].map(() => loaded.call('hang'))
    for (const each of hanging) each.catch(() => {})
    await pause(30)
    await loaded.stop(true)
    for (const each of hanging)
      await rejection(soon(each, 'the call ends', bench.patienceMs), ['BP_ABORTED', 'BP_PLUGIN_EXITED', 'BP_CLOSED'])
  },
  async 'what was stopped takes no calls'(bench) {
    const loaded = await bench.run('echo')
    await loaded.stop()
    await rejection(soon(loaded.call('echo', { value: 1 }), 'the call ends', bench.patienceMs), [
      'BP_ABORTED',
      'BP_CLOSED',
      'BP_PLUGIN_EXITED',
      'BP_PLUGIN_UNAVAILABLE',
    ])
  },
  async 'what is periodic goes on by itself'(bench) {
    const { context } = await bench.run('periodic')
    await until(() => context.emitted.length >= 3, 'three ticks')
    expect(context.emitted.slice(0, 3)).toEqual([1, 2, 3].map((n) => ({ event: 'tick', payload: { n } })))
  },
  async 'what is periodic ends with its instance'(bench) {
    const loaded = await bench.run('periodic')
    await until(() => loaded.context.emitted.length >= 1, 'a tick')
    await loaded.stop()
    const then = loaded.context.emitted.length
    await pause(150)
    expect(loaded.context.emitted).toHaveLength(then)
  },
  async 'what is periodic is so in each instance'(bench) {
    const [one, two] = [await bench.run('periodic'), await bench.run('periodic')]
    for (const { context } of [one, two]) await until(() => context.emitted.length >= 2, 'two ticks')
    await one.stop()
    const then = two.context.emitted.length
    await until(() => two.context.emitted.length > then, 'the other goes on')
  },
  async 'two instances of one plugin share no state'(bench) {
    const [one, two] = [await bench.run('count'), await bench.run('count')]
    await Promise.all([one.call('count'), one.call('count'), one.call('count')])
    expect(await two.call('count')).toBe(1)
    expect(await one.call('count')).toBe(4)
  },
  async 'stopping one of two instances leaves the other, and calls under way in it'(bench) {
    const [one, two] = [await bench.run('sleep'), await bench.run('sleep')]
    const under = two.call('sleep', { ms: 200, value: 'done' })
    await one.stop()
    expect(await under).toBe('done')
    expect(await two.call('sleep', { ms: 1, value: 'again' })).toBe('again')
  },
  async 'the next instance starts with what the former hands over'(bench) {
    const [one, two] = [await bench.run('state'), await bench.load('state')]
    await one.call('put', { value: { seen: [1, 'two', { three: true }] } })
    const { signal } = new AbortController()
    expect(one.instance.handOver, 'an instance whose plugin hands over has handOver').toBeTypeOf('function')
    const state = await one.instance.handOver?.({ signal })
    await two.start(state)
    expect(await two.call('get')).toEqual({ seen: [1, 'two', { three: true }] })
  },
  async 'without a state it starts afresh'(bench) {
    const one = await bench.run('state')
    await one.call('put', { value: 'mine' })
    const two = await bench.run('state')
    expect(await two.call('get')).toBe(null)
  },
  async 'what has handed over goes on when the next does not come'(bench) {
    const one = await bench.run('state')
    await one.call('put', { value: 'kept' })
    await one.instance.handOver?.({ signal: new AbortController().signal })
    expect(await one.call('get')).toBe('kept')
    await one.call('put', { value: 'newer' })
    expect(await one.call('get')).toBe('newer')
  },
}
