/** Writes one ASN.1 DER value: tag, length, contents. */
export function der(tag: number, ...contents: Uint8Array[]): Buffer {
  const body = Buffer.concat(contents)
  if (body.length < 128) return Buffer.concat([Buffer.of(tag, body.length), body])
  const length: number[] = []
  for (let rest = body.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256)
  return Buffer.concat([Buffer.of(tag, 128 | length.length, ...length), body])
}

export const sequence = (...contents: Uint8Array[]): Buffer => der(0x30, ...contents)
export const set = (...contents: Uint8Array[]): Buffer => der(0x31, ...contents)
export const octets = (contents: Uint8Array): Buffer => der(0x04, contents)
export const bits = (contents: Uint8Array, unused = 0): Buffer => der(0x03, Buffer.of(unused), contents)
export const bool = (value: boolean): Buffer => der(0x01, Buffer.of(value ? 255 : 0))
export const printable = (text: string): Buffer => der(0x13, Buffer.from(text, 'latin1'))

/** A non-negative INTEGER from big-endian bytes, shortened as DER wants it. */
export function integer(bytes: Uint8Array): Buffer {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const short = bytes.subarray(start)
  return der(0x02, ((short[0] ?? 0) & 128) === 0 ? short : Buffer.concat([Buffer.of(0), short]))
}

/** An OBJECT IDENTIFIER from its dotted text. */
export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const bytes: number[] = []
  for (const part of [first * 40 + second, ...rest]) {
    const group = [part % 128]
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128)) group.unshift((left % 128) | 128)
    bytes.push(...group)
  }
  return der(0x06, Buffer.from(bytes))
}

/** A date as RFC 5280 4.1.2.5 wants it: UTCTime through 2049, GeneralizedTime from 2050. */
export function time(date: Date): Buffer {
  const text = `${date.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`
  return date.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text))
}
