import { parseJson, stringifyJson } from '@backplane/core/json'
import { wasmError } from '../errors.ts'
import type { Wired } from '../sandbox/engine.ts'
import type { FullLimits } from '../sandbox/limits.ts'
import type { WasmMemory } from '../webassembly.ts'
import { type Conversion, fromNumber, toNumber } from './convert.ts'
import { type VyraArgument, type VyraType, width } from './metadata.ts'

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/**
 * Carries text, bytes and JSON through a guest's memory: it exports `memory`, and `alloc(length) -> pointer` where the
 * host puts something there. Whatever a guest says of its memory is checked.
 */
export class GuestData {
  readonly #wired: () => Wired | undefined
  readonly #limits: FullLimits

  constructor(wired: () => Wired | undefined, limits: FullLimits) {
    this.#wired = wired
    this.#limits = limits
  }

  /** Puts an argument there; gives its pointer and length. */
  put(value: unknown, arg: VyraArgument, how: Conversion): [number, number] {
    const refuse = (reason: string) =>
      wasmError('BP_WASM_ARGUMENT', { details: { function: how.function, name: arg.name, type: arg.type, reason } })
    if (how.strict && value === undefined) throw refuse('it is missing')
    const bytes = encode(value, arg.type, refuse)
    const { inputBytes } = this.#limits
    if (bytes.length > inputBytes) {
      const details = { what: `Argument '${arg.name}'`, actual: bytes.length, value: inputBytes, limit: 'inputBytes' }
      throw wasmError('BP_WASM_SIZE_LIMIT', { details })
    }
    return [this.#store(bytes), bytes.length]
  }

  /** Reads the arguments that a guest gives its host. */
  read(numbers: readonly (number | bigint)[], args: readonly VyraArgument[]): unknown[] {
    // Without a declaration the numbers are all that is known.
    if (args.length === 0) return numbers.map(fromNumber)
    let at = 0
    return args.map((arg) => {
      const first = numbers[at++]
      if (width(arg) === 1) return fromNumber(first)
      return decode(this.#bytes(Number(first) >>> 0, Number(numbers[at++]) >>> 0), arg.type)
    })
  }

  /** A result of a guest: pointer and length in one i64. */
  take(packed: bigint | undefined, type: VyraType): unknown {
    const whole = BigInt.asUintN(64, BigInt(packed ?? 0))
    const length = Number(whole & 0xffffffffn)
    const { outputBytes } = this.#limits
    if (length > outputBytes) {
      const details = { what: 'The output', actual: length, value: outputBytes, limit: 'outputBytes' }
      throw wasmError('BP_WASM_SIZE_LIMIT', { details })
    }
    return decode(this.#bytes(Number(whole >> 32n), length), type)
  }

  /** A result for a guest, by what its import gives. */
  give(
    value: unknown,
    returns: VyraType | undefined,
    result: number | undefined,
    name: string,
  ): number | bigint | undefined {
    if (result === undefined) return undefined
    if (returns === 'string' || returns === 'bytes' || returns === 'json') {
      const bytes = encode(value, returns, (reason) => wasmError('BP_WASM_HOST_FAILED', { details: { name, reason } }))
      return (BigInt(this.#store(bytes)) << 32n) | BigInt(bytes.length)
    }
    const type = result === 0x7e ? 'i64' : result === 0x7f ? 'i32' : 'f64'
    return toNumber(value ?? 0, { name: 'result', type }, { function: name, strict: false })
  }

  #store(bytes: Uint8Array): number {
    if (bytes.length === 0) return 0
    const alloc = this.#wired()?.exports.alloc as ((length: number) => number) | undefined
    if (typeof alloc !== 'function')
      throw wasmError('BP_WASM_EXPORT_MISSING', { details: { name: 'alloc', what: 'the module' } })
    const at = Number(alloc(bytes.length)) >>> 0
    this.#bytes(at, bytes.length).set(bytes)
    return at
  }

  #bytes(at: number, length: number): Uint8Array {
    const buffer = (this.#wired()?.exports.memory as WasmMemory | undefined)?.buffer
    if (!buffer || at + length > buffer.byteLength) {
      const reason = `${length} bytes at ${at} are not within its memory`
      throw wasmError('BP_WASM_TRAP', { details: { function: 'a pointer', kind: 'memory', reason } })
    }
    return new Uint8Array(buffer, at, length)
  }
}

function encode(value: unknown, type: VyraType, refuse: (reason: string) => Error): Uint8Array {
  if (type === 'json') return encoder.encode(stringifyJson(value, { nonFinite: 'null' }))
  if (value === undefined || value === null) return new Uint8Array()
  if (value instanceof Uint8Array) return value
  if (typeof value === 'string') return encoder.encode(value)
  throw refuse(`it must be text${type === 'bytes' ? ' or bytes' : ''}`)
}

function decode(bytes: Uint8Array, type: VyraType): unknown {
  if (type === 'bytes') return bytes.slice()
  const text = decoder.decode(bytes)
  if (type === 'string') return text
  try {
    return text === '' ? null : parseJson(text)
  } catch {
    throw wasmError('BP_WASM_ARGUMENT', {
      details: { function: 'the guest', name: 'a value', type, reason: 'it is not JSON' },
    })
  }
}
