import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ClientRequests, ProtocolParser } from './parser.ts'

const limits = { maxControlLine: 256, maxPayload: 100 }

/** Writes down every request as text. */
function recorder() {
  const calls: string[] = []
  const requests: ClientRequests = {
    connect: (json) => void calls.push(`connect ${json}`),
    ping: () => void calls.push('ping'),
    pong: () => void calls.push('pong'),
    subscribe: (...args) => void calls.push(`sub ${args.join('|')}`),
    unsubscribe: (...args) => void calls.push(`unsub ${args.join('|')}`),
    mayUseHeaders: () => true,
    publishing: () => {},
    publish: ({ subject, reply, headerBytes, content }) =>
      void calls.push(`pub ${subject}|${reply}|${headerBytes}|${content.toString('latin1')}`),
    fault: (message) => void calls.push(`fault ${message}`),
  }
  return { calls, requests }
}

function parse(chunks: readonly Buffer[], locked = false) {
  const { calls, requests } = recorder()
  const parser = new ProtocolParser(requests, limits)
  parser.locked = locked
  for (const chunk of chunks) parser.parse(chunk)
  return calls
}

const session = [
  'CONNECT {"verbose":false}\r\n',
  'PING\r\npong\r\n',
  'SUB a.* 1\r\nSUB b q 2\r\nSUB  c\t3 \r\nUNSUB 1\r\nUNSUB 2 5\r\n',
  'PUB a 0\r\n\r\nPUB a.b reply.1 5\r\nhe\r\no\r\n',
  'HPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\nHPUB a r 12 12\r\nNATS/1.0\r\n\r\n\r\n',
  '+OK\r\nPING\n',
].join('')

const expected = [
  'connect {"verbose":false}',
  'ping',
  'pong',
  'sub a.*||1',
  'sub b|q|2',
  'sub c||3',
  'unsub 1|0',
  'unsub 2|5',
  'pub a||0|',
  'pub a.b|reply.1|0|he\r\no',
  'pub a||12|NATS/1.0\r\n\r\nhi',
  'pub a|r|12|NATS/1.0\r\n\r\n',
  'ping',
]

test('reads every operation, whole and split in two at every offset', () => {
  const bytes = Buffer.from(session, 'latin1')
  expect(parse([bytes])).toEqual(expected)
  for (let at = 1; at < bytes.length; at++) {
    expect(parse([bytes.subarray(0, at), bytes.subarray(at)]), `split at ${at}`).toEqual(expected)
  }
})

test('reads it byte by byte and in any other pieces', () => {
  const bytes = Buffer.from(session, 'latin1')
  expect(parse(Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(expected)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: bytes.length })), (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), bytes.length]
      expect(parse(places.slice(1).map((end, index) => bytes.subarray(places[index], end)))).toEqual(expected)
    }),
  )
})

test('hands on a payload within one chunk without copying it', () => {
  const bytes = Buffer.from('PUB a 3\r\nabc\r\n')
  const contents: Buffer[] = []
  const { requests } = recorder()
  new ProtocolParser({ ...requests, publish: ({ content }) => void contents.push(content) }, limits).parse(bytes)
  expect(contents[0]!.buffer).toBe(bytes.buffer)
})

test.each([
  ['X', 'Unknown Protocol Operation'],
  ['\r\n', 'Unknown Protocol Operation'],
  ['GET / HTTP/1.1\r\n', 'Unknown Protocol Operation'],
  ['\u0016\u0003\u0001', 'Unknown Protocol Operation'],
  ['PXNGS', 'Unknown Protocol Operation'],
  ['constructor\r\n', 'Unknown Protocol Operation'],
  ['__proto__ \r\n', 'Unknown Protocol Operation'],
  ['SUB\r\n', 'Unknown Protocol Operation'],
  ['SUB a\r\n', 'Unknown Protocol Operation'],
  ['SUB a b c d\r\n', 'Unknown Protocol Operation'],
  ['UNSUB\r\n', 'Unknown Protocol Operation'],
  ['UNSUB 1 2 3\r\n', 'Unknown Protocol Operation'],
  ['PUB\r\n', 'Unknown Protocol Operation'],
  ['PUB a\r\n', 'Unknown Protocol Operation'],
  ['PUB 5\r\n', 'Unknown Protocol Operation'],
  ['PUB a -1\r\n', 'Unknown Protocol Operation'],
  ['PUB a 1e3\r\n', 'Unknown Protocol Operation'],
  ['PUB a b c 2\r\n', 'Unknown Protocol Operation'],
  ['PUB a 2\r\nabcd\r\n', 'Unknown Protocol Operation'],
  ['HPUB a 12\r\n', 'Unknown Protocol Operation'],
  ['HPUB a 14 12\r\n', 'Unknown Protocol Operation'],
  ['PUB a 101\r\n', 'Maximum Payload Violation'],
  [`SUB ${'a'.repeat(300)}`, 'maximum control line exceeded'],
  [`PUB ${'a'.repeat(300)} 1\r\n`, 'maximum control line exceeded'],
  ["-ERR 'x'\r\n", 'undefined'],
])('answers %j with one fault, and heeds nothing after it', (text, fault) => {
  const whole = Buffer.from(`${text}PING\r\n`, 'latin1')
  expect(parse([Buffer.from(text, 'latin1'), Buffer.from('PING\r\n')])).toEqual([`fault ${fault}`])
  expect(parse([whole])).toEqual([`fault ${fault}`])
  expect(parse(Array.from(whole, (byte) => Buffer.from([byte])))).toEqual([`fault ${fault}`])
})

test('lets nobody in before CONNECT while it is locked', () => {
  for (const text of ['PING\r\n', 'PUB a 100\r\n', 'X', '\r\n', `SUB ${'x'.repeat(300)}`]) {
    expect(parse([Buffer.from(text)], true)).toEqual(['fault Authorization Violation'])
  }
  const long = Buffer.from(`CONNECT ${'x'.repeat(300)}`)
  expect(parse([long], true)).toEqual(['fault maximum control line exceeded'])
  expect(parse([Buffer.from('CONNECT {}\r\n')], true)).toEqual(['connect {}'])
})

test('never throws, and says the same however any bytes are split', () => {
  const word = fc.constantFrom(
    'PUB',
    'HPUB',
    'SUB',
    'UNSUB',
    'PING',
    'CONNECT',
    'a',
    '5',
    '12',
    '-1',
    ' ',
    '\t',
    '\r\n',
    '\r',
    '\n',
    '{}',
  )
  const text = fc.oneof(
    fc.array(word, { maxLength: 60 }).map((words) => Buffer.from(words.join(''), 'latin1')),
    fc.array(word, { maxLength: 60 }).map((words) => Buffer.from(words.join(' '), 'latin1')),
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  )
  fc.assert(
    fc.property(text, fc.array(fc.nat(400)), (bytes, cuts) => {
      const whole = parse([bytes])
      const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length]
      const split = parse(places.slice(1).map((end, index) => bytes.subarray(places[index], end)))
      expect(split).toEqual(whole)
      expect(whole.filter((call) => call.startsWith('fault')).length).toBeLessThanOrEqual(1)
    }),
    { numRuns: 3000 },
  )
})
