import type { Value } from '../contracts/values.ts'
import { parseJson } from '../json/parse.ts'
import { stringifyJson } from '../json/stringify.ts'

/** Encodes a value as JSON; bytes become base64 text, as on every wire that has none. Throws `BP_VALUE_INVALID`. */
export function encodeJson(value: Value): Uint8Array {
  return new TextEncoder().encode(stringifyJson(value))
}

/** Decodes what {@link encodeJson} made. */
export function decodeJson<T>(bytes: Uint8Array): T {
  return parseJson(new TextDecoder().decode(bytes)) as T
}
