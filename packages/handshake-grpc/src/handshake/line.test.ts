import { BackplaneError } from '@backplane/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeCertificate } from '../tls/certificate.ts'
import { accepted, refused } from './line.cases.ts'
import { FirstLine, formatHandshakeLine, maxLineBytes, parseHandshakeLine } from './line.ts'

const versions = [1, 2, 7]
const { der } = makeCertificate({ curve: 'P-256' })

function outcome(line: string, multiplex = false): string {
  try {
    parseHandshakeLine(line, { versions, multiplex })
    return 'accepted'
  } catch (error) {
    if (error instanceof BackplaneError) return error.code
    throw error
  }
}

/** Feeds a reader the bytes in two pieces, cut at `at`. */
function cut(bytes: Buffer, at: number): string | undefined {
  const reader = new FirstLine()
  const first = reader.push(bytes.subarray(0, at))
  const second = reader.push(bytes.subarray(at))
  return first ?? second
}

describe('handshake lines', () => {
  const cases = [
    ...accepted.map((line) => ['accepted', line] as const),
    ...Object.entries(refused).flatMap(([code, lines]) => lines.map((line) => [code.split(' ')[0]!, line] as const)),
  ]

  it('has at least 200 hand-written cases', () => {
    expect(new Set(cases.map(([, line]) => line)).size).toBeGreaterThanOrEqual(200)
  })

  it.each(cases)('%s: %j', (expected, line) => {
    expect(outcome(line)).toBe(expected)
  })

  it('finds each of them in bytes that are cut at every place, and drops what follows', () => {
    for (const [, line] of cases) {
      const bytes = Buffer.from(`${line}\nsecond line\nthird`)
      for (let at = 0; at <= bytes.length; at++) expect(cut(bytes, at)).toBe(line)
    }
  })

  it('finds a line that comes byte by byte, and in ten writes', () => {
    const line = '1|1|unix|/tmp/plugin1|grpc||true'
    for (const size of [1, Math.ceil(line.length / 10)]) {
      const reader = new FirstLine()
      const bytes = Buffer.from(`${line}\n`)
      const seen: string[] = []
      for (let at = 0; at < bytes.length; at += size) {
        const found = reader.push(bytes.subarray(at, at + size))
        if (found !== undefined) seen.push(found)
      }
      expect(seen).toEqual([line])
    }
  })

  it('takes the first of two lines in one write, and nothing ever after', () => {
    const reader = new FirstLine()
    expect(reader.push(Buffer.from('1|1|unix|/a|grpc|\n1|2|unix|/b|grpc|\n'))).toBe('1|1|unix|/a|grpc|')
    expect(reader.push(Buffer.from('1|7|unix|/c|grpc|\n'))).toBeUndefined()
    expect(reader.end()).toBeUndefined()
  })

  it('takes a line without a line end when the stream ends', () => {
    const reader = new FirstLine()
    reader.push(Buffer.from('1|1|unix|/a|grpc|'))
    expect(reader.end()).toBe('1|1|unix|/a|grpc|')
  })

  it('refuses a flood without a line end in bounded memory', () => {
    const reader = new FirstLine()
    const flood = () => {
      for (let sent = 0; sent < 4 * maxLineBytes; sent += 1000) reader.push(Buffer.alloc(1000, 'x'))
    }
    expect(flood).toThrow(expect.objectContaining({ code: 'BP_HANDSHAKE_LINE' }))
  })

  it.each([
    ['1|1|unix|/a|grpc|', /you will need to update the github.com\/hashicorp\/go-plugin dependency/],
    ['1|1|unix|/a|grpc', /you will need to update/],
    ['1|1|unix|/a|grpc||false', /does not support the feature$/],
    ['1|1|unix|/a|grpc||0', /does not support the feature$/],
    ['1|1|unix|/a|grpc||yes', /error parsing "yes" as a boolean/],
    ['1|1|unix|/a|grpc||', /error parsing "" as a boolean/],
  ])('refuses %j when the host wants multiplexing', (line, text) => {
    expect(() => parseHandshakeLine(line, { versions, multiplex: true })).toThrow(text)
  })

  it.each(['1', 't', 'T', 'TRUE', 'true', 'True'])('takes %j as yes to multiplexing', (text) => {
    expect(parseHandshakeLine(`1|1|unix|/a|grpc||${text}`, { versions, multiplex: true }).multiplex).toBe(true)
  })

  it('reads the certificate with and without padding, and writes it without', () => {
    const padded = der.toString('base64')
    for (const field of [padded, padded.replace(/=+$/, '')]) {
      expect(parseHandshakeLine(`1|1|unix|/a|grpc|${field}`, { versions }).serverCert).toEqual(der)
    }
    const line = formatHandshakeLine({
      appVersion: 1,
      network: 'unix',
      address: '/a',
      protocol: 'grpc',
      serverCert: der,
    })
    expect(line).toBe(`1|1|unix|/a|grpc|${padded.replace(/=+$/, '')}\n`)
  })

  it('writes six fields, and the seventh only when it is given', () => {
    const line = { appVersion: 3, network: 'tcp', address: '127.0.0.1:80', protocol: 'grpc' } as const
    expect(formatHandshakeLine(line)).toBe('1|3|tcp|127.0.0.1:80|grpc|\n')
    expect(formatHandshakeLine({ ...line, multiplex: true })).toBe('1|3|tcp|127.0.0.1:80|grpc||true\n')
    expect(() => formatHandshakeLine({ ...line, address: 'a|b' })).toThrow(
      expect.objectContaining({ code: 'BP_HANDSHAKE_CONFIG' }),
    )
  })

  it('answers 100,000 generated lines with a line or a typed error, as a plain reading of the rules does', () => {
    const text = fc.string({ unit: 'binary', maxLength: 8 })
    const field = (...likely: string[]) => fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...likely) }, text)
    const fields = fc.tuple(
      field('1', '1', '1', '01', '+1', '0', '2', 'x', ''),
      field('1', '2', '7', '+7', '3', '-1', ''),
      field('unix', 'tcp', 'udp', ''),
      field('/tmp/plugin1', '127.0.0.1:80', ':1', '127.0.0.1:0', '[::1]:5', ''),
      field('grpc', 'grpc', 'netrpc', ''),
      field('', der.toString('base64'), der.toString('base64').replace(/=/g, ''), 'A'.repeat(60)),
      field('true', 'false', '0', ''),
    )
    const lines = fc.tuple(fields, fc.integer({ min: 0, max: 7 }), fc.constantFrom('', ' ', '\r', '|x'), fc.boolean())
    fc.assert(
      fc.property(lines, ([parts, count, tail, multiplex]) => {
        const line = parts.slice(0, count).join('|') + tail
        expect(outcome(line, multiplex)).toBe(plainly(line, multiplex))
        const [first] = line.split('\n')
        const bytes = Buffer.from(`${line}\n`)
        expect(cut(bytes, line.length >> 1)).toBe(Buffer.from(first!).toString())
      }),
      { numRuns: 100_000 },
    )
  }, 120_000)
})

