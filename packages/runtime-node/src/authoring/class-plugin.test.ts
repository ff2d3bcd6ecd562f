import { systemClock } from '@backplane/core'
import { expect, test } from 'vitest'
import { testCall, testContext } from '../../test/harness.ts'
import { Program } from '../program/program.ts'
import { classDefinition, type PluginClass } from './class-plugin.ts'
import type { ModuleContext } from './context.ts'

const program = (of: PluginClass, manifest = {}) => {
  const whole = { id: 'test-plugin', ...manifest }
  return new Program({
    definition: classDefinition(of, whole),
    manifest: whole,
    context: testContext(),
    clock: systemClock,
  })
}

class Counter {
  static functions = { add: { description: 'Adds.' }, read: {}, each: {} }
  static events = { full: {} }
  static periodic = { tick: { intervalMs: 60_000 } }
  static subscriptions = [{ event: 'reset' }]
  static made = 0
  static stopped = 0

  count = 0
  ticks = 0
  readonly id: string
  read = () => ({ count: this.count, ticks: this.ticks, id: this.id })

  constructor(ctx: ModuleContext) {
    Counter.made++
    this.id = ctx.pluginId
  }

  start(state?: unknown) {
    this.count = Number(state ?? 0)
  }
  stop() {
    Counter.stopped++
  }
  add({ n }: { n: number }) {
    this.count += n
    return this.count
  }
  async *each() {
    yield this.count
  }
  tick() {
    this.ticks++
  }
  onEvent() {
    this.count = 0
  }
  handOver() {
    return this.count
  }
}

test('static fields declare, methods do, and it is made when it starts', async () => {
  const subject = program(Counter)
  expect(Counter.made).toBe(0)
  expect(subject.description).toEqual({
    functions: [{ name: 'add', description: 'Adds.' }, { name: 'read' }, { name: 'each', stream: 'items' }],
    events: [{ name: 'full' }],
    subscriptions: [{ event: 'reset' }],
    routines: ['tick'],
    has: { notify: true, reconfigure: false, handOver: true },
  })
  await subject.start(40)
  expect(subject.invoke(testCall('add', { n: 2 }))).toBe(42)
  expect(subject.invoke(testCall('read'))).toEqual({ count: 42, ticks: 1, id: 'test-plugin' })
  const each = testCall('each')
  await subject.invoke(each)
  expect(each.items).toEqual([42])
  expect(await subject.handOver()).toBe(42)
  await subject.notify({ device: 'd', event: 'reset', payload: {} })
  expect(subject.invoke(testCall('read'))).toMatchObject({ count: 0 })
  await subject.stop()
  expect([Counter.made, Counter.stopped]).toEqual([1, 1])
})

test('without static functions the manifest names the methods', async () => {
  class Bare {
    ping() {
      return 'pong'
    }
  }
  const subject = program(Bare as PluginClass, { functions: [{ name: 'ping', description: 'Pings.' }] })
  await subject.start()
  expect(subject.description.functions).toEqual([{ name: 'ping', description: 'Pings.' }])
  expect(subject.invoke(testCall('ping'))).toBe('pong')
  await subject.stop()
})

test('a declared method that is missing is named', async () => {
  class Half {
    static functions = { ping: {} }
    pong() {}
  }
  await expect(program(Half as PluginClass).start()).rejects.toMatchObject({
    code: 'BP_PLUGIN_LOAD_FAILED',
    message: expect.stringContaining("class 'Half' declares 'ping' but has no method of that name"),
  })
})
