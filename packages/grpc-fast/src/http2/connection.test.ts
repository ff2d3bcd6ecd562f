import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Connection } from './connection.ts'
import { frame, settingsFrame } from './frame.ts'
import { Stream } from './stream.ts'

/** A connection with three streams, and what became of them. */
function open() {
  const ends: string[][] = [[], [], []]
  let gone = 0
  const output = { write: () => true, end: () => {}, destroy: () => {}, busy: () => {} }
  const connection = new Connection(
    output,
    { onReady: () => {}, onRetired: () => {}, onTooManyPings: () => {}, onGone: () => (gone += 1) },
    {
      maxHeaderListSize: 65_536,
      keepAlive: { timeMs: Number.POSITIVE_INFINITY, timeoutMs: 0, withoutCalls: false },
    },
  )
  for (const seen of ends) {
    const request = { key: 'k', steady: () => [], others: () => [] }
    const events = {
      onHeaders: (_: unknown, end: boolean) => void (end && seen.push('end')),
      onData: () => {},
      onSent: () => {},
      onEnd: () => void seen.push('end'),
      onReset: () => void seen.push('reset'),
      onHeadersTooLarge: () => void seen.push('reset'),
      onLost: () => void seen.push('lost'),
    }
    const stream = new Stream(request, events, 1024 * 1024)
    stream.write(Buffer.from('hello'))
    stream.end()
    connection.open(stream)
  }
  return { connection, ends, gone: () => gone }
}

it('takes any frames: every stream ends once, and so does the connection', async () => {
  const any = fc.record({
    type: fc.integer({ min: 0, max: 10 }),
    flags: fc.constantFrom(0, 1, 4, 5, 8, 0x20, 0xff),
    stream: fc.constantFrom(0, 1, 3, 5, 7, 2),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 30 }),
      fc.constantFrom(Uint8Array.of(0x88), Uint8Array.of(0, 0, 0, 8), new Uint8Array(8)),
    ),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(any, { maxLength: 25 }), async (frames) => {
      const { connection, ends, gone } = open()
      await Promise.resolve()
      connection.receive(settingsFrame([]))
      for (const { type, flags, stream, payload } of frames) {
        connection.receive(frame(type, flags, stream, Buffer.from(payload)))
      }
      connection.destroy('the test is over')
      expect(ends.map((seen) => seen.length)).toEqual([1, 1, 1])
      expect(gone()).toBe(1)
      connection.receive(settingsFrame([]))
    }),
    { numRuns: 5000 },
  )
})

it('takes any bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), (chunks) => {
      const { connection } = open()
      for (const chunk of chunks) connection.receive(Buffer.from(chunk))
      connection.destroy('the test is over')
    }),
    { numRuns: 3000 },
  )
})
