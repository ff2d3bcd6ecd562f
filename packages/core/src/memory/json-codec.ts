import type { Value } from '../contracts/values.ts'
import { copyValue } from './value-copy.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Encodes a value as JSON; bytes become base64 text, as on every wire that has none. Throws `BP_VALUE_INVALID`. */
export function encodeJson(value: Value): Uint8Array {
  const json = JSON.stringify(copyValue(value), (_, item: unknown) =>
    item instanceof Uint8Array ? base64(item) : item,
  )
  return new TextEncoder().encode(json)
}

/** Decodes what {@link encodeJson} made. */
export function decodeJson<T>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes)) as T
}

function base64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const bits = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    text += alphabet.charAt(bits >> 18) + alphabet.charAt((bits >> 12) & 63)
    text += left > 1 ? alphabet.charAt((bits >> 6) & 63) : '='
    text += left > 2 ? alphabet.charAt(bits & 63) : '='
  }
  return text
}
