import { expect } from 'vitest'
import { rejection, until } from '../waiting.ts'
import type { TransportCase } from './bench.ts'
import { bytes, text } from './payloads.ts'

const numbers = Array.from({ length: 200 }, (_, i) => String(i))
const inOrder = (texts: readonly string[]) => [...texts].sort((a, b) => Number(a) - Number(b))

/** Queue groups. */
export const queueCases: Record<string, TransportCase> = {
  async 'each message goes to one member of a group, and every member takes part'(bench) {
    const [a, b] = await bench.pair()
    const c = await bench.open()
    const members = [
      await bench.hear(b, bench.subject('x'), { queue: 'q' }),
      await bench.hear(b, bench.subject('x'), { queue: 'q' }),
      await bench.hear(c, bench.subject('x'), { queue: 'q' }),
    ]
    for (const each of numbers) await a.publish(bench.subject('x'), bytes(each))
    const total = () => members.flatMap((member) => member.texts)
    await until(() => total().length >= 200, '200 messages shared')
    await a.flush()
    expect(inOrder(total())).toEqual(numbers)
    for (const member of members) expect(member.texts.length).toBeGreaterThan(0)
  },
  async 'every group gets every message, and so does who is in none'(bench) {
    const [a, b] = await bench.pair()
    const one = await bench.hear(b, bench.subject('x'), { queue: 'one' })
    const two = await bench.hear(b, bench.subject('x'), { queue: 'two' })
    const alone = await bench.hear(b, bench.subject('x'))
    for (const each of numbers) await a.publish(bench.subject('x'), bytes(each))
    for (const heard of [one, two, alone]) {
      await heard.count(200)
      expect(heard.texts).toEqual(numbers)
    }
  },
  async 'a group may have a pattern'(bench) {
    const [a, b] = await bench.pair()
    const members = [
      await bench.hear(b, bench.subject('x.*'), { queue: 'q' }),
      await bench.hear(b, bench.subject('x.*'), { queue: 'q' }),
    ]
    for (const each of numbers) await a.publish(bench.subject(`x.${each}`), bytes(each))
    const total = () => members.flatMap((member) => member.texts)
    await until(() => total().length >= 200, '200 messages shared')
    expect(inOrder(total())).toEqual(numbers)
  },
  async 'one name on two subjects is two groups'(bench) {
    const [a, b] = await bench.pair()
    const x = await bench.hear(b, bench.subject('x'), { queue: 'q' })
    const y = await bench.hear(b, bench.subject('y'), { queue: 'q' })
    for (let i = 0; i < 10; i++) await a.publish(bench.subject('x'), bytes('x'))
    for (let i = 0; i < 10; i++) await a.publish(bench.subject('y'), bytes('y'))
    await x.count(10)
    await y.count(10)
    expect(new Set(x.texts)).toEqual(new Set(['x']))
  },
  async 'when a member leaves, the others take its share'(bench) {
    const [a, b] = await bench.pair()
    const leaver = await bench.hear(b, bench.subject('x'), { queue: 'q' })
    const stayer = await bench.hear(b, bench.subject('x'), { queue: 'q' })
    await leaver.subscription.unsubscribe()
    await b.flush()
    for (const each of numbers) await a.publish(bench.subject('x'), bytes(each))
    await stayer.count(200)
    expect(leaver.texts).toEqual([])
  },
  async 'a member that leaves as soon as it came takes no share'(bench) {
    const [a, b] = await bench.pair()
    const stayer = await bench.hear(b, bench.subject('x'), { queue: 'q' })
    const leaver = await b.subscribe(bench.subject('x'), () => {}, { queue: 'q' })
    await leaver.unsubscribe()
    await b.flush()
    for (const each of numbers) await a.publish(bench.subject('x'), bytes(each))
    await stayer.count(200)
  },
  async "when a member's transport closes, the others take its share"(bench) {
    const [a, b] = await bench.pair()
    const c = await bench.open()
    const leaver = await bench.hear(c, bench.subject('x'), { queue: 'q' })
    const stayer = await bench.hear(b, bench.subject('x'), { queue: 'q' })
    await c.close()
    for (const each of numbers) await a.publish(bench.subject('x'), bytes(each))
    await stayer.count(200)
    expect(leaver.texts).toEqual([])
  },
  async 'each request goes to one server of a group, and every server takes part'(bench) {
    const [a, b] = await bench.pair()
    const c = await bench.open()
    const handled: string[][] = [[], []]
    for (const [i, transport] of [b, c].entries())
      await bench.answer(
        transport,
        bench.subject('x'),
        (request) => {
          handled[i]?.push(text(request.payload))
          return request.payload
        },
        { queue: 'q' },
      )
    await Promise.all(numbers.map((each) => a.request(bench.subject('x'), bytes(each))))
    expect(inOrder(handled.flat())).toEqual(numbers)
    for (const share of handled) expect(share.length).toBeGreaterThan(0)
  },
  async 'a group of servers whose last member has left is nobody'(bench) {
    const [a, b] = await bench.pair()
    const served = await bench.answer(b, bench.subject('x'), () => bytes('1'), { queue: 'q' })
    await a.request(bench.subject('x'), bytes(''))
    await served.unsubscribe()
    await b.flush()
    await rejection(a.request(bench.subject('x'), bytes('')), 'BP_NO_RESPONDER')
  },
}
