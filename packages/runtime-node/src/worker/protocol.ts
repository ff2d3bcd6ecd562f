import type {
  Caller,
  ConfigChange,
  ErrorRecord,
  Health,
  IncomingEvent,
  Manifest,
  Params,
  Permissions,
  TraceContext,
  Value,
} from '@backplane/core'
import { BackplaneError } from '@backplane/core'
import type { Description } from '../authoring/described.ts'

// Messages are arrays with a number first: the cheapest form that structured clone carries. An `id` names one exchange and
// is counted by whoever begins it, so both sides may use the same numbers.

/** What the host says to a plugin's thread. */
export const toThread = {
  call: 0,
  cancel: 1,
  credit: 2,
  ask: 3,
  ping: 4,
  abort: 5,
  answer: 6,
  refuse: 7,
  collect: 8,
} as const

/** What a plugin's thread says to the host. */
export const toHost = {
  ready: 0,
  failed: 1,
  result: 2,
  error: 3,
  item: 4,
  pong: 5,
  log: 6,
  emit: 7,
  invoke: 8,
  cancelInvoke: 9,
  changed: 10,
} as const

export type ToThread =
  | readonly [
      op: typeof toThread.call,
      id: number,
      name: string,
      params: Params,
      leftMs: number,
      caller: Caller,
      trace: TraceContext | undefined,
    ]
  | readonly [op: typeof toThread.cancel, id: number, reason: ErrorWire]
  | readonly [op: typeof toThread.credit, id: number, items: number]
  | readonly [op: typeof toThread.ask, id: number, question: Question, body: unknown]
  | readonly [op: typeof toThread.ping]
  | readonly [op: typeof toThread.abort, reason: ErrorWire]
  | readonly [op: typeof toThread.answer, id: number, value: Value]
  | readonly [op: typeof toThread.refuse, id: number, error: ErrorWire]
  | readonly [op: typeof toThread.collect]

export type ToHost =
  | readonly [op: typeof toHost.ready, description: Description]
  | readonly [op: typeof toHost.failed, error: ErrorWire]
  | readonly [op: typeof toHost.result, id: number, value: unknown]
  | readonly [op: typeof toHost.error, id: number, error: ErrorWire]
  | readonly [op: typeof toHost.item, id: number, item: Value]
  | readonly [op: typeof toHost.pong]
  | readonly [op: typeof toHost.log, level: LogLevel, fields: object, message: string | undefined]
  | readonly [op: typeof toHost.emit, id: number, event: string, payload: Params | undefined]
  | readonly [op: typeof toHost.invoke, id: number, name: string, params: Params | undefined, options: RemoteInvoke]
  | readonly [op: typeof toHost.cancelInvoke, id: number]
  | readonly [op: typeof toHost.changed, functions: Description['functions']]

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** What the host asks of the plugin itself; `result` or `error` with the same id answers. */
export interface Questions {
  start: { ask: Value | undefined; answer: undefined }
  notify: { ask: IncomingEvent; answer: undefined }
  reconfigure: { ask: ConfigChange; answer: undefined }
  health: { ask: undefined; answer: Health }
  handOver: { ask: undefined; answer: Value }
  stop: { ask: undefined; answer: undefined }
}
export type Question = keyof Questions

/** Options of a plugin's call that cross; its signal becomes `cancelInvoke`. */
export interface RemoteInvoke {
  readonly device?: string
  readonly timeoutMs?: number
  readonly trace?: TraceContext
}

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

/** How many items of a stream may be under way to a caller who has not taken them yet. */
export const streamWindow = 16

/** An error as it crosses, with the text of its cause. */
export interface ErrorWire extends ErrorRecord {
  readonly cause?: { readonly name: string; readonly message: string; readonly stack?: string }
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
