import { type BackplaneError, BackplaneError as BaseError, messageOf } from '@backplane/core'
import { wasmError } from '../errors.ts'
import { wasm } from '../webassembly.ts'
import type { Meter } from './meter.ts'

/**
 * What a guest did wrong, by the engine's words; V8 changes them between versions, so each has several. jco's bindings
 * put wasmtime's words in their place.
 */
const kinds: readonly (readonly [RegExp, string])[] = [
  [/^unreachable|`unreachable`/, 'unreachable'],
  [
    /divide by zero|remainder by zero|integer overflow|divide result unrepresentable|float unrepresentable|invalid conversion to integer/,
    'arithmetic',
  ],
  [/memory access out of bounds|out of bounds memory|data segment|out-of-bounds|unaligned pointer/, 'memory'],
  [/signature mismatch|null function|function signature|type mismatch|uninitialized element/, 'indirect call'],
  [/table|element segment|segment/, 'table'],
  [/null/, 'null reference'],
]

/** Gives what a call of a guest threw as a typed error. */
export function trapped(thrown: unknown, name: string, meter: Meter): BackplaneError {
  // A limit ends the guest by a trap; what it says is why.
  if (meter.reason) return meter.reason
  if (thrown instanceof BaseError) return thrown
  if ((thrown instanceof RangeError || thrown instanceof wasm.RuntimeError) && /call stack/.test(messageOf(thrown))) {
    const details = { function: name, limit: 'stack', value: "the engine's stack" }
    return wasmError('BP_WASM_STACK_LIMIT', { details, cause: thrown })
  }
  const reason = messageOf(thrown)
  if (thrown instanceof wasm.RuntimeError) {
    // It asked for memory, did not get it and gave up.
    if (meter.refused) return meter.refused
    const kind = kinds.find(([words]) => words.test(reason))?.[1] ?? 'other'
    return wasmError('BP_WASM_TRAP', { details: { function: name, kind, reason }, cause: thrown })
  }
  const kind = 'uncaught exception'
  return wasmError('BP_WASM_TRAP', { details: { function: name, kind, reason }, cause: thrown })
}
