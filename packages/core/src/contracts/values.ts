/** JSON as `@backplane/core/json` reads and writes it: integers beyond the safe range are `bigint`. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * What functions and events carry: JSON plus `bigint` and `Uint8Array`.
 *
 * An integer is a `number` within the safe range (up to 2^53 - 1 on either side of 0) and a `bigint` beyond it, so that
 * no digit is lost; a `bigint` within the range is taken as well, and arrives as a `number`. `NaN` and the infinities
 * are numbers like others; in JSON they are the words that Python writes. A wire that has no bytes (Device Connect's
 * JSON) carries them as base64 text.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Value[]
  | { readonly [key: string]: Value | undefined }

/** Parameters, by name. A plugin that knows one unnamed input takes it under the name `input`. */
export type Params = { readonly [key: string]: Value | undefined }

/** A JSON Schema (2020-12), as data. */
export type JsonSchema = { readonly [key: string]: unknown }
