import { expect } from 'vitest'
import { gate, ordinaryError, pause, rejection, soon, until } from '../waiting.ts'
import type { TransportCase } from './bench.ts'
import { bytes, pattern, sameBytes, text } from './payloads.ts'

/** Requests and answers. */
export const requestCases: Record<string, TransportCase> = {
  async 'a request is answered, and its handler sees subject and payload'(bench) {
    const [a, b] = await bench.pair()
    const seen: unknown[] = []
    await bench.answer(b, bench.subject('x.*'), (request) => {
      seen.push([request.subject, text(request.payload), request.expectsReply, request.signal.aborted])
      return bytes('pong')
    })
    const answer = await a.request(bench.subject('x.y'), bytes('ping'))
    expect(text(answer.payload)).toBe('pong')
    expect(seen).toEqual([[bench.subject('x.y'), 'ping', true, false]])
  },
  async 'a transport may ask itself'(bench) {
    const a = await bench.open()
    await bench.answer(a, bench.subject('x'), (request) => request.payload)
    expect(text((await a.request(bench.subject('x'), bytes('me'))).payload)).toBe('me')
  },
  async 'empty requests and empty answers are carried'(bench) {
    const [a, b] = await bench.pair()
    const sizes: number[] = []
    await bench.answer(b, bench.subject('x'), (request) => {
      sizes.push(request.payload.byteLength)
      return new Uint8Array()
    })
    const answer = await a.request(bench.subject('x'), new Uint8Array())
    expect(answer.payload.byteLength).toBe(0)
    expect(sizes).toEqual([0])
  },
  async 'an answer may come later'(bench) {
    const [a, b] = await bench.pair()
    await bench.answer(b, bench.subject('x'), async (request) => {
      await pause(30)
      return request.payload
    })
    expect(text((await a.request(bench.subject('x'), bytes('late'))).payload)).toBe('late')
  },
  async 'the answerer may use its buffer again, and nobody shares bytes'(bench) {
    const [a, b] = await bench.pair()
    const shared = bytes('0')
    await bench.answer(b, bench.subject('x'), (request) => {
      shared.set(request.payload)
      request.payload.fill(0)
      return shared
    })
    const asked = ['1', '2', '3'].map(bytes)
    const answers: Uint8Array[] = []
    for (const payload of asked) answers.push((await a.request(bench.subject('x'), payload)).payload)
    expect(answers.map(text)).toEqual(['1', '2', '3'])
    expect(asked.map(text)).toEqual(['1', '2', '3'])
  },
  async 'two hundred requests at once each get their own answer, in whatever order they come'(bench) {
    const [a, b] = await bench.pair()
    await bench.answer(b, bench.subject('x'), async (request) => {
      await pause((Number(text(request.payload)) * 7) % 20)
      return request.payload
    })
    const asked = Array.from({ length: 200 }, (_, i) => String(i))
    const answers = await Promise.all(asked.map((each) => a.request(bench.subject('x'), bytes(each))))
    expect(answers.map((answer) => text(answer.payload))).toEqual(asked)
  },
  async 'handlers run at the same time: a later request may be answered first'(bench) {
    const [a, b] = await bench.pair()
    const held = gate()
    await bench.answer(b, bench.subject('x'), async (request) => {
      if (text(request.payload) === 'first') await held.opened
      return request.payload
    })
    const first = a.request(bench.subject('x'), bytes('first'))
    expect(text((await a.request(bench.subject('x'), bytes('second'))).payload)).toBe('second')
    held.open()
    expect(text((await first).payload)).toBe('first')
  },
  async 'a handler may ask in turn, even the one who asks'(bench) {
    const [a, b] = await bench.pair()
    await bench.answer(a, bench.subject('inner'), () => bytes('inner'))
    await bench.answer(
      b,
      bench.subject('outer'),
      async () => (await b.request(bench.subject('inner'), bytes(''))).payload,
    )
    expect(text((await a.request(bench.subject('outer'), bytes(''))).payload)).toBe('inner')
  },
  async 'nobody there: BP_NO_RESPONDER, at once'(bench) {
    const a = await bench.open()
    const asked = a.request(bench.subject('nobody'), bytes(''), { timeoutMs: 60_000 })
    const error = await rejection(soon(asked, 'the error comes before the timeout'), 'BP_NO_RESPONDER')
    expect(error.message).toContain(bench.subject('nobody'))
    expect(error.retryable).toBe(true)
  },
  async 'a plain subscriber is not a responder that answers: BP_NO_RESPONDER, or BP_TIMEOUT where a medium cannot tell'(
    bench,
  ) {
    const [a, b] = await bench.pair()
    await bench.hear(b, bench.subject('x'))
    await rejection(a.request(bench.subject('x'), bytes(''), { timeoutMs: 100 }), ['BP_NO_RESPONDER', 'BP_TIMEOUT'])
  },
  async 'no answer in time: BP_TIMEOUT'(bench) {
    const [a, b] = await bench.pair()
    const held = gate()
    await bench.answer(b, bench.subject('x'), async (request) => {
      await held.opened
      return request.payload
    })
    const error = await rejection(a.request(bench.subject('x'), bytes(''), { timeoutMs: 60 }), 'BP_TIMEOUT')
    expect(error.retryable).toBe(true)
    held.open()
  },
  async 'a handler that gives undefined sends no answer: BP_TIMEOUT'(bench) {
    const [a, b] = await bench.pair()
    await bench.answer(b, bench.subject('x'), () => undefined)
    await rejection(a.request(bench.subject('x'), bytes(''), { timeoutMs: 60 }), 'BP_TIMEOUT')
  },
  async 'an answer that comes too late disturbs nobody'(bench) {
    const [a, b] = await bench.pair()
    const held = gate()
    await bench.answer(b, bench.subject('x'), async (request) => {
      if (text(request.payload) === 'late') await held.opened
      return request.payload
    })
    await rejection(a.request(bench.subject('x'), bytes('late'), { timeoutMs: 60 }), 'BP_TIMEOUT')
    held.open()
    for (const each of ['1', '2', '3'])
      expect(text((await a.request(bench.subject('x'), bytes(each))).payload)).toBe(each)
  },
  async 'a handler that throws: BP_REFUSED, with its text'(bench) {
    const [a, b] = await bench.pair()
    await bench.answer(b, bench.subject('x'), () => {
      throw ordinaryError('not today: ünïcödé 1/2')
    })
    const error = await rejection(a.request(bench.subject('x'), bytes('')), 'BP_REFUSED')
    expect(error.message).toContain('not today: ünïcödé 1/2')
    expect(error.retryable).toBe(false)
  },
  async 'a handler that rejects, or throws what is no Error: BP_REFUSED'(bench) {
    const [a, b] = await bench.pair()
    await bench.answer(b, bench.subject('x'), async (request) => {
      await pause(1)
      throw text(request.payload) === 'text'
        ? 'only text'
        : Object.assign(ordinaryError('line one\r\nline two'), { code: 7 })
    })
    expect((await rejection(a.request(bench.subject('x'), bytes('text')), 'BP_REFUSED')).message).toContain('only text')
    expect((await rejection(a.request(bench.subject('x'), bytes('error')), 'BP_REFUSED')).message).toContain('line one')
  },
  async 'after a refusal the handler is asked again'(bench) {
    const [a, b] = await bench.pair()
    let asked = 0
    await bench.answer(b, bench.subject('x'), () => {
      if (asked++ === 0) throw ordinaryError('first time')
      return bytes('second time')
    })
    await rejection(a.request(bench.subject('x'), bytes('')), 'BP_REFUSED')
    expect(text((await a.request(bench.subject('x'), bytes(''))).payload)).toBe('second time')
  },
  async 'aborting a request rejects it with BP_ABORTED, at once'(bench) {
    const [a, b] = await bench.pair()
    const held = await bench.holding(b, bench.subject('x'))
    const controller = new AbortController()
    const asked = a.request(bench.subject('x'), bytes(''), { signal: controller.signal, timeoutMs: 60_000 })
    await held.arrived
    controller.abort()
    await rejection(soon(asked, 'abort ends the request'), 'BP_ABORTED')
    held.open()
    await a.flush()
  },
  async 'a request whose signal has aborted is not sent'(bench) {
    const [a, b] = await bench.pair()
    const seen: string[] = []
    await bench.answer(b, bench.subject('x'), (request) => {
      seen.push(text(request.payload))
      return request.payload
    })
    await rejection(a.request(bench.subject('x'), bytes('aborted'), { signal: AbortSignal.abort() }), 'BP_ABORTED')
    await a.request(bench.subject('x'), bytes('end'))
    expect(seen).toEqual(['end'])
  },
  async 'a signal that aborts after the answer changes nothing, and is not listened to any more'(bench) {
    const [a, b] = await bench.pair()
    await bench.answer(b, bench.subject('x'), (request) => request.payload)
    const controller = new AbortController()
    let listeners = 0
    const { signal } = controller
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = ((...args: Parameters<typeof add>) => {
      listeners++
      add(...args)
    }) as typeof add
    signal.removeEventListener = ((...args: Parameters<typeof remove>) => {
      listeners--
      remove(...args)
    }) as typeof remove
    for (let i = 0; i < 20; i++) await a.request(bench.subject('x'), bytes(''), { signal })
    await until(() => listeners <= 1, `listeners are removed (${listeners} left after 20 requests)`)
    controller.abort()
    expect(a.status).toBe('connected')
  },
  async 'a publish reaches who serves, with expectsReply false, and its answer goes nowhere'(bench) {
    const [a, b] = await bench.pair()
    const seen: boolean[] = []
    await bench.answer(b, bench.subject('x'), (request) => {
      seen.push(request.expectsReply)
      return bytes('to nobody')
    })
    await a.publish(bench.subject('x'), bytes(''))
    await until(() => seen.length === 1, 'the publish arrives')
    await a.request(bench.subject('x'), bytes(''))
    expect(seen).toEqual([false, true])
  },
  async 'a publish that its server throws at harms nobody'(bench) {
    const [a, b] = await bench.pair()
    let thrown = 0
    await bench.answer(b, bench.subject('x'), (request) => {
      if (request.expectsReply) return bytes('fine')
      thrown++
      throw ordinaryError('thrown on purpose')
    })
    await a.publish(bench.subject('x'), bytes(''))
    await until(() => thrown === 1, 'the publish arrives')
    expect(text((await a.request(bench.subject('x'), bytes(''))).payload)).toBe('fine')
  },
  async 'two servers without a group: the asker gets one of their answers'(bench) {
    const [a, b] = await bench.pair()
    const c = await bench.open()
    await bench.answer(b, bench.subject('x'), () => bytes('b'))
    await bench.answer(c, bench.subject('x'), () => bytes('c'))
    for (let i = 0; i < 20; i++)
      expect(['b', 'c']).toContain(text((await a.request(bench.subject('x'), bytes(''))).payload))
  },
  async 'a server that leaves is nobody'(bench) {
    const [a, b] = await bench.pair()
    const served = await bench.answer(b, bench.subject('x'), () => bytes('1'))
    await a.request(bench.subject('x'), bytes(''))
    await served.unsubscribe()
    await b.flush()
    await rejection(a.request(bench.subject('x'), bytes('')), 'BP_NO_RESPONDER')
  },
  async 'a server that leaves as soon as it came is nobody'(bench) {
    const [a, b] = await bench.pair()
    const served = await b.serve(bench.subject('x'), () => bytes('1'))
    await served.unsubscribe()
    await b.flush()
    await rejection(a.request(bench.subject('x'), bytes('')), 'BP_NO_RESPONDER')
  },
  async 'a server whose transport has closed is nobody'(bench) {
    const [a, b] = await bench.pair()
    await bench.answer(b, bench.subject('x'), () => bytes('1'))
    await a.request(bench.subject('x'), bytes(''))
    await b.close()
    await rejection(a.request(bench.subject('x'), bytes('')), 'BP_NO_RESPONDER')
  },
  async 'large requests and answers are carried whole'(bench) {
    const [a, b] = await bench.pair()
    const large = pattern(Math.min(400_000, a.maxPayload))
    await bench.answer(b, bench.subject('x'), (request) => request.payload.slice().reverse())
    const answer = await a.request(bench.subject('x'), large)
    expect(sameBytes(answer.payload, large.slice().reverse())).toBe(true)
  },
  async 'over the limit: publish and request reject with BP_PAYLOAD_TOO_LARGE, and nothing breaks'(bench) {
    const [a, b] = await bench.pair()
    const heard = await bench.hear(b, bench.subject('x'))
    await bench.answer(b, bench.subject('y'), (request) => request.payload)
    const tooLarge = new Uint8Array(bench.limit(a) + 1)
    await rejection(a.publish(bench.subject('x'), tooLarge), 'BP_PAYLOAD_TOO_LARGE')
    await rejection(a.request(bench.subject('y'), tooLarge), 'BP_PAYLOAD_TOO_LARGE')
    await a.publish(bench.subject('x'), bytes('end'))
    await heard.count(1)
    expect(heard.texts).toEqual(['end'])
    expect(a.status).toBe('connected')
  },
  async 'an answer over the limit: the asker is told BP_PAYLOAD_TOO_LARGE, and nothing breaks'(bench) {
    const [a, b] = await bench.pair()
    const limit = bench.limit(b)
    await bench.answer(
      b,
      bench.subject('x'),
      (request) => new Uint8Array(text(request.payload) === 'big' ? limit + 1 : 1),
    )
    await rejection(a.request(bench.subject('x'), bytes('big')), 'BP_PAYLOAD_TOO_LARGE')
    expect((await a.request(bench.subject('x'), bytes('small'))).payload.byteLength).toBe(1)
    expect(b.status).toBe('connected')
  },
}
