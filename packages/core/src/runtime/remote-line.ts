import type { ConfigChange } from '../contracts/config.ts'
import type { EventDescriptor, EventFilter, FunctionDescriptor, Manifest } from '../contracts/manifest.ts'
import type { Health, IncomingEvent } from '../contracts/runtime.ts'
import type { Params, Value } from '../contracts/values.ts'
import { coreError } from '../errors.ts'

/**
 * The line to a plugin that runs elsewhere, in a thread or a process. It carries the messages of
 * `docs/worker-protocol.md`, lists whose first item names them; how they cross is its own affair.
 */
export interface RemoteLine {
  /**
   * Sends a message; does nothing where the other end is gone. Throws `BP_VALUE_INVALID` for what it cannot carry and
   * `BP_PAYLOAD_TOO_LARGE` for what is too long.
   */
  post(message: readonly unknown[]): void
  /** Ends the other end by force, whatever it is doing, with all that it has started. */
  kill(reason: string): void
  /** Resolves when nothing of the other end is left. */
  readonly exited: Promise<void>
  /** How long the other end may take to end by itself once it has answered `stop`, in milliseconds. @default 0 */
  readonly leaveMs?: number
}

/** Where a {@link RemoteLine} takes what comes from the other end. */
export interface RemoteEnds {
  /** Takes one message. Throws for one that breaks the protocol; nothing after it can be trusted. */
  receive(message: readonly unknown[]): void
  /** To be called once, when the other end has ended for whatever reason. */
  ended(reason: string, more?: { readonly cause?: unknown; readonly details?: Readonly<Record<string, unknown>> }): void
}

/** Finds out that a plugin hangs, and ends it then. Each kind of line has its own way. */
export interface RemoteGuard {
  /** Somebody has given up waiting for the answer to `id`, which `leftMs` before its deadline is still owed. */
  owed(id: number, what: string, leftMs: number): void
  /** The answer to `id` has come. */
  settled(id: number): void
  /** It takes no events though many wait. */
  suspect(): void
  /** It has ended: nothing is owed any more. */
  clear(): void
}

/** What a {@link RemoteGuard} may do. */
export interface Guarded {
  /** Asks for a sign of life; rejects when the plugin has ended. */
  ping(): Promise<unknown>
  kill(reason: string): void
}

/** What a plugin offers, as it says itself. */
export interface RemoteDescription {
  readonly functions: readonly FunctionDescriptor[]
  readonly events: readonly EventDescriptor[]
  readonly routines?: readonly string[]
  readonly subscriptions?: readonly EventFilter[]
  /** What it can be asked beyond `start`, `ping` and `stop`. */
  readonly has?: readonly RemoteQuestion[]
  /** What completes the manifest, of plugins that describe themselves. */
  readonly manifest?: Manifest
  /** What the host's side of its adapter wants to know. */
  readonly surface?: Params
  /** Why it does nothing yet, and when it tries again (milliseconds since the Unix epoch). */
  readonly waiting?: { readonly message: string; readonly retry_at: number }
}

/** What the host asks of a plugin itself. */
export interface RemoteQuestions {
  start: { ask: Value; answer: RemoteDescription | null }
  notify: {
    ask: Omit<IncomingEvent, 'deviceType'> & { readonly device_type?: string | undefined }
    answer: unknown
  }
  reconfigure: { ask: ConfigChange; answer: unknown }
  health: { ask: null; answer: Health }
  hand_over: { ask: null; answer: Value }
  request: { ask: { readonly name: string; readonly body: Value | undefined }; answer: Value }
  stop: { ask: null; answer: unknown }
  ping: { ask: null; answer: unknown }
}

/** A question that a plugin may be asked. */
export type RemoteQuestion = keyof RemoteQuestions

/** Reads a description. Throws `BP_PLUGIN_FAILED` that names the part which is wrong. */
export function readDescription(value: unknown, plugin: string): RemoteDescription {
  const wrong = (reason: string) => coreError('BP_PLUGIN_FAILED', { details: { plugin, reason } })
  if (!isObject(value)) throw wrong('its description is not an object')
  const read: Record<string, unknown> = { functions: [], events: [], ...value }
  for (const [part, isItem] of Object.entries(lists)) {
    const list = read[part]
    if (list === undefined) continue
    if (!Array.isArray(list)) throw wrong(`'${part}' of its description is not a list`)
    const at = list.findIndex((item) => !isItem(item))
    if (at >= 0) throw wrong(`'${part}' of its description: item ${at} is not ${isItem.what}`)
  }
  return read as unknown as RemoteDescription
}

function check(what: string, isRight: (item: unknown) => boolean) {
  return Object.assign((item: unknown) => isRight(item), { what })
}

const isText = check('a text', (item) => typeof item === 'string')
const isFilter = check('an object with `device`, `event` or both', isObject)
const isNamed = check(
  'an object with a `name`',
  (item) => isObject(item) && typeof item.name === 'string' && !!item.name,
)
const lists = { functions: isNamed, events: isNamed, routines: isText, subscriptions: isFilter, has: isText }

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
