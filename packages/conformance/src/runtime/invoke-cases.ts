import type { Params, Value } from '@backplane/core'
import { expect } from 'vitest'
import { gate, pause, rejection, soon, until } from '../waiting.ts'
import type { Loaded, RuntimeBench, RuntimeCase } from './bench.ts'
import type { RuntimeLack } from './fixtures.ts'

const roundTrips: Record<string, { readonly values: readonly Value[]; readonly need?: RuntimeLack }> = {
  'true and false': { values: [true, false], need: 'values.scalars' },
  'whole numbers': {
    values: [0, 1, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER],
    need: 'values.scalars',
  },
  fractions: { values: [0.5, -1.25, 0.1 + 0.2, 1e300, 5e-324, Math.PI], need: 'values.scalars' },
  'integers beyond 2^53': {
    values: [2n ** 53n, 9007199254740993n, -(2n ** 63n), 2n ** 64n - 1n, 10n ** 60n, [-(2n ** 70n), { a: 2n ** 53n }]],
    need: 'values.bigint',
  },
  'what is not finite, and floats of all sizes': {
    values: [Number.NaN, Infinity, -Infinity, -0, 2 ** 53, 1e20, [Number.NaN, { a: -Infinity }]],
    need: 'values.nonFinite',
  },
  'plain text': { values: ['', ' ', 'text', '0', 'null', '"quoted" \\ / \n\r\t'] },
  'text of all the world': {
    values: ['grün', '日本語', '👩‍👩‍👧‍👦 family', 'e\u0301', '\u0000\u0001\u007f\u2028\ufeff', 'ﷺ', '\ud83d\ude00'],
    need: 'values.unicode',
  },
  'null and nulls inside': { values: [null, { a: null }, [null]], need: 'values.null' },
  'empty lists and objects': { values: [[], {}, [[]], { a: {} }], need: 'values.lists' },
  lists: {
    values: [[1, 'two', true], [[1], [2, [3]]], numbers(10_000)],
    need: 'values.lists',
  },
  objects: {
    values: [
      { a: 1, b: { c: [1, { d: 'e' }] } },
      { '': 1, 'a.b': 2, 'ü 日': 3, constructor: 4, toString: 5, '0': 6 },
    ],
    need: 'values.nesting',
  },
  'deep nesting': { values: [nested(60)], need: 'values.nesting' },
  'a name that JavaScript holds sacred': {
    values: [JSON.parse('{"__proto__":{"polluted":true},"b":1}')],
    need: 'values.nesting',
  },
  bytes: { values: [Uint8Array.from({ length: 256 }, (_, i) => i), new Uint8Array()], need: 'values.bytes' },
  'bytes inside': { values: [{ a: Uint8Array.of(1, 2, 3), b: [Uint8Array.of(255)] }], need: 'values.bytes' },
  'a mebibyte of text': { values: ['0123456789abcdef'.repeat(65_536)] },
  'a mebibyte of bytes': {
    values: [Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 7) & 0xff)],
    need: 'values.bytes',
  },
}

const gone = ['BP_ABORTED', 'BP_TIMEOUT', 'BP_PLUGIN_EXITED']

