import { Metadata, status } from '@grpc/grpc-js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { timeLeft, timeoutField } from './deadline.ts'
import { frameMessage, MessageReader } from './messages.ts'
import { headersOf, metadataOf } from './metadata.ts'
import { missingStatus, resetStatus, trailersStatus } from './status.ts'

describe('messages', () => {
  it('come out as they went in, however the bytes are cut', () => {
    const sizes = fc.array(
      fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constantFrom(16_384, 16_385, 1024 * 1024 + 1)),
      { maxLength: 4 },
    )
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 70_000 }), (lengths, cut) => {
        const messages = lengths.map((length, i) => Buffer.alloc(length, i + 1))
        const bytes = Buffer.concat(messages.flatMap((message) => frameMessage(message)))
        const step = lengths.some((length) => length > 1000) ? cut : (cut % 9) + 1
        const seen: Buffer[] = []
        const reader = new MessageReader()
        for (let at = 0; at < bytes.length; at += step) {
          const piece = Buffer.from(bytes.subarray(at, at + step))
          reader.push(
            piece,
            () => true,
            (message) => seen.push(message),
          )
          piece.fill(0)
        }
        expect(seen.map((message) => message.length)).toEqual(lengths)
        expect(seen.every((message, i) => message.equals(messages[i]!))).toBe(true)
        expect(reader.partial).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  it('are refused by their length before their bytes come', () => {
    const reader = new MessageReader()
    const asked: number[] = []
    reader.push(
      Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]),
      (length) => {
        asked.push(length)
        return false
      },
      () => expect.unreachable(),
    )
    expect(asked).toEqual([0x7fffffff])
  })
})

describe('metadata', () => {
  it('goes there and back, binary values and repeated names too', () => {
    const metadata = new Metadata()
    metadata.add('x-a', '1')
    metadata.add('x-a', '2')
    metadata.add('y-bin', Buffer.from([0, 255]))
    const back = metadataOf(headersOf(metadata))
    expect(back.get('x-a')).toEqual(['1', '2'])
    expect(back.get('y-bin')).toEqual([Buffer.from([0, 255])])
  })

  it('leaves to the channel what is the channel’s', () => {
    const metadata = new Metadata()
    for (const name of ['te', 'content-type', 'connection', 'grpc-timeout', 'user-agent']) metadata.set(name, 'x')
    expect(headersOf(metadata)).toEqual([])
  })

  it('splits joined binary values and drops what is no metadata', () => {
    const metadata = metadataOf([
      ['x-bin', 'AA==, /w'],
      [':status', '200'],
      ['Bad Name', 'x'],
      ['good', 'bad\u0007value'],
    ])
    expect(metadata.get('x-bin')).toEqual([Buffer.from([0]), Buffer.from([255])])
    expect(Object.keys(metadata.getMap())).toEqual(['x-bin'])
  })
})

describe('statuses', () => {
  it.each([
    ['0', '', 0, ''],
    ['5', 'gone', 5, 'gone'],
    ['13', 'caf%C3%A9 %2F 100%', 13, 'café / 100%'],
    ['16', '%zz', 16, '%zz'],
    ['99', '', 99, ''],
  ])('grpc-status %s, grpc-message %j', (code, message, wanted, details) => {
    const headers: [string, string][] = [
      ['grpc-status', code],
      ['grpc-message', message],
      ['x', 'y'],
    ]
    const result = trailersStatus(headers, 200)
    expect(result).toMatchObject({ code: wanted, details })
    expect(result.metadata.getMap()).toEqual({ x: 'y' })
  })

  it('is UNKNOWN when it is no number', () => {
    expect(trailersStatus([['grpc-status', 'ok']], 200).code).toBe(status.UNKNOWN)
  })

  it('follows the HTTP status where there is none', () => {
    const codes = [400, 401, 403, 404, 429, 502, 503, 504, 500, 200].map((http) => missingStatus(http).code)
    expect(codes).toEqual([13, 16, 7, 12, 14, 14, 14, 14, 2, 13])
  })

  it('follows the code of a reset', () => {
    expect([0, 1, 2, 3, 5, 6, 7, 8, 9, 11, 12].map((code) => resetStatus(code).code)).toEqual([
      13, 13, 13, 13, 13, 13, 14, 1, 13, 8, 7,
    ])
  })
})

describe('deadlines', () => {
  it('are written in at most eight digits', () => {
    const now = Date.now()
    for (const [ms, unit] of [
      [500, 'm'],
      [1e9, 'S'],
      [1e12, 'M'],
      [1e13, 'H'],
    ] as const) {
      expect(timeoutField(now + ms)).toMatch(new RegExp(`^\\d{1,8}${unit}$`))
    }
    expect(timeoutField(now - 5)).toBe('0m')
    expect(timeoutField(Number.POSITIVE_INFINITY)).toBeUndefined()
  })

  it('beyond a timer’s reach are none', () => {
    expect(timeLeft(Number.POSITIVE_INFINITY)).toBeUndefined()
    expect(timeLeft(Date.now() + 2 ** 32)).toBeUndefined()
    expect(timeLeft(0)).toBe(0)
  })
})
