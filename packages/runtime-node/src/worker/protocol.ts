import {
  BackplaneError,
  type Caller,
  type ErrorRecord,
  type Manifest,
  type Params,
  type Permissions,
  type TraceContext,
} from '@backplane/core'
import type { RemoteErrors } from '@backplane/core/runtime'

// A thread speaks the messages of docs/worker-protocol.md, by structured clone. What is about a call crosses as items
// of its message rather than as an object, and `['collect']` comes on top: it asks the thread to free what it does not
// use.

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** What a thread is started with, beside its end of the channel. */
export interface ThreadData {
  readonly manifest: Manifest
  /** URL of the plugin's code. */
  readonly entry: string
  readonly context: {
    readonly config: Params
    readonly stateDir: string | undefined
    readonly permissions: Permissions
    readonly simulated: boolean
  }
  readonly logLinesPerSecond: number
}

/** What is said of a call beside its name and parameters. */
export interface CallAbout {
  readonly left_ms: number
  readonly caller: Caller
  readonly trace?: TraceContext
}

/** How many items of a stream may be under way to a caller who has not taken them yet. */
export const streamWindow = 16

/** An error as it crosses, with the text of its cause. */
export interface ErrorWire extends ErrorRecord {
  readonly cause?: { readonly name: string; readonly message: string; readonly stack?: string }
}

/** How errors cross: whole, since both ends are Backplane's own. */
export const threadErrors: RemoteErrors = {
  read: (told) => fromWire(told as ErrorWire),
  write: (thrown) => ({ ...toWire(thrown) }),
}

/** Gives an error as data; details that cannot cross are left out. */
export function toWire(thrown: unknown): ErrorWire {
  const error = BackplaneError.from(thrown)
  const { cause } = error
  return {
    ...error.toJSON(),
    details: cloneable(error.details) ? error.details : {},
    ...(cause instanceof Error
      ? {
          cause: {
            name: String(cause.name),
            message: String(cause.message),
            ...(cause.stack ? { stack: String(cause.stack) } : {}),
          },
        }
      : {}),
  }
}

/** Makes the error again. */
export function fromWire({ cause, ...record }: ErrorWire): BackplaneError {
  if (!cause) return BackplaneError.revive(record)
  const original = Object.assign(new Error(cause.message), { name: cause.name, stack: cause.stack })
  return new BackplaneError(record.code, record, { ...record, cause: original })
}

function cloneable(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}