/** Calls: what they carry, how they fail, and how they end early. */
export const invokeCases: Record<string, RuntimeCase> = {
  ...Object.fromEntries(
    Object.entries(roundTrips).map(([kind, { values, need }]): [string, RuntimeCase] => [
      `${kind}: parameters and results are carried as they are`,
      async (bench) => {
        if (need) bench.need(need)
        const echo = await bench.run('echo')
        for (const value of values) {
          const answer = await echo.call('echo', { value })
          if (!same(answer, value)) expect(answer).toStrictEqual(value)
        }
        expect(({} as Record<string, unknown>).polluted).toBe(undefined)
      },
    ]),
  ),
  async 'a parameter that is absent, or undefined, is absent'(bench) {
    const echo = await bench.run('echo')
    expect(await echo.call('echo')).toBe(null)
    expect(await echo.call('echo', { value: undefined })).toBe(null)
    bench.need('values.nesting')
    expect(await echo.call('echo', { value: { a: undefined, b: 1 } } as Params)).toStrictEqual({ b: 1 })
  },
  async 'nothing is shared by reference: what is changed here stays as it is there'(bench) {
    bench.need('values.lists')
    const keeper = await bench.run('state')
    const value = [1]
    await keeper.call('put', { value })
    value.push(2)
    const kept = (await keeper.call('get')) as number[]
    expect(kept).toEqual([1])
    kept.push(3)
    expect(await keeper.call('get')).toEqual([1])
  },
  async 'an instance keeps its state from call to call'(bench) {
    const counter = await bench.run('count')
    expect([await counter.call('count'), await counter.call('count'), await counter.call('count')]).toEqual([1, 2, 3])
  },
  async 'a hundred calls at once each get their own answer'(bench) {
    const echo = await bench.run('echo')
    const asked = Array.from({ length: 100 }, (_, i) => `call ${i}`)
    expect(await Promise.all(asked.map((value) => echo.call('echo', { value })))).toEqual(asked)
  },
  async 'calls run at the same time: a later one may be done first'(bench) {
    const loaded = await bench.run('sleep')
    const order: Value[] = []
    const slow = loaded.call('sleep', { ms: 300, value: 'slow' }).then((value) => order.push(value))
    const quick = loaded.call('sleep', { ms: 1, value: 'quick' }).then((value) => order.push(value))
    await Promise.all([slow, quick])
    expect(order).toEqual(['quick', 'slow'])
  },
  async 'twenty calls that wait do so together'(bench) {
    const loaded = await bench.run('sleep')
    const took = async (work: () => Promise<unknown>) => {
      const begin = performance.now()
      await work()
      return performance.now() - begin
    }
    const one = await took(() => loaded.call('sleep', { ms: 1000, value: 0 }))
    const all = await took(() => Promise.all(numbers(20).map((value) => loaded.call('sleep', { ms: 1000, value }))))
    expect(all / one, 'one after the other they would take twenty times as long as one').toBeLessThan(10)
  },
  async 'a function that is not there: BP_FUNCTION_UNKNOWN, and the plugin goes on'(bench) {
    const echo = await bench.run('echo')
    for (const name of ['no_such_function', 'constructor', '__proto__', ''])
      await rejection(echo.call(name), ['BP_FUNCTION_UNKNOWN', 'BP_PLUGIN_FAILED'])
    expect(await echo.call('echo', { value: 'fine' })).toBe('fine')
  },
  async "a plugin's own error: BP_PLUGIN_FAILED, with its text"(bench) {
    const loaded = await bench.run('fail')
    const error = await rejection(loaded.call('fail', { message: 'the valve is stuck' }), 'BP_PLUGIN_FAILED')
    expect(error.message).toContain('the valve is stuck')
    expect(error.retryable).toBe(false)
  },
  async 'the text of an error may hold anything'(bench) {
    const loaded = await bench.run('fail')
    for (const message of ['line one\nline two', '{plugin} {"a":1} %s', 'ünïcödé 😀'])
      expect((await rejection(loaded.call('fail', { message }), 'BP_PLUGIN_FAILED')).message).toContain(message)
  },
  async 'an error without text is an error all the same'(bench) {
    const loaded = await bench.run('fail')
    await rejection(loaded.call('fail', { message: '' }), 'BP_PLUGIN_FAILED')
  },
  async 'after an error the plugin goes on, with its state'(bench) {
    const loaded = await bench.run('fail')
    expect(await loaded.call('count')).toBe(1)
    for (let i = 0; i < 20; i++) await rejection(loaded.call('fail', { message: 'again' }), 'BP_PLUGIN_FAILED')
    expect(await loaded.call('count')).toBe(2)
    expect(loaded.context.exits).toEqual([])
  },
  async 'an error fails its own call only'(bench) {
    const loaded = await bench.run('fail')
    const failing = loaded.call('fail', { message: 'mine' })
    const counting = loaded.call('count')
    await rejection(failing, 'BP_PLUGIN_FAILED')
    expect(await counting).toBe(1)
  },
  async 'a call ends soon after its caller gives up, though the function goes on'(bench) {
    const loaded = await bench.run('hang')
    const controller = new AbortController()
    const hanging = loaded.call('hang', {}, { signal: controller.signal })
    hanging.catch(() => {})
    await pause(30)
    controller.abort()
    await rejection(soon(hanging, 'the call ends', bench.patienceMs), gone)
  },
  async 'a call ends soon after its deadline'(bench) {
    const loaded = await bench.run('hang')
    await rejection(soon(loaded.call('hang', {}, { timeoutMs: 50 }), 'the call ends', bench.patienceMs), gone)
  },
  async 'after a call that hung, the instance works on or says that it ended'(bench) {
    const loaded = await bench.run('hang')
    await rejection(loaded.call('hang', {}, { timeoutMs: 50 }), gone)
    await worksOrEnded(bench, loaded)
  },
  async 'a function that keeps its thread busy is ended by its deadline'(bench) {
    const loaded = await bench.run('spin')
    await rejection(soon(loaded.call('spin', {}, { timeoutMs: 100 }), 'the call ends', bench.patienceMs), gone)
    await worksOrEnded(bench, loaded)
  },
  async 'while one instance keeps its thread busy, another works'(bench) {
    const busy = await bench.run('spin')
    const other = await bench.run('echo')
    const spinning = busy.call('spin', {}, { timeoutMs: 400 })
    spinning.catch(() => {})
    expect(await soon(other.call('echo', { value: 1 }), 'the other answers', bench.patienceMs)).toBe(1)
    await rejection(spinning, gone)
  },
  async 'a busy thread can be stopped by force'(bench) {
    const loaded = await bench.run('spin')
    const spinning = loaded.call('spin')
    spinning.catch(() => {})
    await pause(50)
    await loaded.stop(true)
    await rejection(soon(spinning, 'the call ends', bench.patienceMs), gone)
  },
  async 'a function hears that its call was cancelled'(bench) {
    const loaded = await bench.run('wait')
    const controller = new AbortController()
    const waiting = loaded.call('wait', {}, { signal: controller.signal })
    waiting.catch(() => {})
    await pause(30)
    expect(await loaded.call('cancelled')).toBe(0)
    controller.abort()
    await soon(
      waiting.catch(() => {}),
      'the call ends',
      bench.patienceMs,
    )
    let cancelled: Value = 0
    for (let i = 0; i < 200 && cancelled === 0; i++) {
      cancelled = await loaded.call('cancelled')
      await pause(5)
    }
    expect(cancelled).toBe(1)
  },
  async 'cancelling one call leaves the others'(bench) {
    const loaded = await bench.run('sleep')
    const controller = new AbortController()
    const cancelled = loaded.call('sleep', { ms: 5000, value: 'a' }, { signal: controller.signal })
    cancelled.catch(() => {})
    const other = loaded.call('sleep', { ms: 100, value: 'b' })
    controller.abort()
    await rejection(soon(cancelled, 'the call ends', bench.patienceMs), gone)
    expect(await other).toBe('b')
  },
  async 'a call whose signal has aborted already rejects'(bench) {
    const loaded = await bench.run('count')
    await rejection(loaded.call('count', {}, { signal: AbortSignal.abort() }), gone)
    expect(loaded.context.exits).toEqual([])
  },
  async 'the items of a stream come in order, then its result'(bench) {
    const loaded = await bench.run('stream')
    expect(loaded.instance.functions.find((each) => each.name === 'stream')?.stream).toBe('items')
    const items: Value[] = []
    const result = await loaded.call('stream', { count: 100 }, { send: async (item) => void items.push(item) })
    expect(items).toEqual(Array.from({ length: 100 }, (_, n) => ({ n })))
    expect(result).toBe(100)
  },
  async 'a stream may be empty'(bench) {
    const loaded = await bench.run('stream')
    const items: Value[] = []
    expect(await loaded.call('stream', { count: 0 }, { send: async (item) => void items.push(item) })).toBe(0)
    expect(items).toEqual([])
  },
  async 'streams at once do not mix'(bench) {
    const loaded = await bench.run('stream')
    const counts = [5, 17, 40]
    const got = await Promise.all(
      counts.map(async (count) => {
        const items: Value[] = []
        const send = async (item: Value) => {
          items.push(item)
          await pause(1)
        }
        return { result: await loaded.call('stream', { count }, { send }), items: items.length }
      }),
    )
    expect(got).toEqual(counts.map((count) => ({ result: count, items: count })))
  },
  async 'a slow consumer holds the stream back'(bench) {
    const loaded = await bench.run('stream')
    const held = gate()
    let sent = 0
    const streaming = loaded.call(
      'stream',
      { count: 2000 },
      {
        send: () => {
          sent++
          return held.opened
        },
      },
    )
    await until(() => sent > 0, 'the first item')
    await pause(100)
    expect(sent, 'items sent while the consumer has not taken the first').toBeLessThan(200)
    held.open()
    expect(await streaming).toBe(2000)
    expect(sent).toBe(2000)
  },
  async 'a stream ends soon after its caller gives up'(bench) {
    const loaded = await bench.run('stream')
    const controller = new AbortController()
    let sent = 0
    const streaming = loaded.call(
      'stream',
      { count: 1_000_000 },
      {
        signal: controller.signal,
        send: async () => {
          if (++sent === 5) controller.abort()
        },
      },
    )
    await rejection(soon(streaming, 'the stream ends', bench.patienceMs), [...gone, 'BP_PLUGIN_FAILED'])
    const then = sent
    await pause(50)
    expect(sent).toBeLessThan(then + 200)
  },
}

/** After a call that had to be ended: the instance answers, or it has said that it is gone. */
async function worksOrEnded(bench: RuntimeBench, loaded: Loaded): Promise<void> {
  const outcome = await soon(
    loaded.call('count').catch((error: { code: string }) => error.code),
    'the instance answers',
    bench.patienceMs,
  )
  if (outcome === 1) return expect(loaded.context.exits).toEqual([])
  expect(outcome).toBe('BP_PLUGIN_EXITED')
  await until(() => loaded.context.exits.length === 1, 'the end is told')
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n)
}

function nested(depth: number): Value {
  let value: Value = 'bottom'
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { down: value }
  return value
}

/** Compares large values quickly; anything else is left to the test framework, whose differences read better. */
function same(a: Value, b: Value): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array)
    return (
      Object.getPrototypeOf(a) === Uint8Array.prototype && a.length === b.length && a.every((byte, i) => byte === b[i])
    )
  return typeof a === 'string' && a === b
}
