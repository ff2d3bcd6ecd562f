import { Buffer } from 'node:buffer'
import type { Json } from '@backplane/core'
import { type JsonReviver, parseJson, stringifyJson } from '@backplane/core/json'

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Gives a value as Device Connect's JSON: as {@link stringifyJson} does, so `NaN` and the infinities are the words that
 * Python's `json` reads and writes, and every digit of an integer is there. Throws `BP_VALUE_INVALID`.
 */
export function encodeJson(value: unknown): string {
  return stringifyJson(value, { bytes: quotedBase64 })
}

/** {@link encodeJson}, as UTF-8. */
export function encodeBytes(value: unknown): Uint8Array {
  return Buffer.from(encodeJson(value))
}

/** Reads JSON bytes, as {@link parseJson} does. Throws also `TypeError`, for what is not UTF-8. */
export function decodeJson(bytes: Uint8Array, reviver?: JsonReviver): Json {
  return parseJson(strictUtf8.decode(bytes), reviver)
}

/** Whether it is a JSON object. */
export function isObject(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function quotedBase64(bytes: Uint8Array): string {
  return `"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}"`
}
