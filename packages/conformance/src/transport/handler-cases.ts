import { expect } from 'vitest'
import { gate, ordinaryError, pause, rejection, soon, until } from '../waiting.ts'
import type { TransportCase } from './bench.ts'
import { bytes, pattern, sameBytes, text } from './payloads.ts'

/** What handlers may do, and what becomes of what they give. */
export const handlerCases: Record<string, TransportCase> = {
  async 'unsubscribing within a handler: what waits behind it is not delivered'(bench) {
    const [a, b] = await bench.pair()
    const held = gate()
    const heard = await bench.hear(b, bench.subject('x'), {}, async () => {
      await held.opened
      await heard.subscription.unsubscribe()
    })
    const twin = await bench.hear(b, bench.subject('x'))
    for (const each of ['1', '2', '3']) await a.publish(bench.subject('x'), bytes(each))
    await twin.count(3)
    held.open()
    await pause(20)
    await a.publish(bench.subject('x'), bytes('4'))
    await twin.count(4)
    expect(heard.texts).toEqual(['1'])
  },
  async 'a request handler that ends its own subject still answers'(bench) {
    const [a, b] = await bench.pair()
    const served = await bench.answer(b, bench.subject('x'), async () => {
      await served.unsubscribe()
      return bytes('last')
    })
    expect(text((await a.request(bench.subject('x'), bytes(''))).payload)).toBe('last')
    await rejection(a.request(bench.subject('x'), bytes('')), 'BP_NO_RESPONDER')
  },
  async 'unsubscribing a served subject lets requests under way finish, and takes no more'(bench) {
    const [a, b] = await bench.pair()
    const [held, arrived] = [gate(), gate()]
    const served = await bench.answer(b, bench.subject('x'), async ({ payload }) => {
      arrived.open()
      await held.opened
      return payload
    })
    const asked = a.request(bench.subject('x'), bytes('under way'))
    await arrived.opened
    await served.unsubscribe()
    await rejection(a.request(bench.subject('x'), bytes('')), 'BP_NO_RESPONDER')
    held.open()
    expect(text((await asked).payload)).toBe('under way')
  },
  async 'closing its own transport within a message handler ends it'(bench) {
    const [a, b] = await bench.pair()
    const heard = await bench.hear(b, bench.subject('x'), {}, () => b.close())
    await a.publish(bench.subject('x'), bytes('1'))
    await until(() => b.status === 'closed', 'it closes')
    await soon(b.close(), 'closing')
    expect(heard.texts).toEqual(['1'])
  },
  async 'closing its own transport within a request handler ends it when the time to drain is over'(bench) {
    const [a, b] = await bench.pair()
    await bench.answer(b, bench.subject('x'), async ({ payload }) => {
      await b.close({ drainMs: 30 })
      return payload
    })
    await rejection(a.request(bench.subject('x'), bytes('')), 'BP_REFUSED')
    await soon(b.close(), 'closing')
  },
  async 'one subject served twice by one transport: either answers, and one that stays goes on'(bench) {
    const [a, b] = await bench.pair()
    const one = await bench.answer(b, bench.subject('x'), () => bytes('one'))
    await bench.answer(b, bench.subject('x'), () => bytes('two'))
    for (let i = 0; i < 5; i++)
      expect(['one', 'two']).toContain(text((await a.request(bench.subject('x'), bytes(''))).payload))
    await one.unsubscribe()
    for (let i = 0; i < 5; i++) expect(text((await a.request(bench.subject('x'), bytes(''))).payload)).toBe('two')
  },
  async 'served patterns that overlap: each is asked, and the caller has one answer'(bench) {
    const [a, b] = await bench.pair()
    const seen: string[] = []
    for (const wild of ['x.*', 'x.>', 'x.y'])
      await bench.answer(b, bench.subject(wild), ({ payload }) => {
        seen.push(wild)
        return payload
      })
    expect(text((await a.request(bench.subject('x.y'), bytes('1'))).payload)).toBe('1')
    await until(() => seen.length === 3, `all are asked (${seen})`)
    expect([...seen].sort()).toEqual(['x.*', 'x.>', 'x.y'])
  },
  async 'where one of two servers refuses and the other answers, the next requests are not disturbed'(bench) {
    const [a, b] = await bench.pair()
    await bench.answer(b, bench.subject('x'), () => Promise.reject(ordinaryError('not me')))
    const other = await bench.answer(b, bench.subject('y'), ({ payload }) => payload)
    await rejection(a.request(bench.subject('x'), bytes('')), 'BP_REFUSED')
    for (const each of ['1', '2']) expect(text((await a.request(bench.subject('y'), bytes(each))).payload)).toBe(each)
    await other.unsubscribe()
  },
  async 'requests of one caller reach a handler in the order in which they were asked'(bench) {
    const [a, b] = await bench.pair()
    const seen: string[] = []
    await bench.answer(b, bench.subject('x'), ({ payload }) => {
      seen.push(text(payload))
      return payload
    })
    const sent = Array.from({ length: 100 }, (_, i) => String(i))
    await Promise.all(sent.map((each) => a.request(bench.subject('x'), bytes(each))))
    expect(seen).toEqual(sent)
  },
  async 'publishes from within a handler keep their order'(bench) {
    const [a, b] = await bench.pair()
    const echoed = await bench.hear(a, bench.subject('echo'))
    await bench.hear(b, bench.subject('x'), {}, async ({ payload }) => {
      await b.publish(bench.subject('echo'), payload)
    })
    const sent = Array.from({ length: 100 }, (_, i) => String(i))
    for (const each of sent) await a.publish(bench.subject('x'), bytes(each))
    await echoed.count(100)
    expect(echoed.texts).toEqual(sent)
  },
  async 'a publish on a subject served in a group reaches one of its servers'(bench) {
    const [a, b] = await bench.pair()
    const seen: string[] = []
    for (const name of ['one', 'two'])
      await bench.answer(
        b,
        bench.subject('x'),
        ({ payload }) => void seen.push(`${name}${text(payload)}`) as undefined,
        {
          queue: 'q',
        },
      )
    const all = await bench.hear(b, bench.subject('x'))
    for (let i = 0; i < 20; i++) await a.publish(bench.subject('x'), bytes(String(i)))
    await all.count(20)
    await until(() => seen.length >= 20, `each has a server (${seen.length})`)
    await b.flush()
    expect(seen.map((each) => Number(each.slice(3))).sort((x, y) => x - y)).toEqual(
      Array.from({ length: 20 }, (_, i) => i),
    )
  },
  async 'of a view on a larger buffer only the view is asked and answered'(bench) {
    const [a, b] = await bench.pair()
    await bench.answer(b, bench.subject('x'), ({ payload }) => bytes(`<<${text(payload)}>>`).subarray(2, -2))
    const answer = await a.request(bench.subject('x'), bytes('--inside--').subarray(2, 8))
    expect(text(answer.payload)).toBe('inside')
  },
  async 'an answer carries the subject that was asked, and bytes of its own'(bench) {
    const [a, b] = await bench.pair()
    await bench.answer(b, bench.subject('*.y'), ({ payload }) => payload)
    const [one, two] = [
      await a.request(bench.subject('x.y'), bytes('1')),
      await a.request(bench.subject('x.y'), bytes('1')),
    ]
    expect([one.subject, two.subject]).toEqual([bench.subject('x.y'), bench.subject('x.y')])
    expect(one.payload).toBeInstanceOf(Uint8Array)
    one.payload.fill(0)
    expect(text(two.payload)).toBe('1')
  },
  async 'a request and an answer of exactly the limit are carried'(bench) {
    const [a, b] = await bench.pair()
    const largest = pattern(bench.limit(a))
    await bench.answer(b, bench.subject('x'), ({ payload }) => payload)
    const answer = await a.request(bench.subject('x'), largest, { timeoutMs: 30_000 })
    expect(sameBytes(answer.payload, largest)).toBe(true)
  },
  async 'an answer over the limit that comes later is told as well, with its size and the limit'(bench) {
    const [a, b] = await bench.pair()
    const limit = bench.limit(b)
    await bench.answer(b, bench.subject('x'), async () => new Uint8Array(limit + 1))
    const error = await rejection(a.request(bench.subject('x'), bytes('')), 'BP_PAYLOAD_TOO_LARGE')
    expect(error.details).toMatchObject({ bytes: limit + 1, limit })
  },
  async 'a handler sees the abort of closing with its reason, BP_CLOSED'(bench) {
    const [a, b] = await bench.pair()
    const arrived = gate()
    let signal: AbortSignal | undefined
    await bench.answer(b, bench.subject('x'), (request) => {
      signal = request.signal
      arrived.open()
      return new Promise(() => {})
    })
    const asked = a.request(bench.subject('x'), bytes(''))
    asked.catch(() => {})
    await arrived.opened
    await b.close({ drainMs: 20 })
    expect(signal?.reason).toMatchObject({ code: 'BP_CLOSED' })
    await rejection(asked, 'BP_REFUSED')
  },
  async 'close waits for a handler that a publish started'(bench) {
    const [a, b] = await bench.pair()
    const held = gate()
    const arrived = gate()
    let done = false
    await bench.answer(b, bench.subject('x'), async () => {
      arrived.open()
      await held.opened
      done = true
      return undefined
    })
    await a.publish(bench.subject('x'), bytes(''))
    await arrived.opened
    const closing = b.close({ drainMs: 5000 })
    await pause(20)
    held.open()
    await soon(closing, 'closing')
    expect(done).toBe(true)
  },
  async 'subscribing again after unsubscribing hears again, and not what was said between'(bench) {
    const [a, b] = await bench.pair()
    const first = await bench.hear(b, bench.subject('x'))
    await first.subscription.unsubscribe()
    await a.publish(bench.subject('x'), bytes('between'))
    await a.flush()
    const second = await bench.hear(b, bench.subject('x'))
    await a.publish(bench.subject('x'), bytes('after'))
    await second.count(1)
    expect([first.texts, second.texts]).toEqual([[], ['after']])
  },
}
