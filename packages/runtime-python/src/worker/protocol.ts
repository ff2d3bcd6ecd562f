import {
  BackplaneError,
  type ConfigChange,
  coreError,
  type ErrorEntry,
  type ErrorRecord,
  type EventDescriptor,
  type EventFilter,
  errorCatalogue,
  type FunctionDescriptor,
  type Health,
  type IncomingEvent,
  type Limits,
  type Manifest,
  type Params,
  type Value,
} from '@backplane/core'
import { contractCatalogue } from '@backplane/core/errors'
import { lenientReplacer, parseJson } from '@backplane/core/json'

/** The version of the protocol that this package and its worker speak; docs/python-worker-protocol.md describes it. */
export const protocolVersion = 1

/** Descriptors of the worker beside the usual three. */
export const descriptors = { fromHost: 3, toHost: 4, lifeline: 5 } as const

/** Items of a stream that may be on their way. */
export const streamWindow = 32

/** The first message: what to load, and what it is given. */
export interface Init {
  readonly protocol: typeof protocolVersion
  readonly plugin: { readonly id: string; readonly manifest: Manifest; readonly dir: string; readonly entry: string }
  readonly context: {
    readonly config: Params
    readonly state_dir?: string | undefined
    readonly simulated: boolean
    readonly device_id?: string | undefined
    readonly device_type?: string | undefined
    readonly tenant?: string | undefined
    readonly identity?: Params | undefined
    readonly ttl?: number | undefined
    readonly connected?: boolean | undefined
  }
  readonly limits: Limits
  readonly settings: {
    readonly message_bytes: number
    readonly threads: number
    /** What should be there, where nobody has installed it. */
    readonly requirements?: readonly string[]
  }
}

/** What a plugin offers, as its worker tells it. */
export interface Description {
  readonly functions: readonly FunctionDescriptor[]
  readonly events: readonly EventDescriptor[]
  readonly routines?: readonly string[]
  readonly subscriptions?: readonly EventFilter[]
  /** What it can be asked beyond `start` and `stop`. */
  readonly has?: readonly Question[]
  /** What completes the manifest, of plugins that describe themselves. */
  readonly manifest?: Manifest
  /** What the host's side of its adapter wants to know. */
  readonly surface?: Params
  /** Why it does nothing yet, and when it tries again (milliseconds since the Unix epoch). */
  readonly waiting?: { readonly message: string; readonly retry_at: number }
  /** Version of Python. */
  readonly python?: string
}

/** What the host asks of a plugin itself. */
export interface Questions {
  start: { ask: Value | undefined; answer: Description }
  notify: {
    ask: Omit<IncomingEvent, 'deviceType'> & { readonly device_type?: string | undefined }
    answer: unknown
  }
  reconfigure: { ask: ConfigChange; answer: unknown }
  health: { ask: undefined; answer: Health }
  hand_over: { ask: undefined; answer: Value }
  request: { ask: { readonly name: string; readonly body: Value | undefined }; answer: Value }
  stop: { ask: undefined; answer: unknown }
  /** Whether its loop turns. */
  ping: { ask: undefined; answer: unknown }
}
export type Question = keyof Questions

/** An error as it crosses. */
export type WireError = Partial<Omit<ErrorRecord, 'message'>> & { readonly message?: unknown }

const knownErrors: Readonly<Record<string, ErrorEntry>> = { ...errorCatalogue, ...contractCatalogue }

/** Makes the error that a worker has told; what has no code of Backplane's is the plugin's own. */
export function fromWire(wire: WireError, plugin: string): BackplaneError {
  const message = typeof wire.message === 'string' && wire.message !== '' ? wire.message : 'no message'
  const code = typeof wire.code === 'string' && /^BP_[A-Z0-9_]+$/.test(wire.code) ? wire.code : 'BP_PLUGIN_FAILED'
  const details = { ...(wire.details ?? {}), reason: message, plugin }
  const next = typeof wire.next === 'string' ? { next: wire.next } : {}
  if (code === 'BP_PLUGIN_LOAD_FAILED') return coreError(code, { details, ...next })
  const entry = knownErrors[code] ?? { message: '{reason}', next: 'Look at the log of the plugin.' }
  return new BackplaneError(code, entry, { details, message, ...next, ...(wire.retryable ? { retryable: true } : {}) })
}

/** The plain form of an error, for a worker. */
export function toWire(error: unknown): WireError {
  const { code, message, next, retryable, details } = BackplaneError.from(error)
  try {
    return { code, message, next, retryable, details: parseJson(JSON.stringify(details, lenientReplacer)) as Params }
  } catch {
    return { code, message, next, retryable }
  }
}