/** The rules once more, without the code's structure. */
function plainly(line: string, multiplex: boolean): string {
  const [core, app, network, address, protocol = 'netrpc', cert = '', mux] = line.trim().split('|')
  if (address === undefined) return 'BP_HANDSHAKE_LINE'
  const whole = (text = '') => (/^[+-]?[0-9]+$/.test(text) && Math.abs(Number(text)) < 2 ** 53 ? Number(text) : NaN)
  if (Number.isNaN(whole(core))) return 'BP_HANDSHAKE_LINE'
  if (whole(core) !== 1) return 'BP_HANDSHAKE_CORE_VERSION'
  if (Number.isNaN(whole(app))) return 'BP_HANDSHAKE_LINE'
  if (![1, 2, 7].includes(whole(app))) return 'BP_HANDSHAKE_APP_VERSION'
  const dialable =
    network === 'unix'
      ? address.length > 0 && !address.includes('\u0000')
      : network === 'tcp' &&
        /^([^:[\]]*|\[[\w:.%]+\]):0*([1-9]\d{0,4})$/.test(address) &&
        Number(/\d+$/.exec(address)![0]) < 65_536 &&
        /:\d{1,5}$/.test(address)
  if (!dialable) return 'BP_HANDSHAKE_ADDRESS'
  if (protocol !== 'grpc') return 'BP_HANDSHAKE_PROTOCOL'
  if (cert.length > 50 && !Buffer.from(cert, 'base64').equals(der)) return 'BP_HANDSHAKE_CERT'
  if (multiplex && !/^(1|t|T|TRUE|true|True)$/.test(mux ?? '')) return 'BP_HANDSHAKE_MUX'
  return 'accepted'
}
