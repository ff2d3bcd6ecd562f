import { ConnectionError, http2Code } from '../http2/error.ts'

/**
 * How many bits each of the 256 bytes has, and last the end mark, as digits of base 36. RFC 7541, appendix B: the code
 * is canonical, so its lengths are all there is to it.
 */
const lengths =
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca' +
  'd67777777777777777777777878djde6f56565666577666567655677777fbeds' +
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn' +
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq' +
  'u'

const longest = 30

/** The first code of each length, how many there are, and where their symbols begin in {@link symbols}. */
const { symbols, first, count, start } = canonical()

function canonical() {
  const bits = [...lengths].map((digit) => Number.parseInt(digit, 36))
  const symbols = new Uint16Array([...bits.keys()].sort((a, b) => bits[a]! - bits[b]! || a - b))
  const first = new Uint32Array(longest + 1)
  const count = new Uint16Array(longest + 1)
  const start = new Uint16Array(longest + 1)
  for (const length of bits) count[length]! += 1
  let code = 0
  let place = 0
  for (let length = 1; length <= longest; length++) {
    code *= 2
    first[length] = code
    start[length] = place
    code += count[length]!
    place += count[length]!
  }
  return { symbols, first, count, start }
}

const endMark = 256

/**
 * Reads a Huffman-coded string, as one character per byte.
 *
 * @throws ConnectionError when it holds the end mark, or its padding is not the beginning of the end mark
 */
export function decodeHuffman(bytes: Uint8Array): string {
  // No code is shorter than five bits.
  const out = Buffer.allocUnsafe(Math.ceil((bytes.length * 8) / 5))
  let written = 0
  let code = 0
  let length = 0
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1)
      length += 1
      if (length > longest) throw bad('no such code')
      const above = code - first[length]!
      if (above < count[length]!) {
        const symbol = symbols[start[length]! + above]!
        if (symbol === endMark) throw bad('the end mark')
        out[written++] = symbol
        code = 0
        length = 0
      }
    }
  }
  // RFC 7541, section 5.2: less than a byte of padding, all ones.
  if (length > 7 || code !== 2 ** length - 1) throw bad('wrong padding')
  return out.toString('latin1', 0, written)
}

function bad(reason: string): ConnectionError {
  return new ConnectionError(http2Code.compression, `a header string cannot be read: ${reason}`)
}
