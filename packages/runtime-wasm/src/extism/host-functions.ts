import { BackplaneError, messageOf } from '@backplane/core'
import { wasmError } from '../errors.ts'

/** What a host function is given beside its numbers. */
export interface HostCall {
  /** What the caller gave with `call`; undefined outside a call. */
  readonly hostContext: unknown
  /** Aborts when the call ends early. Only for functions that take their time. */
  readonly signal: AbortSignal
  /**
   * A copy of the block that an argument names; empty for what names none. In a worker only the arguments' own blocks
   * are there.
   */
  bytes(handle: bigint): Uint8Array
  /** The block as UTF-8 text. */
  text(handle: bigint): string
  /** The block as JSON. */
  json(handle: bigint): unknown
  /** Puts bytes or text into a new block, to be given as the result. */
  store(value: Uint8Array | string): bigint
  /** Sets the error that the guest finds, and gives 0: a failure that the guest may handle. Throwing ends its call. */
  fail(message: string): bigint
  /** A copy of one of the plugin's variables, as its own `var_get` finds it; in workers, of the instance that calls. */
  getVariable(name: string): Uint8Array | undefined
  /**
   * Sets a variable, or removes it where the value is undefined; the plugin finds it when the function has ended.
   * Throws `BP_WASM_SIZE_LIMIT` (`varBytes`), `BP_INVALID_ARGUMENT`; in workers `BP_CLOSED` after the function has
   * ended, and nothing is set where its call ends early.
   */
  setVariable(name: string, value: Uint8Array | string | undefined): void
}

/** What a host function may give: a number for the guest, or bytes or text, which are stored and named by a handle. */
export type HostResult = number | bigint | boolean | string | Uint8Array | undefined

/** A function of the host that guests import. It may take its time in a worker, and on Node 24 in the foreground. */
export type HostFunction = (call: HostCall, ...args: (number | bigint)[]) => HostResult | Promise<HostResult>

/** Host functions by namespace and name. Extism's own namespace for them is `extism:host/user`. */
export type HostFunctions = Readonly<Record<string, Readonly<Record<string, HostFunction>>>>

/** A host's failure as the error of the call; what is typed already stays. */
export function hostFailed(name: string, cause: unknown): BackplaneError {
  return BackplaneError.from(cause, () =>
    wasmError('BP_WASM_HOST_FAILED', { details: { name, reason: messageOf(cause) }, cause }),
  )
}

/** Turns a result into what an import of that type must give. `store` makes a handle of bytes. */
export function guestResult(
  value: HostResult,
  type: number | undefined,
  store: (value: Uint8Array | string) => bigint,
): number | bigint | undefined {
  if (type === undefined) return undefined
  const number = typeof value === 'string' || value instanceof Uint8Array ? store(value) : (value ?? 0)
  // i64 is a BigInt at the border, everything else a number.
  if (type === 0x7e) return typeof number === 'bigint' ? number : BigInt(Math.trunc(Number(number)))
  return Number(number)
}
