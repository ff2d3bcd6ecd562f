import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeFrame, FrameReader } from './frames.ts'

/** A frame with bytes, whose message refers to them by anything. */
function referring(to: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(['$bytes', ['x', { $bytes: to }]]))
  const head = Buffer.from([0, 0, 0, 0, 1, 0, 0, 0, json.length])
  return Buffer.concat([head, json, Buffer.from([0, 0, 0, 1, 7])])
}

const leaf = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom('$bytes', '"$bytes"', '__proto__'),
)
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('$bytes', '$bytes_')), tie('value'), {
      maxKeys: 4,
    }),
  ),
})).value

describe('frames', () => {
  test('carry every value, however they are cut', () => {
    const lists = fc.array(value, { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(lists, fc.array(fc.integer({ min: 1, max: 50 })), (values, cuts) => {
        const bytes = Buffer.concat(values.map((each) => encodeFrame(['x', each])))
        const reader = new FrameReader(1 << 24)
        const got: unknown[] = []
        for (let at = 0, n = 0; at < bytes.length; n++) {
          const size = cuts[n] ?? bytes.length
          reader.push(bytes.subarray(at, at + size), (message) => got.push(message[1]))
          at += size
        }
        // Dictionaries of fast-check have no prototype, what is parsed has.
        expect(got).toEqual(values)
      }),
    )
  })

  test.each([
    ['over the limit', Buffer.from([1, 0, 0, 0, 0])],
    ['of another kind', Buffer.from([0, 0, 0, 3, 9, 91, 93])],
    ['without a body', Buffer.from([0, 0, 0, 1, 0])],
    ['not JSON', Buffer.from('\0\0\0\x03\0[,')],
    ['no list', Buffer.from('\0\0\0\x03\0{}')],
    ['bytes that are not there', encodeFrame(['x', new Uint8Array(3)]).subarray(0, -7)],
    ['bytes by a name of the list', referring('map')],
    ['bytes by a place that is none', referring(-1)],
  ])('%s are refused', (_, frame) => {
    const bytes = Buffer.from(frame)
    if (bytes[4] === 1) bytes.writeUInt32BE(bytes.length - 4, 0)
    expect(() => new FrameReader(1 << 20).push(bytes, () => {})).toThrow()
  })
})
