import { expect } from 'vitest'
import { ordinaryError } from '../waiting.ts'
import type { TransportCase } from './bench.ts'
import { bytes, pattern, sameBytes, text } from './payloads.ts'

const oddTokens = ['a/b', 'a#b', 'a?b', 'a$b', '$SYS', 'a%2Fb', 'a@v1', 'a=b&c', 'grün', '日本', '😀', '-_~']

/** Publishing and hearing. */
export const publishCases: Record<string, TransportCase> = {
  async 'a message arrives with its subject and its bytes'(bench) {
    const [a, b] = await bench.pair()
    const heard = await bench.hear(b, bench.subject('news.today'))
    await a.publish(bench.subject('news.today'), bytes('hello'))
    await heard.count(1)
    expect(heard.subjects).toEqual([bench.subject('news.today')])
    expect(heard.texts).toEqual(['hello'])
  },
  async 'every subscriber hears it once, on every transport, the publisher included'(bench) {
    const [a, b] = await bench.pair()
    const all = [
      await bench.hear(a, bench.subject('x')),
      await bench.hear(b, bench.subject('x')),
      await bench.hear(b, bench.subject('x')),
    ]
    await a.publish(bench.subject('x'), bytes('1'))
    await a.publish(bench.subject('x'), bytes('end'))
    for (const heard of all) await heard.count(2)
    for (const heard of all) expect(heard.texts).toEqual(['1', 'end'])
  },
  async 'overlapping subscriptions of one transport each hear it once'(bench) {
    const [a, b] = await bench.pair()
    const exact = await bench.hear(b, bench.subject('x.y'))
    const star = await bench.hear(b, bench.subject('x.*'))
    const all = await bench.hear(b, bench.subject('>'))
    await a.publish(bench.subject('x.y'), bytes('1'))
    await a.publish(bench.subject('x.y'), bytes('2'))
    for (const heard of [exact, star, all]) {
      await heard.count(2)
      expect(heard.texts).toEqual(['1', '2'])
    }
  },
  async 'other subjects are not heard: longer, shorter, other case, common beginning'(bench) {
    const [a, b] = await bench.pair()
    const heard = await bench.hear(b, bench.subject('x.y'))
    for (const other of ['x', 'x.y.z', 'X.y', 'x.Y', 'x.yy', 'xx.y', 'y.x'])
      await a.publish(bench.subject(other), bytes(other))
    await a.publish(bench.subject('x.y'), bytes('end'))
    await heard.count(1)
    expect(heard.texts).toEqual(['end'])
  },
  async 'an empty payload arrives as empty bytes'(bench) {
    const [a, b] = await bench.pair()
    const heard = await bench.hear(b, bench.subject('x'))
    await a.publish(bench.subject('x'), new Uint8Array())
    await heard.count(1)
    expect(heard.payloads[0]).toBeInstanceOf(Uint8Array)
    expect(heard.payloads[0]?.byteLength).toBe(0)
  },
  async 'every byte value arrives as it is'(bench) {
    const [a, b] = await bench.pair()
    const heard = await bench.hear(b, bench.subject('x'))
    const sent = Uint8Array.from({ length: 256 }, (_, i) => i)
    await a.publish(bench.subject('x'), sent)
    await heard.count(1)
    expect(sameBytes(heard.payloads[0], sent)).toBe(true)
  },
  async 'of a view on a larger buffer only the view travels'(bench) {
    const [a, b] = await bench.pair()
    const heard = await bench.hear(b, bench.subject('x'))
    await a.publish(bench.subject('x'), bytes('--inside--').subarray(2, 8))
    await heard.count(1)
    expect(heard.texts).toEqual(['inside'])
  },
  async 'the publisher may use its buffer again once publish has resolved'(bench) {
    const [a, b] = await bench.pair()
    const heard = await bench.hear(b, bench.subject('x'))
    const buffer = bytes('first')
    await a.publish(bench.subject('x'), buffer)
    buffer.set(bytes('other'))
    await heard.count(1)
    expect(heard.texts).toEqual(['first'])
  },
  async 'subscribers do not share bytes: one may write into what it got'(bench) {
    const [a, b] = await bench.pair()
    const scribble = ({ payload }: { payload: Uint8Array }) => void payload.fill(0)
    const seen: string[] = []
    await b.subscribe(bench.subject('x'), (message) => {
      seen.push(text(message.payload))
      scribble(message)
    })
    await bench.hear(b, bench.subject('*'), {}, scribble)
    const last = await bench.hear(b, bench.subject('>'))
    await a.publish(bench.subject('x'), bytes('mine'))
    await last.count(1)
    expect(last.texts).toEqual(['mine'])
    expect(seen).toEqual(['mine'])
  },
  ...Object.fromEntries(
    oddTokens.map((token): [string, TransportCase] => [
      `the token ${token} is carried as it is, by publish and by request`,
      async (bench) => {
        const [a, b] = await bench.pair()
        const subject = bench.subject(`${token}.x`)
        const exact = await bench.hear(b, subject)
        const wild = await bench.hear(b, bench.subject('*.x'))
        await a.publish(subject, bytes('1'))
        await exact.count(1)
        await wild.count(1)
        expect(exact.subjects).toEqual([subject])
        expect(wild.subjects).toEqual([subject])
        await bench.answer(b, bench.subject(`*.served`), (request) => bytes(request.subject))
        const served = bench.subject(`${token}.served`)
        expect(text((await a.request(served, bytes(''))).payload)).toBe(served)
      },
    ]),
  ),
  async 'what nobody hears is gone: a later subscriber does not get it'(bench) {
    const [a, b] = await bench.pair()
    await a.publish(bench.subject('x'), bytes('early'))
    await a.flush()
    const heard = await bench.hear(b, bench.subject('x'))
    await a.publish(bench.subject('x'), bytes('late'))
    await heard.count(1)
    expect(heard.texts).toEqual(['late'])
  },
  async 'after flush the far side knows each subscription made before'(bench) {
    const [a, b] = await bench.pair()
    for (let round = 0; round < 20; round++) {
      const heard = await bench.hear(b, bench.subject(`x${round}`))
      await a.publish(bench.subject(`x${round}`), bytes('1'))
      await heard.count(1)
    }
  },
  async 'one publisher is heard in the order in which it sent'(bench) {
    const [a, b] = await bench.pair()
    const heard = await bench.hear(b, bench.subject('x'))
    const sent = Array.from({ length: 500 }, (_, i) => String(i))
    for (const each of sent) await a.publish(bench.subject('x'), bytes(each))
    await heard.count(500)
    expect(heard.texts).toEqual(sent)
  },
  async 'the order holds without awaiting, across subjects of one pattern and sizes'(bench) {
    const [a, b] = await bench.pair()
    const heard = await bench.hear(b, bench.subject('x.*'))
    const sent = Array.from({ length: 300 }, (_, i) => `${i}${'.'.repeat(i % 7 === 0 ? 5000 : 3)}`)
    await Promise.all(sent.map((each, i) => a.publish(bench.subject(`x.${i % 5}`), bytes(each))))
    await heard.count(300)
    expect(heard.texts).toEqual(sent)
  },
  async 'a handler that gives a promise gets one message at a time, in order'(bench) {
    const [a, b] = await bench.pair()
    let running = 0
    let most = 0
    const heard = await bench.hear(b, bench.subject('x'), {}, async () => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setTimeout(resolve, 1))
      running--
    })
    const sent = Array.from({ length: 40 }, (_, i) => String(i))
    for (const each of sent) await a.publish(bench.subject('x'), bytes(each))
    await heard.count(40)
    expect(heard.texts).toEqual(sent)
    expect(most).toBe(1)
  },
  async 'two publishers at once lose nothing, and each keeps its order'(bench) {
    const [a, b] = await bench.pair()
    const c = await bench.open()
    const heard = await bench.hear(c, bench.subject('x'))
    const numbers = Array.from({ length: 100 }, (_, i) => i)
    const send = async (from: typeof a, name: string) => {
      for (const i of numbers) await from.publish(bench.subject('x'), bytes(`${name}${i}`))
    }
    await Promise.all([send(a, 'a'), send(b, 'b')])
    await heard.count(200)
    for (const name of ['a', 'b'])
      expect(heard.texts.filter((each) => each.startsWith(name))).toEqual(numbers.map((i) => `${name}${i}`))
  },
  async 'a handler that throws, or rejects, goes on hearing'(bench) {
    const [a, b] = await bench.pair()
    const heard = await bench.hear(b, bench.subject('x'), {}, (message) => {
      if (text(message.payload) === 'throw') throw ordinaryError('thrown on purpose')
      if (text(message.payload) === 'reject') return Promise.reject(ordinaryError('rejected on purpose'))
    })
    for (const each of ['throw', 'reject', 'end']) await a.publish(bench.subject('x'), bytes(each))
    await heard.count(3)
    expect(heard.texts).toEqual(['throw', 'reject', 'end'])
    expect(b.status).toBe('connected')
  },
  async 'a handler may publish, subscribe and unsubscribe'(bench) {
    const [a, b] = await bench.pair()
    const echoed = await bench.hear(a, bench.subject('echo'))
    const heard = await bench.hear(b, bench.subject('x'), {}, async (message) => {
      await b.publish(bench.subject('echo'), message.payload)
      await b.subscribe(bench.subject('other'), () => {})
      await heard.subscription.unsubscribe()
    })
    await a.publish(bench.subject('x'), bytes('1'))
    await echoed.count(1)
    await a.publish(bench.subject('x'), bytes('2'))
    await a.publish(bench.subject('echo'), bytes('end'))
    await echoed.count(2)
    expect(heard.texts).toEqual(['1'])
  },
  async 'a signal gives up the subscribing and the serving, and does not end what stands'(bench) {
    const [a, b] = await bench.pair()
    const controller = new AbortController()
    const { signal } = controller
    const heard = await bench.hear(b, bench.subject('x'), { signal })
    await b.serve(bench.subject('served'), ({ payload }) => payload, { signal })
    controller.abort()
    await a.publish(bench.subject('x'), bytes('after'))
    await heard.count(1)
    expect(heard.texts).toEqual(['after'])
    const { payload } = await a.request(bench.subject('served'), bytes('still'))
    expect(text(payload)).toBe('still')
  },
  async 'two hundred subscriptions hear each their own'(bench) {
    const [a, b] = await bench.pair()
    const got: number[] = []
    const numbers = Array.from({ length: 200 }, (_, i) => i)
    for (const i of numbers) await b.subscribe(bench.subject(`many.${i}`), () => void got.push(i))
    const last = await bench.hear(b, bench.subject('many.end'))
    for (const i of numbers) await a.publish(bench.subject(`many.${i}`), bytes(''))
    await a.publish(bench.subject('many.end'), bytes(''))
    await last.count(1)
    expect(got.sort((x, y) => x - y)).toEqual(numbers)
  },
  async 'a large payload arrives whole'(bench) {
    const [a, b] = await bench.pair()
    const heard = await bench.hear(b, bench.subject('x'))
    const large = pattern(Math.min(700_001, a.maxPayload))
    await a.publish(bench.subject('x'), large)
    await heard.count(1)
    expect(sameBytes(heard.payloads[0], large)).toBe(true)
  },
  async 'a payload of exactly the limit arrives'(bench) {
    const [a, b] = await bench.pair()
    const heard = await bench.hear(b, bench.subject('x'))
    const largest = pattern(bench.limit(a))
    await a.publish(bench.subject('x'), largest)
    await heard.count(1)
    expect(sameBytes(heard.payloads[0], largest)).toBe(true)
  },
}
