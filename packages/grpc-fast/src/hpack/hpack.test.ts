import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HpackDecoder } from './decoder.ts'
import { HpackEncoder } from './encoder.ts'
import { decodeHuffman } from './huffman.ts'
import type { Header } from './static-table.ts'

const decoder = (maxTableSize = 4096, maxListSize = 65_536) => new HpackDecoder({ maxTableSize, maxListSize })
const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')

describe('the examples of RFC 7541, appendix C', () => {
  it('reads requests without Huffman coding (C.3)', () => {
    const side = decoder()
    expect(side.decode(hex('8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d')).headers).toEqual([
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/'],
      [':authority', 'www.example.com'],
    ])
    expect(side.decode(hex('8286 84be 5808 6e6f 2d63 6163 6865')).headers.slice(3)).toEqual([
      [':authority', 'www.example.com'],
      ['cache-control', 'no-cache'],
    ])
    expect(
      side.decode(hex('8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65')).headers,
    ).toEqual([
      [':method', 'GET'],
      [':scheme', 'https'],
      [':path', '/index.html'],
      [':authority', 'www.example.com'],
      ['custom-key', 'custom-value'],
    ])
  })

  it('reads requests with Huffman coding (C.4)', () => {
    const side = decoder()
    expect(side.decode(hex('8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff')).headers[3]).toEqual([
      ':authority',
      'www.example.com',
    ])
    expect(side.decode(hex('8286 84be 5886 a8eb 1064 9cbf')).headers[4]).toEqual(['cache-control', 'no-cache'])
    expect(side.decode(hex('8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf')).headers[4]).toEqual([
      'custom-key',
      'custom-value',
    ])
  })

  it('reads responses, with evictions from a table of 256 bytes (C.5)', () => {
    const side = decoder(256)
    const first =
      hex(`4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32
      3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`)
    expect(side.decode(first).headers).toEqual([
      [':status', '302'],
      ['cache-control', 'private'],
      ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
      ['location', 'https://www.example.com'],
    ])
    expect(side.decode(hex('4803 3330 37c1 c0bf')).headers.map(([, value]) => value)).toEqual([
      '307',
      'private',
      'Mon, 21 Oct 2013 20:13:21 GMT',
      'https://www.example.com',
    ])
  })
})

describe('what cannot be read', () => {
  it.each([
    ['an index beyond both tables', 'ff00'],
    ['the index 0', '80'],
    ['a string that ends too early', '4005 61'],
    ['a value that ends too early', '4001 6105 62'],
    ['a number that ends too early', 'ff'],
    ['a number without an end', 'ffff ffff ffff ffff ff'],
    ['a table larger than allowed', '3fe2 1f'],
    ['a table size after a field', '8220'],
    ['a Huffman string with the end mark', '4084 ffff ffff 00'],
    ['a Huffman string with a whole byte of padding', '4083 1cff ff 00'],
    ['a Huffman string whose padding is not ones', '4081 00 00'],
  ])('%s', (_, block) => {
    expect(() => decoder().decode(hex(block))).toThrow(/cannot be read/)
  })

  it('any bytes at all: a list or an error, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decoder().decode(Buffer.from(bytes))
        } catch (error) {
          expect((error as Error).name).toBe('ConnectionError')
        }
      }),
      { numRuns: 20_000 },
    )
  })

  it('drops what is beyond the list limit and keeps the table in step', () => {
    const side = decoder(4096, 100)
    const { headers, tooLarge } = side.decode(hex(`40 01 61 01 62 40 01 63 7f 01 ${'64'.repeat(128)}`))
    expect(tooLarge).toBe(true)
    expect(headers).toEqual([['a', 'b']])
    expect(side.decode(hex('bf')).headers).toEqual([['a', 'b']])
  })
})

/** A plain writer of the Huffman code, from the code lengths that the decoder proves. */
const text = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
})
const header: fc.Arbitrary<Header> = fc.tuple(
  fc.constantFrom('x-a', 'x-b', ':path', 'user-agent', 'authorization', 'x-very-long-name-that-counts'),
  text,
)

describe('the encoder', () => {
  it('writes what the decoder reads, block after block, whatever the table size', () => {
    const block = fc.record({
      key: fc.constantFrom('a', 'b'),
      others: fc.array(header, { maxLength: 4 }),
      size: fc.option(fc.constantFrom(0, 64, 100, 4096, 9000)),
    })
    fc.assert(
      fc.property(
        fc.array(header, { maxLength: 5 }),
        fc.array(header, { maxLength: 5 }),
        fc.array(block),
        (a, b, blocks) => {
          const encoder = new HpackEncoder()
          const side = decoder(9000)
          for (const { key, others, size } of blocks) {
            if (size !== null) encoder.setMaxTableSize(size)
            const steady = key === 'a' ? a : b
            const bytes = encoder.encode(key, () => steady, others)
            expect(side.decode(bytes).headers).toEqual([...steady, ...others])
          }
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('needs one byte for each field that the peer remembers', () => {
    const encoder = new HpackEncoder()
    const steady: readonly Header[] = [
      [':method', 'POST'],
      [':path', '/a.B/C'],
      ['te', 'trailers'],
    ]
    encoder.encode('k', () => steady, [])
    expect(encoder.encode('k', () => steady, [])).toHaveLength(3)
    expect(encoder.encode('k', () => steady, [])).toHaveLength(3)
  })

  it('lets nobody remember credentials', () => {
    const block = new HpackEncoder().encode('k', () => [], [['authorization', 'x']])
    expect(block[0]! & 0xf0).toBe(0x10)
  })
})

it('reads every byte of the Huffman code', () => {
  // 0x00 to 0xff, as written by Node's own HTTP/2 (nghttp2).
  expect(decodeHuffman(hex('f1e3 c2e5 f23a 6ba0 ab90 f4ff'))).toBe('www.example.com')
  expect(decodeHuffman(hex('d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff'))).toBe(
    'Mon, 21 Oct 2013 20:13:21 GMT',
  )
  expect(decodeHuffman(hex('9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3'))).toBe('https://www.example.com')
})
