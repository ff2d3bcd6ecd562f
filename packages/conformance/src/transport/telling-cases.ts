import { BackplaneError, type TransportEvent } from '@backplane/core'
import { expect } from 'vitest'
import { gate, ordinaryError, pause, rejection, soon, until } from '../waiting.ts'
import type { TransportCase } from './bench.ts'
import { bytes, text } from './payloads.ts'

/** What is told, to whom and when: status events, and the errors of what is given up. */
export const tellingCases: Record<string, TransportCase> = {
  async 'what a message handler throws or rejects with is told as an error event'(bench) {
    const [a, b] = await bench.pair()
    const events = bench.events(b)
    await bench.hear(b, bench.subject('x'), {}, ({ payload }) => {
      if (text(payload) === 'throw') throw ordinaryError('thrown on purpose')
      return Promise.reject(ordinaryError('rejected on purpose'))
    })
    for (const each of ['throw', 'reject']) await a.publish(bench.subject('x'), bytes(each))
    const errors = () => events.filter((event) => event.type === 'error')
    await until(() => errors().length === 2, 'both are told')
    expect(
      errors()
        .map(({ error }) => error.message)
        .join(),
    ).toMatch(/thrown on purpose.*rejected on purpose/)
    for (const { error } of errors()) expect(error).toBeInstanceOf(BackplaneError)
  },
  async 'a status listener that throws disturbs neither the others nor the transport'(bench) {
    const a = bench.make()
    a.onStatus(() => {
      throw ordinaryError('thrown on purpose')
    })
    const events = bench.events(a)
    await a.connect()
    expect(a.status).toBe('connected')
    await a.close()
    expect(events.map(({ type }) => type)).toEqual(['connected', 'closed'])
  },
  async 'one listener registered twice hears twice, and each ends for itself'(bench) {
    const a = bench.make()
    const events: string[] = []
    const listener = ({ type }: TransportEvent) => void events.push(type)
    const stop = a.onStatus(listener)
    a.onStatus(listener)
    await a.connect()
    stop()
    await a.close()
    expect(events).toEqual(['connected', 'connected', 'closed'])
  },
  async 'a listener that leaves while it is told keeps the others listening'(bench) {
    const a = bench.make()
    const stop = a.onStatus(() => stop())
    const events = bench.events(a)
    await a.connect()
    await a.close()
    expect(events.map(({ type }) => type)).toEqual(['connected', 'closed'])
  },
  async 'when `connected` is told, it may be used at once'(bench) {
    const [a, b] = [bench.make(), await bench.open()]
    const heard = await bench.hear(b, bench.subject('x'))
    let publishing: Promise<void> | undefined
    a.onStatus(({ type }) => {
      if (type === 'connected') publishing = a.publish(bench.subject('x'), bytes(a.status))
    })
    await a.connect()
    await publishing
    await heard.count(1)
    expect(heard.texts).toEqual(['connected'])
  },
  async 'when `closed` is told, it is over: status closed, and everything rejects'(bench) {
    const a = await bench.open()
    const seen: unknown[] = []
    a.onStatus(({ type }) => {
      if (type === 'closed')
        seen.push(
          a.status,
          a.publish(bench.subject('x'), bytes('')).catch(({ code }) => code),
        )
    })
    await a.close()
    expect(await Promise.all(seen)).toEqual(['closed', 'BP_CLOSED'])
  },
  async 'an aborted request has BP_ABORTED with the reason as its cause, and one of ours as it is'(bench) {
    const [a, b] = await bench.pair()
    const held = await bench.holding(b, bench.subject('x'))
    const asked = (controller: AbortController) =>
      a.request(bench.subject('x'), bytes(''), { signal: controller.signal, timeoutMs: 60_000 })
    const [plain, ours] = [new AbortController(), new AbortController()]
    const [first, second] = [asked(plain), asked(ours)]
    first.catch(() => {})
    second.catch(() => {})
    await held.arrived
    const reason = ordinaryError('the user has left')
    plain.abort(reason)
    const own = await rejection(a.publish('a..b', bytes('')), 'BP_SUBJECT_INVALID')
    ours.abort(own)
    expect((await rejection(first, 'BP_ABORTED')).cause).toBe(reason)
    expect(await rejection(second, own.code)).toBe(own)
    held.open()
  },
  async 'aborting a flush ends it with BP_ABORTED, or it was over before'(bench) {
    const a = await bench.open()
    const controller = new AbortController()
    const flushing = a.flush({ signal: controller.signal }).then(
      () => 'over',
      ({ code }) => code,
    )
    controller.abort()
    expect(['over', 'BP_ABORTED']).toContain(await soon(flushing, 'flushing ends'))
    await a.flush()
  },
  async 'subscribing that is aborted under way ends, and delivers nothing from then on'(bench) {
    const [a, b] = await bench.pair()
    const controller = new AbortController()
    const got: string[] = []
    const handler = ({ payload }: { payload: Uint8Array }) => void got.push(text(payload))
    const subscribing = b.subscribe(bench.subject('x'), handler, { signal: controller.signal }).then(
      (subscription) => subscription,
      ({ code }) => code as string,
    )
    controller.abort()
    const outcome = await soon(subscribing, 'subscribing ends')
    if (typeof outcome === 'string') expect(outcome).toBe('BP_ABORTED')
    else await outcome.unsubscribe()
    const witness = await bench.hear(b, bench.subject('x'))
    await a.publish(bench.subject('x'), bytes('after'))
    await witness.count(1)
    expect(got).toEqual([])
  },
  async 'serving that is aborted under way is nobody'(bench) {
    const [a, b] = await bench.pair()
    const controller = new AbortController()
    const serving = b
      .serve(bench.subject('x'), ({ payload }) => payload, { signal: controller.signal })
      .then(
        (served) => served,
        ({ code }) => code as string,
      )
    controller.abort()
    const outcome = await soon(serving, 'serving ends')
    if (typeof outcome === 'string') expect(outcome).toBe('BP_ABORTED')
    else await outcome.unsubscribe()
    await b.flush()
    await rejection(a.request(bench.subject('x'), bytes('')), 'BP_NO_RESPONDER')
  },
  async 'of two who wait for connect, one may give up and the other is connected'(bench) {
    const a = bench.make()
    const controller = new AbortController()
    const given = a.connect({ signal: controller.signal })
    const patient = a.connect()
    controller.abort()
    await rejection(given, 'BP_ABORTED')
    await patient
    expect(a.status).toBe('connected')
  },
  async 'connect that was given up may be called again, and connects'(bench) {
    const a = bench.make()
    const controller = new AbortController()
    const given = a.connect({ signal: controller.signal })
    controller.abort()
    await rejection(given, 'BP_ABORTED')
    await a.connect()
    expect(a.status).toBe('connected')
    await a.flush()
  },
  async 'a request that times out says on what and after how long; others go on waiting'(bench) {
    const [a, b] = await bench.pair()
    const held = await bench.holding(b, bench.subject('x'))
    const patient = a.request(bench.subject('x'), bytes('patient'), { timeoutMs: 60_000 })
    const error = await rejection(a.request(bench.subject('x'), bytes(''), { timeoutMs: 40 }), 'BP_TIMEOUT')
    expect(error.message).toContain(bench.subject('x'))
    expect(error.details).toMatchObject({ timeoutMs: 40 })
    held.open()
    expect(text((await patient).payload)).toBe('patient')
  },
  async 'a payload over the limit is told with its size and the limit'(bench) {
    const a = await bench.open()
    const limit = bench.limit(a)
    const error = await rejection(a.publish(bench.subject('x'), new Uint8Array(limit + 3)), 'BP_PAYLOAD_TOO_LARGE')
    expect(error.details).toMatchObject({ bytes: limit + 3, limit })
  },
  async 'close rejects every request under way, and each flush and subscribe that it overtakes ends'(bench) {
    const [a, b] = await bench.pair()
    const held = await bench.holding(b, bench.subject('x'))
    const ask = () => a.request(bench.subject('x'), bytes(''), { timeoutMs: 60_000 })
    const asked = Array.from({ length: 20 }, ask)
    for (const each of asked) each.catch(() => {})
    await held.arrived
    const code = (work: Promise<unknown>) =>
      work.then(
        () => 'done',
        ({ code }) => code as string,
      )
    const others = [a.subscribe(bench.subject('y'), () => {}), a.serve(bench.subject('z'), () => bytes('')), a.flush()]
    const ends = Promise.all(others.map(code))
    await soon(a.close(), 'closing')
    for (const each of asked) await rejection(soon(each, 'the request ends'), 'BP_CLOSED')
    for (const end of await soon(ends, 'what was under way ends')) expect(['done', 'BP_CLOSED']).toContain(end)
    held.open()
    await rejection(b.request(bench.subject('z'), bytes('')), 'BP_NO_RESPONDER')
  },
  async 'closes that meet are one, with the first time to drain'(bench) {
    const [a, b] = await bench.pair()
    const held = await bench.holding(b, bench.subject('x'))
    const asked = a.request(bench.subject('x'), bytes('answered'))
    await held.arrived
    const closing = b.close({ drainMs: 5000 })
    let over = false
    const second = b.close({ drainMs: 0 }).then(() => {
      over = true
    })
    await pause(30)
    expect(over, 'the second waits for the first').toBe(false)
    held.open()
    expect(text((await asked).payload)).toBe('answered')
    await soon(Promise.all([closing, second]), 'closing')
  },
  async 'unsubscribing while it closes resolves'(bench) {
    const [a, b] = await bench.pair()
    const held = gate()
    const arrived = gate()
    const heard = await bench.hear(b, bench.subject('y'))
    const served = await bench.answer(b, bench.subject('x'), async ({ payload }) => {
      arrived.open()
      await held.opened
      return payload
    })
    const asked = a.request(bench.subject('x'), bytes('1'))
    await arrived.opened
    const closing = b.close({ drainMs: 5000 })
    await soon(Promise.all([heard.subscription.unsubscribe(), served.unsubscribe()]), 'unsubscribing')
    held.open()
    expect(text((await asked).payload)).toBe('1')
    await soon(closing, 'closing')
  },
}
