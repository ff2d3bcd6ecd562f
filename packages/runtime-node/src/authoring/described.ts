import {
  type BackplaneError,
  coreError,
  type EventDescriptor,
  type EventFilter,
  type FunctionDescriptor,
  type Manifest,
} from '@backplane/core'
import { longestTimerMs } from '@backplane/core/runtime'
import { isAsyncGenerator } from './class-plugin.ts'
import { descriptorFault } from './descriptor-fault.ts'
import type { EventDefinition, FunctionDefinition, Handler, PluginDefinition } from './plugin.ts'
import { type AnySchema, advertised } from './schema.ts'

/** What is known of a plugin once its code is loaded, as plain data: it crosses from the plugin's thread. */
export interface Description {
  readonly functions: readonly FunctionDescriptor[]
  readonly events: readonly EventDescriptor[]
  readonly subscriptions: readonly EventFilter[]
  /** Names of its periodic work. */
  readonly routines: readonly string[]
  /** Which of the optional methods its instance has. */
  readonly has: { readonly notify: boolean; readonly reconfigure: boolean; readonly handOver: boolean }
}

// The manifest schema's own rules for names.
const functionName = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/
const eventName = /^[A-Za-z0-9_-]+$/

/**
 * Describes a definition. What the code declares wins over the manifest, which may add descriptions and schemas.
 * Throws `BP_PLUGIN_LOAD_FAILED` naming the part that is wrong.
 */
export function described(definition: PluginDefinition, manifest: Manifest): Description {
  const wrong = (reason: string): BackplaneError =>
    coreError('BP_PLUGIN_LOAD_FAILED', { details: { plugin: manifest.id, reason } })
  const entries = <T>(part: keyof PluginDefinition): [string, T][] => {
    const value: unknown = definition[part] ?? {}
    if (typeof value !== 'object' || Array.isArray(value)) throw wrong(`'${part}' is not an object`)
    return Object.entries(value as Record<string, T>)
  }
  const sound = <T extends FunctionDescriptor | EventDescriptor>(descriptor: T, part: string): T => {
    const fault = descriptorFault(descriptor)
    if (fault !== undefined) throw wrong(`${part}['${descriptor.name}']: ${fault}`)
    return descriptor
  }

  const functions = entries<FunctionDefinition | Handler>('functions').map(([name, given]) => {
    const reason = wrongFunction(name, given)
    if (reason !== undefined) throw wrong(`functions['${name}'] ${reason}`)
    return sound({ ...ofManifest(manifest.functions, name), ...functionDescriptor(name, given) }, 'functions')
  })
  for (const { name } of manifest.functions ?? []) {
    if (!functions.some((known) => known.name === name)) {
      throw wrong(`its manifest declares function '${name}', which its code does not have`)
    }
  }

  const events = entries<EventDefinition>('events').map(([name, given]) => {
    if (!eventName.test(name)) throw wrong(`events['${name}']: an event's name must match ${eventName}`)
    return sound({ ...ofManifest(manifest.events, name), ...eventDescriptor(name, given ?? {}) }, 'events')
  })
  for (const event of manifest.events ?? []) {
    if (!events.some((known) => known.name === event.name)) events.push(event)
  }

  for (const [name, given] of entries<{ intervalMs?: unknown; run?: unknown }>('periodic')) {
    const { intervalMs, run } = given ?? {}
    if (typeof run !== 'function') throw wrong(`periodic['${name}'] has no 'run' function`)
    if (typeof intervalMs !== 'number' || !(intervalMs >= 0) || intervalMs > longestTimerMs) {
      throw wrong(`periodic['${name}'].intervalMs must be a number of milliseconds from 0 to ${longestTimerMs}`)
    }
  }
  for (const part of ['setup', 'teardown', 'onEvent', 'configure', 'health', 'handOver'] as const) {
    if (definition[part] !== undefined && typeof definition[part] !== 'function')
      throw wrong(`'${part}' is not a function`)
  }
  const subscriptions = definition.subscriptions ?? []
  if (!Array.isArray(subscriptions) || !subscriptions.every(isFilter))
    throw wrong("'subscriptions' is not a list of objects with a `device`, an `event` or both, as texts")
  if (subscriptions.length > 0 && !definition.onEvent) throw wrong(`it has 'subscriptions' but no 'onEvent'`)

  return {
    functions,
    events,
    subscriptions: subscriptions.map(({ device, event }: EventFilter) => defined({ device, event })),
    routines: Object.keys(definition.periodic ?? {}),
    has: {
      notify: definition.onEvent !== undefined,
      reconfigure: definition.configure !== undefined,
      handOver: definition.handOver !== undefined,
    },
  }
}

/** What is wrong with a function, if anything. */
export function wrongFunction(name: string, given: FunctionDefinition | Handler): string | undefined {
  if (!functionName.test(name)) return `has a name that does not match ${functionName}`
  if (typeof given === 'function' || typeof given?.run === 'function') return undefined
  return "is neither a function nor an object with a 'run' function"
}

function isFilter(filter: unknown): filter is EventFilter {
  if (typeof filter !== 'object' || filter === null) return false
  const { device, event } = filter as EventFilter
  return [device, event].every((part) => part === undefined || typeof part === 'string')
}

function ofManifest<T extends { readonly name: string }>(list: readonly T[] | undefined, name: string): T | undefined {
  return list?.find((entry) => entry.name === name)
}

/** Describes one function; what its definition leaves open stays out. */
export function functionDescriptor(name: string, given: FunctionDefinition | Handler): FunctionDescriptor {
  if (typeof given === 'function') return { name, ...(isAsyncGenerator(given) ? { stream: 'items' as const } : {}) }
  const stream = given.stream ?? (isAsyncGenerator(given.run) ? 'items' : undefined)
  return {
    name,
    ...defined({
      description: given.description,
      parameters: given.parameters === undefined ? undefined : advertised(given.parameters as AnySchema, 'input'),
      result: given.result === undefined ? undefined : advertised(given.result, 'output'),
      stream,
      timeout_ms: given.timeoutMs,
      labels: given.labels,
      tags: given.tags,
    }),
  }
}

function eventDescriptor(name: string, given: EventDefinition): EventDescriptor {
  return {
    name,
    ...defined({
      description: given.description,
      payload: given.payload === undefined ? undefined : advertised(given.payload as AnySchema, 'input'),
      labels: given.labels,
      tags: given.tags,
    }),
  }
}

/** Leaves out what is undefined, so that it does not hide what the manifest says. */
function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}
