import { expect } from 'vitest'
import { gate, pause, rejection, soon } from '../waiting.ts'
import type { TransportCase } from './bench.ts'
import { methods } from './methods.ts'
import { bytes, text } from './payloads.ts'

/** Losing the connection, and what must be there again afterwards. Each needs `interrupt` and `restore`. */
export const reconnectCases: Record<string, TransportCase> = {
  async 'a loss and a return are told'(bench) {
    const outage = bench.outage()
    const a = await bench.open()
    const events = bench.events(a)
    await outage.interrupt()
    expect(a.status).not.toBe('connected')
    await outage.restore()
    expect(a.status).toBe('connected')
    const types = events.map((event) => event.type).filter((type) => type === 'connected' || type === 'disconnected')
    expect(types).toEqual(['disconnected', 'connected'])
  },
  ...Object.fromEntries(
    methods.map(({ name, call }): [string, TransportCase] => [
      `${name} while there is no connection rejects with BP_DISCONNECTED, at once`,
      async (bench) => {
        const outage = bench.outage()
        const a = await bench.open()
        await outage.interrupt()
        const error = await rejection(soon(call(a, bench.subject('x')), 'it does not wait', 2000), 'BP_DISCONNECTED')
        expect(error.retryable).toBe(true)
        await outage.restore()
      },
    ]),
  ),
  async 'subscriptions hear again by themselves: exact, wildcards, queue groups'(bench) {
    const outage = bench.outage()
    const [a, b] = await bench.pair()
    const exact = await bench.hear(b, bench.subject('x.y'))
    const wild = await bench.hear(b, bench.subject('*.>'))
    const one = await bench.hear(b, bench.subject('x.y'), { queue: 'q' })
    const two = await bench.hear(b, bench.subject('x.y'), { queue: 'q' })
    await outage.interrupt()
    await outage.restore()
    await a.publish(bench.subject('x.y'), bytes('1'))
    await a.publish(bench.subject('x.y'), bytes('2'))
    await exact.count(2)
    await wild.count(2)
    await a.flush()
    await b.flush()
    await pause(20)
    expect(exact.texts).toEqual(['1', '2'])
    expect(wild.texts).toEqual(['1', '2'])
    expect([...one.texts, ...two.texts].sort()).toEqual(['1', '2'])
  },
  async 'served subjects answer again by themselves'(bench) {
    const outage = bench.outage()
    const [a, b] = await bench.pair()
    await bench.answer(b, bench.subject('x.*'), (request) => bytes(request.subject))
    await outage.interrupt()
    await outage.restore()
    expect(text((await a.request(bench.subject('x.y'), bytes(''))).payload)).toBe(bench.subject('x.y'))
  },
  async 'a request under way when the connection goes rejects with BP_DISCONNECTED'(bench) {
    const outage = bench.outage()
    const [a, b] = await bench.pair()
    const held = await bench.holding(b, bench.subject('x'))
    const asked = a.request(bench.subject('x'), bytes(''), { timeoutMs: 30_000 })
    asked.catch(() => {})
    await held.arrived
    await outage.interrupt()
    await rejection(soon(asked, 'the request ends'), 'BP_DISCONNECTED')
    held.open()
    await outage.restore()
  },
  async 'what was said in vain is not said later'(bench) {
    const outage = bench.outage()
    const [a, b] = await bench.pair()
    const heard = await bench.hear(b, bench.subject('x'))
    await outage.interrupt()
    await rejection(a.publish(bench.subject('x'), bytes('in vain')), 'BP_DISCONNECTED')
    await outage.restore()
    await a.publish(bench.subject('x'), bytes('after'))
    await heard.count(1)
    expect(heard.texts).toEqual(['after'])
  },
  async 'what was unsubscribed meanwhile stays so'(bench) {
    const outage = bench.outage()
    const [a, b] = await bench.pair()
    const gone = await bench.hear(b, bench.subject('x'))
    const served = await bench.answer(b, bench.subject('y'), () => bytes(''))
    const stays = await bench.hear(b, bench.subject('x'))
    await outage.interrupt()
    await soon(gone.subscription.unsubscribe(), 'unsubscribing')
    await soon(served.unsubscribe(), 'unsubscribing')
    await outage.restore()
    await a.publish(bench.subject('x'), bytes('1'))
    await stays.count(1)
    expect(gone.texts).toEqual([])
    await rejection(a.request(bench.subject('y'), bytes('')), 'BP_NO_RESPONDER')
  },
  async 'it comes back every time'(bench) {
    const outage = bench.outage()
    const [a, b] = await bench.pair()
    const heard = await bench.hear(b, bench.subject('x'))
    for (const round of ['1', '2', '3']) {
      await outage.interrupt()
      await outage.restore()
      await a.publish(bench.subject('x'), bytes(round))
      await heard.count(Number(round))
    }
    expect(heard.texts).toEqual(['1', '2', '3'])
  },
  async 'when the loss is told, it shows already: nothing waits for an answer, and everything rejects'(bench) {
    const outage = bench.outage()
    const [a, b] = await bench.pair()
    const held = await bench.holding(b, bench.subject('x'))
    const order: string[] = []
    const asked = a.request(bench.subject('x'), bytes(''), { timeoutMs: 30_000 }).catch(({ code }) => code)
    await held.arrived
    const tried: Promise<string>[] = []
    a.onStatus(({ type }) => {
      if (type !== 'disconnected') return
      order.push(a.status)
      for (const { call } of methods)
        tried.push(
          call(a, bench.subject('y')).then(
            () => 'resolved',
            ({ code }) => code,
          ),
        )
    })
    await outage.interrupt()
    expect(await soon(asked, 'the request ends')).toBe('BP_DISCONNECTED')
    expect(order).toEqual(['disconnected'])
    expect(await Promise.all(tried)).toEqual(methods.map(() => 'BP_DISCONNECTED'))
    held.open()
    await outage.restore()
  },
  async 'when the return is told, what was subscribed and served is there'(bench) {
    const outage = bench.outage()
    const a = await bench.open()
    const heard = await bench.hear(a, bench.subject('x'))
    await bench.answer(a, bench.subject('y'), ({ payload }) => payload)
    let asked: Promise<string> | undefined
    a.onStatus(({ type }) => {
      if (type !== 'connected') return
      void a.publish(bench.subject('x'), bytes('back'))
      asked = a.request(bench.subject('y'), bytes('back')).then(
        ({ payload }) => text(payload),
        ({ code }) => code,
      )
    })
    await outage.interrupt()
    await outage.restore()
    await heard.count(1)
    expect(await asked).toBe('back')
  },
  async 'connect while it comes back waits for that, and may be given up without ending it'(bench) {
    const outage = bench.outage()
    const a = await bench.open()
    await outage.interrupt()
    const controller = new AbortController()
    const given = a.connect({ signal: controller.signal, timeoutMs: 60_000 })
    const patient = a.connect({ timeoutMs: 60_000 })
    controller.abort()
    await rejection(soon(given, 'giving up'), 'BP_ABORTED')
    await rejection(a.connect({ timeoutMs: 20 }), 'BP_TIMEOUT')
    await outage.restore()
    await soon(patient, 'it has come back')
    expect(a.status).toBe('connected')
    await a.flush()
  },
  async 'what is subscribed and served after a return stands beside what was there before'(bench) {
    const outage = bench.outage()
    const [a, b] = await bench.pair()
    const before = await bench.hear(b, bench.subject('x'))
    await outage.interrupt()
    await outage.restore()
    const after = await bench.hear(b, bench.subject('x'))
    await bench.answer(b, bench.subject('y'), ({ payload }) => payload)
    await a.publish(bench.subject('x'), bytes('1'))
    await before.count(1)
    await after.count(1)
    expect([before.texts, after.texts]).toEqual([['1'], ['1']])
    expect(text((await a.request(bench.subject('y'), bytes('2'))).payload)).toBe('2')
  },
  async 'closing what is away ends it for good'(bench) {
    const outage = bench.outage()
    const [a, b] = await bench.pair()
    const heard = await bench.hear(a, bench.subject('x'))
    await outage.interrupt()
    const events = bench.events(a)
    await soon(a.close(), 'closing')
    expect(a.status).toBe('closed')
    await outage.restore()
    await b.publish(bench.subject('x'), bytes(''))
    await b.flush()
    await pause(50)
    expect(a.status).toBe('closed')
    expect(events.map((event) => event.type).filter((type) => type === 'connected')).toEqual([])
    expect(heard.texts).toEqual([])
  },
  async 'a handler that was at work when the connection went does not break what follows'(bench) {
    const outage = bench.outage()
    const [a, b] = await bench.pair()
    const held = gate()
    let handled = 0
    await bench.answer(b, bench.subject('x'), async (request) => {
      if (handled++ === 0) await held.opened
      return request.payload
    })
    const lost = a.request(bench.subject('x'), bytes('lost'), { timeoutMs: 10_000 })
    lost.catch(() => {})
    while (handled === 0) await pause(2)
    await outage.interrupt()
    held.open()
    await pause(20)
    await outage.restore()
    expect(text((await a.request(bench.subject('x'), bytes('again'))).payload)).toBe('again')
  },
}
