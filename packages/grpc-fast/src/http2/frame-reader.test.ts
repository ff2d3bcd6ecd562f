import fc from 'fast-check'
import { expect, it } from 'vitest'
import { frame } from './frame.ts'
import { FrameReader } from './frame-reader.ts'

it('finds the same frames however the bytes are cut, and keeps none of them', () => {
  const one = fc.record({
    type: fc.integer({ min: 0, max: 255 }),
    flags: fc.integer({ min: 0, max: 255 }),
    stream: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    payload: fc.uint8Array({ maxLength: 40 }),
  })
  fc.assert(
    fc.property(
      fc.array(one, { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      (frames, cuts) => {
        const bytes = Buffer.concat(
          frames.map(({ type, flags, stream, payload }) => frame(type, flags, stream, Buffer.from(payload))),
        )
        const seen: unknown[] = []
        const reader = new FrameReader((type, flags, stream, payload) => {
          seen.push({ type, flags, stream, payload: Uint8Array.from(payload) })
        })
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const piece = Buffer.from(bytes.subarray(at, at + cuts[i % cuts.length]!))
          reader.push(piece)
          at += piece.length
          piece.fill(0xff)
        }
        expect(seen).toEqual(frames)
      },
    ),
    { numRuns: 1000 },
  )
})

it('refuses a frame that is too large as soon as its length is there', () => {
  const reader = new FrameReader(() => {})
  expect(() => reader.push(Buffer.from([0x00, 0x40, 0x01, 0, 0, 0, 0, 0, 0]))).toThrow(/16385 bytes/)
})
