import { coreError, type MeshCall, type Value } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { expect } from 'vitest'
import { gate, ordinaryError, pause, rejection, soon } from '../waiting.ts'
import type { MeshBench, MeshCase } from './bench.ts'

const carried: Record<string, readonly Value[]> = {
  'null, booleans and numbers': [null, true, false, 0, -1, 0.5, 1e300, Number.MAX_SAFE_INTEGER],
  'integers beyond 2^53': [
    2n ** 53n,
    9007199254740993n,
    -(2n ** 63n),
    2n ** 64n - 1n,
    [10n ** 60n, { a: -(2n ** 70n) }],
  ],
  'what is not finite': [Number.NaN, Infinity, -Infinity, [Number.NaN, { a: -Infinity }]],
  'floats of all sizes': [-0, 2 ** 53, 1e20, -1e21, 5e-324, Number.MAX_VALUE, 0.1 + 0.2],
  'names that are special elsewhere': [JSON.parse('{"__proto__":{"a":1},"constructor":2,"NaN":3}')],
  'text that no UTF-8 has': ['\ud800', '\udfff x'],
  text: ['', 'text', 'grün 日本語 👩‍👩‍👧‍👦', '"quoted" \\ \n\r\t\u0000\u2028'],
  'lists and objects': [[], {}, [1, 'two', [true, null]], { a: { b: [{ c: 1 }] }, '': 2, 'd.e': 3 }],
  'a hundred thousand characters': ['0123456789'.repeat(10_000)],
}

