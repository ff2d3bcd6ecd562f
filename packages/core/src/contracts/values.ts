/** JSON as TypeScript sees it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * What functions and events carry: JSON plus `Uint8Array`.
 *
 * Numbers are finite doubles; wider integers travel as decimal strings (the proto3 JSON rule). A wire that has no bytes
 * (Device Connect's JSON) carries them as base64 text.
 */
export type Value =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Value[]
  | { readonly [key: string]: Value | undefined }

/** Parameters, by name. A plugin that knows one unnamed input takes it under the name `input`. */
export type Params = { readonly [key: string]: Value | undefined }

/** A JSON Schema (2020-12), as data. */
export type JsonSchema = { readonly [key: string]: unknown }
