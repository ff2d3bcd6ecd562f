import type { Metadata } from '@grpc/grpc-js'
import type { ExitInfo } from './runner.ts'

/** One call that is about to be made, or served. */
export interface CallFacts {
  /** Path of the method: `/proto.KV/Get`. */
  readonly method: string
  /** Headers of the call; a hook may add to them (trace context). */
  readonly metadata: Metadata
}

/** How a call ended. */
export interface CallOutcome {
  /** gRPC status code; 0 is success. */
  readonly code: number
  /** The status text. */
  readonly details: string
  readonly durationMs: number
}

/** Where metrics and tracing attach. Every member is optional; what a hook throws is ignored. */
export interface PluginHooks {
  /** The plugin runs and can be called. */
  readonly started?: (facts: { readonly id: string; readonly version: number; readonly startMs: number }) => void
  /** A start failed; `again` says whether it is tried once more. */
  readonly startFailed?: (facts: { readonly error: unknown; readonly attempt: number; readonly again: boolean }) => void
  /** The plugin's process ended. */
  readonly exited?: (facts: ExitInfo & { readonly id: string; readonly expected: boolean }) => void
  /** A periodic health check was answered or failed. */
  readonly health?: (facts: { readonly ok: boolean; readonly reason?: string }) => void
  /** A call begins; what it gives is called at the end. */
  readonly call?: (facts: CallFacts) => ((outcome: CallOutcome) => void) | undefined
}

/** Runs a hook and swallows what it throws: observing must not change what is observed. */
export function observe<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch {
    return undefined
  }
}