/** Calls from device to device. */
export const invokeCases: Record<string, MeshCase> = {
  async 'a call reaches the handler with name, parameters and caller, and its answer comes back'(bench) {
    const seen: MeshCall[] = []
    await bench.join('a', {
      handler: async (call) => {
        seen.push(call)
        return { sum: 3 }
      },
    })
    const b = await bench.join('b')
    expect(await b.invoke(bench.id('a'), 'math.add', { x: 1, y: 2 })).toEqual({ sum: 3 })
    expect(seen).toHaveLength(1)
    expect(seen[0]).toMatchObject({ name: 'math.add', params: { x: 1, y: 2 }, caller: { kind: 'mesh' } })
  },
  async 'without parameters the handler gets an empty object'(bench) {
    await bench.join('a', { handler: async ({ params }) => JSON.stringify(params) })
    const b = await bench.join('b')
    expect(await b.invoke(bench.id('a'), 'f')).toBe('{}')
  },
  ...Object.fromEntries(
    Object.entries(carried).map(([kind, values]): [string, MeshCase] => [
      `${kind} are carried as they are`,
      async (bench) => {
        await bench.join('a', { handler: async ({ params }) => params.value ?? null })
        const b = await bench.join('b')
        for (const value of values) expect(await b.invoke(bench.id('a'), 'echo', { value })).toStrictEqual(value)
      },
    ]),
  ),
  async 'bytes are carried as bytes, or as base64 text'(bench) {
    await bench.join('a', { handler: async () => Uint8Array.of(0, 1, 2, 250, 255) })
    const b = await bench.join('b')
    const answer = await b.invoke(bench.id('a'), 'bytes')
    expect(answer instanceof Uint8Array ? [...answer] : answer).toEqual(
      answer instanceof Uint8Array ? [0, 1, 2, 250, 255] : 'AAEC+v8=',
    )
  },
  async 'a function that is not there: BP_FUNCTION_UNKNOWN'(bench) {
    await bench.join('a', {
      handler: async ({ name }) => {
        throw coreError('BP_FUNCTION_UNKNOWN', { details: { name } })
      },
    })
    const b = await bench.join('b')
    const error = await rejection(b.invoke(bench.id('a'), 'nowhere'), 'BP_FUNCTION_UNKNOWN')
    expect(error.message).toContain('nowhere')
  },
  async 'parameters that miss their schema: BP_PARAMS_INVALID, with what is wrong'(bench) {
    await bench.join('a', {
      handler: async ({ name }) => {
        throw contractError('BP_PARAMS_INVALID', { details: { name, issues: '/x is not a number' } })
      },
    })
    const b = await bench.join('b')
    const error = await rejection(b.invoke(bench.id('a'), 'f', { x: 'one' }), 'BP_PARAMS_INVALID')
    expect(error.message).toContain('/x is not a number')
  },
  async "the function's own error: BP_REMOTE_FAILED, with its text"(bench) {
    await bench.join('a', {
      handler: async ({ name }) => {
        if (name === 'plain') throw ordinaryError('the valve is stuck: ünï 😀')
        throw coreError('BP_PLUGIN_FAILED', { details: { reason: 'the pump is dry' } })
      },
    })
    const b = await bench.join('b')
    const plain = await rejection(b.invoke(bench.id('a'), 'plain'), 'BP_REMOTE_FAILED')
    expect(plain.message).toContain('the valve is stuck: ünï 😀')
    expect((await rejection(b.invoke(bench.id('a'), 'f'), 'BP_REMOTE_FAILED')).message).toContain('the pump is dry')
  },
  async 'a result that cannot be carried is an error for its caller, and harms nobody'(bench) {
    await bench.join('a', { handler: async ({ name }) => (name === 'bad' ? ((() => {}) as unknown as Value) : 'fine') })
    const b = await bench.join('b')
    await rejection(b.invoke(bench.id('a'), 'bad'), 'BP_REMOTE_FAILED')
    expect(await b.invoke(bench.id('a'), 'good')).toBe('fine')
  },
  async 'nobody of that name: BP_NO_RESPONDER, before the time is over'(bench) {
    const b = await bench.join('b')
    const asked = b.invoke(bench.id('nobody'), 'f', {}, { timeoutMs: 60_000 })
    await rejection(soon(asked, 'the error comes before the timeout', bench.patienceMs), 'BP_NO_RESPONDER')
  },
  async 'who has left is nobody'(bench) {
    const a = await bench.join('a')
    const b = await bench.join('b')
    await b.invoke(bench.id('a'), 'f')
    await a.close()
    await rejection(b.invoke(bench.id('a'), 'f', {}, { timeoutMs: 10_000 }), 'BP_NO_RESPONDER')
  },
  async 'no answer in time: BP_TIMEOUT, and what comes too late disturbs nobody'(bench) {
    const held = gate()
    await bench.join('a', {
      handler: async ({ name }) => {
        if (name === 'slow') await held.opened
        return name
      },
    })
    const b = await bench.join('b')
    await rejection(b.invoke(bench.id('a'), 'slow', {}, { timeoutMs: 80 }), 'BP_TIMEOUT')
    held.open()
    for (const name of ['one', 'two', 'three']) expect(await b.invoke(bench.id('a'), name)).toBe(name)
  },
  async 'a call can be given up: BP_ABORTED, at once'(bench) {
    const held = await holding(bench)
    const b = await bench.join('b')
    const controller = new AbortController()
    const asked = b.invoke(bench.id('a'), 'f', {}, { signal: controller.signal, timeoutMs: 60_000 })
    asked.catch(() => {})
    await held.arrived
    controller.abort()
    await rejection(soon(asked, 'abort ends the call'), 'BP_ABORTED')
    held.open()
  },
  async 'a call whose signal has aborted is not made'(bench) {
    const names: string[] = []
    await bench.join('a', {
      handler: async ({ name }) => {
        names.push(name)
        return null
      },
    })
    const b = await bench.join('b')
    await rejection(b.invoke(bench.id('a'), 'aborted', {}, { signal: AbortSignal.abort() }), 'BP_ABORTED')
    await b.invoke(bench.id('a'), 'end')
    expect(names).toEqual(['end'])
  },
  async 'a hundred calls at once each get their own answer, in whatever order they come'(bench) {
    await bench.join('a', {
      handler: async ({ params }) => {
        await pause((Number(params.n) * 7) % 20)
        return params.n ?? null
      },
    })
    const b = await bench.join('b')
    const numbers = Array.from({ length: 100 }, (_, n) => n)
    expect(await Promise.all(numbers.map((n) => b.invoke(bench.id('a'), 'echo', { n })))).toEqual(numbers)
  },
  async 'handlers run at the same time'(bench) {
    const held = gate()
    await bench.join('a', {
      handler: async ({ name }) => {
        if (name === 'first') await held.opened
        return name
      },
    })
    const b = await bench.join('b')
    const first = b.invoke(bench.id('a'), 'first')
    expect(await soon(b.invoke(bench.id('a'), 'second'), 'the second answer')).toBe('second')
    held.open()
    expect(await first).toBe('first')
  },
  async 'a handler may call back'(bench) {
    const a = bench.make('a', { handler: async ({ name }) => a.invoke(bench.id('b'), `${name} and back`) })
    await a.connect()
    const b = await bench.join('b', { handler: async ({ name }) => name })
    expect(await soon(b.invoke(bench.id('a'), 'there'), 'the answer')).toBe('there and back')
  },
  async 'close rejects calls under way'(bench) {
    const held = await holding(bench)
    const b = await bench.join('b')
    const asked = b.invoke(bench.id('a'), 'f', {}, { timeoutMs: 60_000 })
    asked.catch(() => {})
    await held.arrived
    await b.close()
    await rejection(soon(asked, 'the call ends'), ['BP_CLOSED', 'BP_DISCONNECTED', 'BP_ABORTED'])
    held.open()
  },
}

/** Joins a device whose calls wait until they are let go; says when the first has arrived. */
async function holding(bench: MeshBench): Promise<{ readonly arrived: Promise<void>; open(): void }> {
  const [arrived, held] = [gate(), gate()]
  await bench.join('a', {
    handler: async () => {
      arrived.open()
      await held.opened
      return null
    },
  })
  return { arrived: arrived.opened, open: held.open }
}
