import { coreError } from '@backplane/core'

/** What a plugin may use. Every limit that is hit is an error that names it and its value. */
export interface WasmLimits {
  /**
   * Pages of 64 KiB that all its memories may have together, what it shares with the host included.
   * @default 4096 (256 MiB)
   */
  readonly memoryPages?: number
  /**
   * Instructions that one call may cost, by a rule that gives the same count each time (see {@link fuelVersion}).
   * Not for time: the same fuel takes longer on a slower machine. @default no limit
   */
  readonly fuel?: number
  /**
   * Fuel that it may spend by the second, over all calls of an instance: beyond it, a worker pauses in the midst of a
   * call, and the foreground lets calls wait. Not for one call alone: see `fuel`. @default no limit
   */
  readonly fuelPerSecond?: number
  /** How long one call may take, in milliseconds, waiting included. @default no limit */
  readonly timeoutMs?: number
  /** How often one call may call its host. @default 1000000 */
  readonly hostCalls?: number
  /** How deep its functions may call one another. @default what the engine's stack holds */
  readonly callDepth?: number
  /** Elements that all its tables may hold together, growth included. @default 1000000 */
  readonly tableElements?: number
  /** @default 67108864 (64 MiB) */
  readonly moduleBytes?: number
  /**
   * Bytes that its modules and an instance of them may take together, memories aside: reckoned from what they declare
   * (512 for an export, 128 for a function, 48 for a global, 40 for an element of a table, ...) before they are
   * compiled. Not for what compiled code takes, which depends on the engine. @default 134217728 (128 MiB)
   */
  readonly footprintBytes?: number
  /** How long reading, rewriting and compiling its modules may take, in milliseconds. @default 30000 */
  readonly compileMs?: number
  /** @default 67108864 (64 MiB) */
  readonly inputBytes?: number
  /** @default 67108864 (64 MiB) */
  readonly outputBytes?: number
  /** Bytes that all its variables may hold together. @default 1048576 (1 MiB) */
  readonly varBytes?: number
  /** Bytes of one HTTP answer. @default 52428800 (50 MiB) */
  readonly httpBytes?: number
  /** Calls that may wait for the plugin. @default 10000 */
  readonly queue?: number
}

/** Limits with every default filled in. */
export type FullLimits = Required<WasmLimits>

const defaults: FullLimits = {
  memoryPages: 4096,
  fuel: Number.POSITIVE_INFINITY,
  fuelPerSecond: Number.POSITIVE_INFINITY,
  timeoutMs: Number.POSITIVE_INFINITY,
  hostCalls: 1_000_000,
  callDepth: Number.POSITIVE_INFINITY,
  tableElements: 1_000_000,
  moduleBytes: 64 << 20,
  footprintBytes: 128 << 20,
  compileMs: 30_000,
  inputBytes: 64 << 20,
  outputBytes: 64 << 20,
  varBytes: 1 << 20,
  httpBytes: 50 << 20,
  queue: 10_000,
}

/**
 * Fills in defaults; the later of several wins. Throws `BP_INVALID_ARGUMENT` for what is not a number of zero or more.
 */
export function fullLimits(...given: readonly (WasmLimits | undefined)[]): FullLimits {
  const full: Record<string, number> = { ...defaults }
  for (const limits of given) {
    for (const [name, value] of Object.entries(limits ?? {}) as [string, unknown][]) {
      if (value === undefined) continue
      if (!Object.hasOwn(defaults, name)) throw invalid(name, 'there is no such limit')
      if (typeof value !== 'number' || Number.isNaN(value) || value < 0) throw invalid(name, 'it must be a number >= 0')
      if (name === 'fuelPerSecond' && value === 0) throw invalid(name, 'it must be above 0')
      full[name] = value
    }
  }
  // What an engine can address at all.
  return { ...(full as unknown as FullLimits), memoryPages: Math.min(full.memoryPages as number, 65_536) }
}

function invalid(name: string, reason: string) {
  return coreError('BP_INVALID_ARGUMENT', { details: { what: `limits.${name}`, reason } })
}
