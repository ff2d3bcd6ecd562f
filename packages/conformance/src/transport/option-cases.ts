import type { SubscribeOptions, Transport } from '@backplane/core'
import { expect } from 'vitest'
import { pause, rejection, soon } from '../waiting.ts'
import type { TransportCase } from './bench.ts'
import { methods } from './methods.ts'
import { bytes, text } from './payloads.ts'

/** What TypeScript would not let through, as JavaScript does. */
const noNumbers: Readonly<Record<string, unknown>> = { NaN: Number.NaN, 'a text': '50', null: null, 'an object': {} }
const noHandlers: Readonly<Record<string, unknown>> = { undefined, 'a text': 'handler', 'an object': { handle() {} } }
const noSubjects: Readonly<Record<string, unknown>> = { undefined, null: null, 'a number': 5, 'an array': ['a', 'b'] }
const noSignals: Readonly<Record<string, unknown>> = {
  'an AbortController': new AbortController(),
  'a text': 'signal',
  true: true,
}

const each = <T>(values: Readonly<Record<string, T>>, make: (what: string, value: T) => [string, TransportCase]) =>
  Object.fromEntries(Object.entries(values).map(([what, value]) => make(what, value)))

async function refusedByBoth(transport: Transport, subject: string, options: SubscribeOptions): Promise<void> {
  const subscribed = transport.subscribe(subject, () => {}, options)
  await rejection(subscribed, 'BP_INVALID_ARGUMENT')
  const served = transport.serve(subject, () => bytes(''), options)
  await rejection(served, 'BP_INVALID_ARGUMENT')
}

/** Each option that is wrong is refused by every method that takes it, before anything is sent or declared. */
export const optionCases: Record<string, TransportCase> = {
  ...each(noNumbers, (what, value) => [
    `timeoutMs that is ${what} is refused by connect, flush and request`,
    async (bench) => {
      const timeoutMs = value as number
      const idle = bench.make()
      await rejection(idle.connect({ timeoutMs }), 'BP_INVALID_ARGUMENT')
      expect(idle.status).toBe('idle')
      const a = await bench.open()
      let asked = 0
      await bench.answer(a, bench.subject('x'), ({ payload }) => {
        asked++
        return payload
      })
      await rejection(a.flush({ timeoutMs }), 'BP_INVALID_ARGUMENT')
      await rejection(a.request(bench.subject('x'), bytes(''), { timeoutMs }), 'BP_INVALID_ARGUMENT')
      await a.request(bench.subject('x'), bytes(''))
      expect(asked).toBe(1)
    },
  ]),
  ...each(noNumbers, (what, value) => [
    `maxPending that is ${what} is refused by subscribe and serve`,
    async (bench) => {
      const a = await bench.open()
      await refusedByBoth(a, bench.subject('x'), { maxPending: value as number })
    },
  ]),
  ...each({ null: null, 'a number': 5, 'an object': {}, 'a list': ['q'] }, (what, value) => [
    `a queue name that is ${what} is refused by subscribe and serve`,
    async (bench) => {
      const a = await bench.open()
      await refusedByBoth(a, bench.subject('x'), { queue: value as never })
    },
  ]),
  ...each(noHandlers, (what, value) => [
    `a handler that is ${what} is refused by subscribe and serve`,
    async (bench) => {
      const a = await bench.open()
      await rejection(a.subscribe(bench.subject('x'), value as never), 'BP_INVALID_ARGUMENT')
      await rejection(a.serve(bench.subject('x'), value as never), 'BP_INVALID_ARGUMENT')
      await rejection(a.request(bench.subject('x'), bytes('')), 'BP_NO_RESPONDER')
    },
  ]),
  ...each(noSubjects, (what, value) => [
    `a subject that is ${what} is refused by every method that takes one`,
    async (bench) => {
      const a = await bench.open()
      for (const { name, call } of methods)
        if (name !== 'flush') await rejection(call(a, value as string), 'BP_SUBJECT_INVALID')
    },
  ]),
  ...each(noSignals, (what, value) => [
    `a signal that is ${what} is refused by every method`,
    async (bench) => {
      const a = await bench.open()
      const options = { signal: value as AbortSignal }
      for (const { call } of methods) await rejection(call(a, bench.subject('x'), options), 'BP_INVALID_ARGUMENT')
      await rejection(bench.make().connect(options), 'BP_INVALID_ARGUMENT')
    },
  ]),
  async 'what is refused is a rejection, never thrown at the call'(bench) {
    const a = await bench.open()
    const calls = [
      () => a.publish(undefined as never, undefined as never),
      () => a.request('a..b', bytes('')),
      () => a.subscribe('a..b', () => {}),
      () => a.serve('a', undefined as never),
      () => a.flush({ timeoutMs: Number.NaN }),
    ]
    for (const call of calls) await rejection(call(), ['BP_SUBJECT_INVALID', 'BP_INVALID_ARGUMENT'])
  },
  async 'undefined options are as good as none'(bench) {
    const a = await bench.open()
    const none = { signal: undefined, timeoutMs: undefined, queue: undefined, maxPending: undefined } as object
    await bench.answer(a, bench.subject('x'), ({ payload }) => payload, none)
    await bench.hear(a, bench.subject('x'), none)
    await a.publish(bench.subject('x'), bytes(''), none)
    await a.flush(none)
    expect(text((await a.request(bench.subject('x'), bytes('1'), none)).payload)).toBe('1')
    await a.connect(none)
    await a.close({ drainMs: undefined } as object)
  },
  async 'timeoutMs: Infinity waits as long as it takes, and 0 not at all'(bench) {
    const [a, b] = await bench.pair()
    await bench.answer(b, bench.subject('x'), async ({ payload }) => {
      await pause(40)
      return payload
    })
    const asked = a.request(bench.subject('x'), bytes('long'), { timeoutMs: Number.POSITIVE_INFINITY })
    await rejection(a.request(bench.subject('x'), bytes(''), { timeoutMs: 0 }), 'BP_TIMEOUT')
    expect(text((await asked).payload)).toBe('long')
    await a.flush({ timeoutMs: Number.POSITIVE_INFINITY })
  },
  async 'maxPending: Infinity holds everything'(bench) {
    const [a, b] = await bench.pair()
    const options = { maxPending: Number.POSITIVE_INFINITY }
    const heard = await bench.hear(b, bench.subject('x'), options, () => pause(0))
    for (let i = 0; i < 50; i++) await a.publish(bench.subject('x'), bytes(String(i)))
    await heard.count(50)
    await bench.answer(b, bench.subject('y'), ({ payload }) => payload, options)
    await a.request(bench.subject('y'), bytes(''))
  },
  ...each({ NaN: Number.NaN, negative: -5, 'a text': 'long' }, (what, value) => [
    `close with a drainMs that is ${what} closes all the same`,
    async (bench) => {
      const a = await bench.open()
      await bench.answer(a, bench.subject('x'), () => new Promise(() => {}))
      await a.publish(bench.subject('x'), bytes(''))
      await a.flush()
      await soon(a.close({ drainMs: value as number }), 'closing')
      expect(a.status).toBe('closed')
    },
  ]),
}
