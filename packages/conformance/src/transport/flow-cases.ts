import { expect } from 'vitest'
import { gate, pause, rejection, soon, until } from '../waiting.ts'
import type { TransportCase } from './bench.ts'
import { bytes, text } from './payloads.ts'

/** Unsubscribing, slow consumers, and closing while things are under way. */
export const flowCases: Record<string, TransportCase> = {
  async 'after unsubscribe nothing is delivered, not even what has arrived'(bench) {
    const [a, b] = await bench.pair()
    const held = gate()
    const heard = await bench.hear(b, bench.subject('x'), {}, () => held.opened)
    const other = await bench.hear(b, bench.subject('x'))
    for (const each of ['1', '2', '3']) await a.publish(bench.subject('x'), bytes(each))
    await other.count(3)
    await heard.subscription.unsubscribe()
    held.open()
    await a.publish(bench.subject('x'), bytes('4'))
    await other.count(4)
    await pause(20)
    expect(heard.texts).toEqual(['1'])
  },
  async 'unsubscribe is idempotent, `await using` calls it, and the pattern is kept'(bench) {
    const [a, b] = await bench.pair()
    const heard = await bench.hear(b, bench.subject('x.*'))
    const served = await bench.answer(b, bench.subject('y'), () => bytes('1'))
    expect(heard.subscription.pattern).toBe(bench.subject('x.*'))
    expect(served.pattern).toBe(bench.subject('y'))
    await heard.subscription[Symbol.asyncDispose]()
    await Promise.all([heard.subscription.unsubscribe(), heard.subscription.unsubscribe()])
    await served[Symbol.asyncDispose]()
    await b.flush()
    await rejection(a.request(bench.subject('y'), bytes('')), 'BP_NO_RESPONDER')
  },
  async 'unsubscribing one leaves its twin'(bench) {
    const [a, b] = await bench.pair()
    const one = await bench.hear(b, bench.subject('x'))
    const two = await bench.hear(b, bench.subject('x'))
    await one.subscription.unsubscribe()
    await a.publish(bench.subject('x'), bytes('1'))
    await two.count(1)
    expect(one.texts).toEqual([])
  },
  async 'unsubscribe after close resolves'(bench) {
    const a = await bench.open()
    const heard = await bench.hear(a, bench.subject('x'))
    await a.close()
    await soon(heard.subscription.unsubscribe(), 'unsubscribing')
  },
  async 'what is not handled in time waits, up to maxPending, and nothing is lost'(bench) {
    const [a, b] = await bench.pair()
    const held = gate()
    const events = bench.events(b)
    const heard = await bench.hear(b, bench.subject('x'), { maxPending: 100 }, () => held.opened)
    const sent = Array.from({ length: 100 }, (_, i) => String(i))
    for (const each of sent) await a.publish(bench.subject('x'), bytes(each))
    await a.flush()
    await b.flush()
    await pause(30)
    held.open()
    await heard.count(100)
    expect(heard.texts).toEqual(sent)
    expect(events.filter((event) => event.type === 'slow')).toEqual([])
  },
  async 'over maxPending the oldest are dropped, and a slow event says how many'(bench) {
    const [a, b] = await bench.pair()
    const held = gate()
    const events = bench.events(b)
    const heard = await bench.hear(b, bench.subject('x'), { maxPending: 10 }, () => held.opened)
    const all = await bench.hear(b, bench.subject('x'))
    const sent = Array.from({ length: 200 }, (_, i) => String(i))
    for (const each of sent) await a.publish(bench.subject('x'), bytes(each))
    await all.count(200)
    held.open()
    await until(() => heard.texts.at(-1) === '199', 'the newest is kept')
    const slow = () => events.filter((event) => event.type === 'slow')
    const dropped = () => slow().reduce((sum, event) => sum + event.dropped, 0)
    await until(() => dropped() + heard.texts.length === 200, `all is accounted for (${dropped()} dropped)`)
    expect(heard.texts.length).toBeLessThanOrEqual(11)
    expect(heard.texts.slice(-10)).toEqual(sent.slice(-10))
    for (const event of slow()) expect(event.subject).toBe(bench.subject('x'))
    expect(b.status).toBe('connected')
  },
  async 'after it was slow a subscription hears again'(bench) {
    const [a, b] = await bench.pair()
    const held = gate()
    const heard = await bench.hear(b, bench.subject('x'), { maxPending: 1 }, () => held.opened)
    const all = await bench.hear(b, bench.subject('x'))
    for (let i = 0; i < 50; i++) await a.publish(bench.subject('x'), bytes(String(i)))
    await all.count(50)
    held.open()
    await until(() => heard.texts.at(-1) === '49', 'the newest is kept')
    await a.publish(bench.subject('x'), bytes('fresh'))
    await until(() => heard.texts.at(-1) === 'fresh', 'it hears again')
  },
  async 'a slow subscription delays no other, and no request'(bench) {
    const [a, b] = await bench.pair()
    const held = gate()
    await bench.hear(b, bench.subject('x'), {}, () => held.opened)
    const quick = await bench.hear(b, bench.subject('x'))
    await bench.answer(b, bench.subject('y'), (request) => request.payload)
    for (let i = 0; i < 20; i++) await a.publish(bench.subject('x'), bytes(''))
    await quick.count(20)
    await a.request(bench.subject('y'), bytes(''))
    await b.flush()
    held.open()
  },
  async 'close rejects requests under way with BP_CLOSED'(bench) {
    const [a, b] = await bench.pair()
    const held = await bench.holding(b, bench.subject('x'))
    const asked = a.request(bench.subject('x'), bytes(''), { timeoutMs: 60_000 })
    asked.catch(() => {})
    await held.arrived
    await soon(a.close(), 'closing')
    await rejection(soon(asked, 'the request ends'), 'BP_CLOSED')
    held.open()
  },
  async 'a handler under way may answer while its transport closes'(bench) {
    const [a, b] = await bench.pair()
    const held = await bench.holding(b, bench.subject('x'))
    const asked = a.request(bench.subject('x'), bytes('answered'))
    await held.arrived
    let closed = false
    const closing = b.close({ drainMs: 5000 }).then(() => {
      closed = true
    })
    await pause(50)
    expect(closed, 'close waits for the handler').toBe(false)
    held.open()
    expect(text((await asked).payload)).toBe('answered')
    await soon(closing, 'closing')
  },
  async 'while it drains it takes no new requests'(bench) {
    const [a, b] = await bench.pair()
    const held = gate()
    const arrived = gate()
    let handled = 0
    await bench.answer(b, bench.subject('x'), async (request) => {
      handled++
      arrived.open()
      await held.opened
      return request.payload
    })
    const asked = a.request(bench.subject('x'), bytes(''))
    await arrived.opened
    const closing = b.close({ drainMs: 5000 })
    await pause(20)
    await rejection(a.request(bench.subject('x'), bytes(''), { timeoutMs: 200 }), ['BP_NO_RESPONDER', 'BP_TIMEOUT'])
    held.open()
    await asked
    await closing
    expect(handled).toBe(1)
  },
  async 'a handler that hangs does not hold up close beyond drainMs, and its signal aborts'(bench) {
    const [a, b] = await bench.pair()
    const arrived = gate()
    let signal: AbortSignal | undefined
    await bench.answer(b, bench.subject('x'), (request) => {
      signal = request.signal
      arrived.open()
      return new Promise(() => {})
    })
    const asked = a.request(bench.subject('x'), bytes(''), { timeoutMs: 60_000 })
    asked.catch(() => {})
    await arrived.opened
    expect(signal?.aborted).toBe(false)
    await soon(b.close({ drainMs: 30 }), 'closing')
    expect(signal?.aborted).toBe(true)
    await rejection(soon(asked, 'the caller is told'), 'BP_REFUSED')
  },
  async 'close without a drain refuses whoever waits for a handler, each of them'(bench) {
    const [a, b] = await bench.pair()
    let arrived = 0
    for (const name of ['x', 'y']) {
      await bench.answer(b, bench.subject(name), () => {
        arrived++
        return new Promise(() => {})
      })
    }
    const names = ['x', 'x', 'y', 'x', 'y']
    const asked = names.map((name) => a.request(bench.subject(name), bytes(''), { timeoutMs: 60_000 }))
    for (const each of asked) each.catch(() => {})
    await until(() => arrived === names.length, 'all are under way')
    await soon(b.close({ drainMs: 0 }), 'closing')
    for (const each of asked) await rejection(soon(each, 'the caller is told'), 'BP_REFUSED')
  },
  async 'after close nothing is delivered, not even what has arrived'(bench) {
    const [a, b] = await bench.pair()
    const held = gate()
    const heard = await bench.hear(b, bench.subject('x'), {}, () => held.opened)
    for (const each of ['1', '2', '3']) await a.publish(bench.subject('x'), bytes(each))
    await heard.count(1)
    await b.close({ drainMs: 0 })
    held.open()
    await a.publish(bench.subject('x'), bytes('4'))
    await a.flush()
    await pause(20)
    expect(heard.texts).toEqual(['1'])
  },
  async 'close ends a flush under way'(bench) {
    const a = await bench.open()
    const flushing = a.flush().catch((error: { code: string }) => error.code)
    await soon(a.close(), 'closing')
    expect([undefined, 'BP_CLOSED']).toContain(await soon(flushing, 'flushing ends'))
  },
}
