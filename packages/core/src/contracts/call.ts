import type { BackplaneError } from '../errors.ts'
import type { Params, Value } from './values.ts'

/** Who asks. `id` is what the caller claims about itself, not something proven. */
export interface Caller {
  readonly kind: 'local' | 'plugin' | 'mesh'
  /** The plugin's id, or the calling device's. */
  readonly id?: string
}

/** W3C trace context, as its two header values. */
export interface TraceContext {
  readonly traceparent: string
  readonly tracestate?: string
}

/** One call on its way to one function. Every call has a deadline and can be cancelled. */
export interface Call {
  /** Function name as the plugin declared it (no plugin prefix). */
  readonly name: string
  readonly params: Params
  /** Aborts at the deadline, when the caller gives up, and when the plugin is forced to stop. Made on first use. */
  readonly signal: AbortSignal
  /**
   * Tells `listener` once when the call ends before its function has answered: what `signal` aborts for, at less cost.
   * One listener at a time. Calls that a host makes have it; anyone who takes others uses `signal` where it is missing.
   */
  onAbandoned?(listener: (reason: BackplaneError) => void): void
  /** When the caller stops waiting, in milliseconds since the Unix epoch. */
  readonly deadline: number
  readonly caller: Caller
  /** Where it belongs in a trace, which onward calls continue. An interceptor that traces puts its own span here. */
  trace?: TraceContext
  /**
   * Hands one item of a streamed result to the caller. Resolves when there is room for the next, so awaiting it is
   * back-pressure; rejects with `BP_ABORTED` once the caller has gone.
   *
   * Only functions that declare `stream` use it. What the function returns at last is the stream's final value.
   */
  send(item: Value): Promise<void>
}

/** What callers may say about a call. */
export interface CallOptions {
  /** Cancels the call. */
  readonly signal?: AbortSignal
  /** How long the caller waits, in milliseconds. @default 30000 (the wait of Device Connect's own callers) */
  readonly timeoutMs?: number
  readonly trace?: TraceContext
}
