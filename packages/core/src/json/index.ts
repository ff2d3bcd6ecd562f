/**
 * The JSON of every boundary: JSON text to `Value` and back, without a digit lost.
 *
 * Integers beyond 2^53 - 1 are `bigint`; `NaN` and the infinities are the words that Python's `json` writes and reads.
 * Not needed for JSON of your own making that holds neither: `JSON` does that.
 *
 * @packageDocumentation
 */
export { lenientReplacer, narrowInteger } from './numbers.ts'
export { type JsonReviver, parseJson } from './parse.ts'
export { type StringifyOptions, stringifyJson } from './stringify.ts'
