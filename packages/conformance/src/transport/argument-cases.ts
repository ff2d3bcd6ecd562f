import type { RequestHandler } from '@backplane/core'
import { expect } from 'vitest'
import { gate, ordinaryError, pause, rejection, soon, until } from '../waiting.ts'
import type { TransportCase } from './bench.ts'
import { bytes, text } from './payloads.ts'

/** What TypeScript would not let through, as JavaScript does. */
const noBytes: Readonly<Record<string, unknown>> = {
  'a text': 'text',
  'an ArrayBuffer': new ArrayBuffer(4),
  'an array of numbers': [1, 2],
  'a number': 5,
  nothing: undefined,
}
const badPending = [0, -1, Number.NaN]
const badQueues = ['', 'a b', 'a\tb', 'a\r\nPUB x 0', 'x'.repeat(257)]

const refuses = (name: string, run: TransportCase): [string, TransportCase] => [name, run]

/** What cannot be meant is refused before anything is sent or declared; and handlers that do not keep their side. */
export const argumentCases: Record<string, TransportCase> = {
  ...Object.fromEntries(
    Object.entries(noBytes).flatMap(([what, payload]) => [
      refuses(`publishing ${what} in place of bytes is refused, and nothing is sent`, async (bench) => {
        const [a, b] = await bench.pair()
        const heard = await bench.hear(b, bench.subject('x'))
        await rejection(a.publish(bench.subject('x'), payload as Uint8Array), 'BP_INVALID_ARGUMENT')
        await a.publish(bench.subject('x'), bytes('end'))
        await heard.count(1)
        expect(heard.texts).toEqual(['end'])
      }),
      refuses(`asking with ${what} in place of bytes is refused`, async (bench) => {
        const a = await bench.open()
        await bench.answer(a, bench.subject('x'), (request) => request.payload)
        await rejection(a.request(bench.subject('x'), payload as Uint8Array), 'BP_INVALID_ARGUMENT')
      }),
    ]),
  ),
  ...Object.fromEntries(
    badPending.map((maxPending) =>
      refuses(`maxPending ${maxPending} is refused by subscribe and serve`, async (bench) => {
        const a = await bench.open()
        await rejection(
          a.subscribe(bench.subject('x'), () => {}, { maxPending }),
          'BP_INVALID_ARGUMENT',
        )
        await rejection(
          a.serve(bench.subject('x'), () => bytes(''), { maxPending }),
          'BP_INVALID_ARGUMENT',
        )
        await rejection(a.request(bench.subject('x'), bytes('')), 'BP_NO_RESPONDER')
      }),
    ),
  ),
  ...Object.fromEntries(
    badQueues.map((queue) =>
      refuses(
        `the queue name ${JSON.stringify(queue.slice(0, 12))} is refused by subscribe and serve`,
        async (bench) => {
          const a = await bench.open()
          await rejection(
            a.subscribe(bench.subject('x'), () => {}, { queue }),
            'BP_INVALID_ARGUMENT',
          )
          await rejection(
            a.serve(bench.subject('x'), () => bytes(''), { queue }),
            'BP_INVALID_ARGUMENT',
          )
        },
      ),
    ),
  ),
  async 'what cannot be meant is told before that there is no connection'(bench) {
    const a = bench.make()
    await rejection(a.publish(bench.subject('x'), 'text' as never), 'BP_INVALID_ARGUMENT')
    await rejection(a.request(bench.subject('x'), 'text' as never), 'BP_INVALID_ARGUMENT')
    await rejection(
      a.subscribe(bench.subject('x'), () => {}, { maxPending: 0 }),
      'BP_INVALID_ARGUMENT',
    )
    await rejection(
      a.serve(bench.subject('x'), () => bytes(''), { queue: 'a b' }),
      'BP_INVALID_ARGUMENT',
    )
  },
  async 'a subject without end is refused, in pattern and subject'(bench) {
    const a = await bench.open()
    const endless = bench.subject('x'.repeat(100_000))
    await rejection(a.publish(endless, bytes('')), 'BP_SUBJECT_INVALID')
    await rejection(a.request(endless, bytes('')), 'BP_SUBJECT_INVALID')
    await rejection(
      a.subscribe(endless, () => {}),
      'BP_SUBJECT_INVALID',
    )
    await rejection(
      a.serve(endless, () => bytes('')),
      'BP_SUBJECT_INVALID',
    )
  },
  async 'a signal that has aborted refuses subscribing, serving, publishing and asking'(bench) {
    const a = await bench.open()
    const signal = AbortSignal.abort()
    await rejection(
      a.subscribe(bench.subject('x'), () => {}, { signal }),
      'BP_ABORTED',
    )
    await rejection(
      a.serve(bench.subject('x'), () => bytes(''), { signal }),
      'BP_ABORTED',
    )
    await rejection(a.publish(bench.subject('x'), bytes(''), { signal }), 'BP_ABORTED')
    await rejection(a.request(bench.subject('x'), bytes(''), { signal }), 'BP_ABORTED')
  },
  async 'a Buffer is bytes, published, asked and answered'(bench) {
    const [a, b] = await bench.pair()
    const heard = await bench.hear(b, bench.subject('x'))
    await bench.answer(b, bench.subject('y'), ({ payload }) => Buffer.from(payload))
    await a.publish(bench.subject('x'), Buffer.from('buffer'))
    await heard.count(1)
    expect(heard.texts).toEqual(['buffer'])
    expect(text((await a.request(bench.subject('y'), Buffer.from('asked'))).payload)).toBe('asked')
  },
  async 'a Buffer may be used again once it is published, asked or answered, and what comes is bytes of their own'(
    bench,
  ) {
    const [a, b] = await bench.pair()
    const heard = await bench.hear(b, bench.subject('x'))
    const scribbled = await bench.hear(b, bench.subject('*'), {}, ({ payload }) => void payload.fill(0))
    const shared = Buffer.from('-----')
    await bench.answer(b, bench.subject('y'), ({ payload }) => {
      shared.set(payload)
      return shared
    })
    const buffer = Buffer.from('first')
    await a.publish(bench.subject('x'), buffer)
    buffer.write('other')
    await heard.count(1)
    await scribbled.count(1)
    expect(heard.payloads.map(text)).toEqual(['first'])
    const first = await a.request(bench.subject('y'), buffer)
    buffer.write('again')
    await a.request(bench.subject('y'), buffer)
    expect(text(first.payload)).toBe('other')
  },
  ...Object.fromEntries(
    Object.entries({ 'a text': 'text', 'an ArrayBuffer': new ArrayBuffer(2), null: null, 'a number': 7 }).flatMap(
      ([what, answer]) => [
        refuses(`a handler that answers ${what} in place of bytes: BP_REFUSED`, async (bench) => {
          const [a, b] = await bench.pair()
          await bench.answer(b, bench.subject('x'), (() => answer) as unknown as RequestHandler)
          await rejection(a.request(bench.subject('x'), bytes('')), 'BP_REFUSED')
        }),
        refuses(`a handler that answers ${what} later: BP_REFUSED`, async (bench) => {
          const [a, b] = await bench.pair()
          await bench.answer(b, bench.subject('x'), (async () => answer) as unknown as RequestHandler)
          await rejection(a.request(bench.subject('x'), bytes('')), 'BP_REFUSED')
        }),
      ],
    ),
  ),
  async 'over maxPending a request is refused at once, told as slow, and the one under way is answered'(bench) {
    const [a, b] = await bench.pair()
    const [held, arrived] = [gate(), gate()]
    const events = bench.events(b)
    let ran = 0
    const handler = async ({ payload }: { payload: Uint8Array }) => {
      ran++
      arrived.open()
      await held.opened
      return payload
    }
    await bench.answer(b, bench.subject('x'), handler, { maxPending: 1 })
    const first = a.request(bench.subject('x'), bytes('first'))
    await arrived.opened
    const second = a.request(bench.subject('x'), bytes('second'), { timeoutMs: 60_000 })
    const error = await rejection(soon(second, 'the refusal comes before the timeout'), 'BP_REFUSED')
    expect(String(error.details.reason)).toContain('1 request')
    await until(() => events.some((event) => event.type === 'slow'), 'it is told')
    expect(events.find((event) => event.type === 'slow')).toMatchObject({ subject: bench.subject('x'), dropped: 1 })
    held.open()
    expect(text((await first).payload)).toBe('first')
    expect(text((await a.request(bench.subject('x'), bytes('third'))).payload)).toBe('third')
    expect(ran).toBe(2)
  },
  async 'over maxPending a request that wants no answer is dropped, and told as slow'(bench) {
    const [a, b] = await bench.pair()
    const [held, arrived] = [gate(), gate()]
    const events = bench.events(b)
    const ran: string[] = []
    const handler = async (request: { payload: Uint8Array }) => {
      ran.push(text(request.payload))
      arrived.open()
      await held.opened
      return undefined
    }
    await bench.answer(b, bench.subject('x'), handler, { maxPending: 1 })
    await a.publish(bench.subject('x'), bytes('1'))
    await arrived.opened
    await a.publish(bench.subject('x'), bytes('2'))
    await until(() => events.some((event) => event.type === 'slow'), 'it is told')
    held.open()
    await pause(20)
    expect(ran).toEqual(['1'])
  },
  async 'a handler that throws at once, and one that rejects, refuse with their reason'(bench) {
    const [a, b] = await bench.pair()
    await bench.answer(b, bench.subject('throws'), () => {
      throw ordinaryError('no water')
    })
    await bench.answer(b, bench.subject('rejects'), () => Promise.reject(ordinaryError('no power')))
    const reason = async (subject: string) =>
      (await rejection(a.request(bench.subject(subject), bytes('')), 'BP_REFUSED')).details.reason
    expect(await reason('throws')).toBe('no water')
    expect(await reason('rejects')).toBe('no power')
  },
  async 'a served subject that only hears a publish tells its failure as an error event'(bench) {
    const [a, b] = await bench.pair()
    const events = bench.events(b)
    await bench.answer(b, bench.subject('x'), () => {
      throw ordinaryError('nobody to tell')
    })
    await a.publish(bench.subject('x'), bytes(''))
    await until(() => events.some((event) => event.type === 'error'), 'it is told')
  },
}
