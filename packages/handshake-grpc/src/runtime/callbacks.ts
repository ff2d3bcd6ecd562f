import {
  BackplaneError,
  coreError,
  type JsonSchema,
  type Logger,
  type Params,
  type RuntimeContext,
  type Value,
} from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { type DescMessage, ScalarType } from '@bufbuild/protobuf'
import type { Broker, BrokerServer, ServedService } from '../broker/broker.ts'
import type { MethodFunction } from './methods.ts'
import { isObject } from './values.ts'

/** What a host's service is made for. */
export interface HostServiceContext {
  /** The plugin that will call it. */
  readonly pluginId: string
  /** Its configuration. */
  readonly config: Params
  /** Its log. */
  readonly logger: Logger
}

/**
 * gRPC services that a host offers under one name: one or several, or what makes them for each process of a plugin that
 * asks for them. What that throws refuses the plugin: it does not load.
 */
export type HostServices =
  | ServedService
  | readonly ServedService[]
  | ((context: HostServiceContext) => ServedService | readonly ServedService[])

/** Which of the host's services a call of a plugin is given, by a broker id in its request. */
export interface Callback {
  /** The function, as the plugin's functions are called: `Counter.Put`. */
  readonly function: string
  /**
   * The field of its request that takes the broker id, by its name in the .proto; `a.b` for a field of a message
   * within.
   */
  readonly field: string
  /** Names of {@link HostServices}; all are served under the one id. */
  readonly services: readonly string[]
  /**
   * How long they are served: until the call ends, or until the plugin does or the function is called again, for calls
   * that set a plugin up. @default 'call'
   */
  readonly lasts?: 'call' | 'plugin'
}

/** The broker ids of one call, and what is served under them. */
export interface OpenCallbacks {
  /** The call's parameters with the ids. */
  readonly params: Params
  /** Begins to serve. To be done before the call. */
  serve(): Promise<void>
  /** Ends what lasts for the call; where the call failed, all of it. */
  close(failed: boolean): Promise<void>
}

interface Bound {
  readonly callback: Callback
  readonly path: readonly string[]
  /** Names of the first field, as callers may write them. */
  readonly names: readonly string[]
  readonly served: readonly ServedService[]
}

const idTypes: ReadonlySet<ScalarType> = new Set([
  ScalarType.UINT32,
  ScalarType.INT32,
  ScalarType.FIXED32,
  ScalarType.SFIXED32,
  ScalarType.SINT32,
  ScalarType.UINT64,
  ScalarType.INT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
  ScalarType.SINT64,
])

/** The callbacks of one process of a plugin. */
export class Callbacks {
  readonly #bound = new Map<string, Bound[]>()
  /** What lasts as long as the plugin. */
  readonly #lasting = new Map<Bound, BrokerServer>()

  /**
   * Ties callbacks to a plugin's functions.
   *
   * @throws BP_PLUGIN_LOAD_FAILED for what is not there: a function, a field, a service
   */
  constructor(
    callbacks: readonly Callback[],
    offered: Readonly<Record<string, HostServices>>,
    methods: ReadonlyMap<string, MethodFunction>,
    context: RuntimeContext,
  ) {
    const { pluginId, config, logger } = context
    const wrong = (reason: string, cause?: unknown) =>
      coreError('BP_PLUGIN_LOAD_FAILED', {
        details: { plugin: pluginId, reason: `process.callbacks: ${reason}` },
        cause,
      })
    const made = new Map<string, readonly ServedService[]>()
    const make = (name: string): readonly ServedService[] => {
      const offer = Object.hasOwn(offered, name) ? offered[name] : undefined
      if (!offer) throw wrong(`this host offers no services named '${name}'; it offers ${listOf(Object.keys(offered))}`)
      try {
        const services = typeof offer === 'function' ? offer({ pluginId, config, logger }) : offer
        return [services].flat() as ServedService[]
      } catch (cause) {
        throw wrong(`the host refuses it the services '${name}': ${BackplaneError.from(cause).message}`, cause)
      }
    }
    for (const callback of callbacks) {
      const method = methods.get(callback.function)
      if (!method) throw wrong(`it has no function '${callback.function}'; it has ${listOf([...methods.keys()])}`)
      const place = placeOf(method.input, callback.field)
      if (!place) throw wrong(`'${callback.field}' is no integer field of the request of '${callback.function}'`)
      for (const name of callback.services) if (!made.has(name)) made.set(name, make(name))
      const served = callback.services.flatMap((name) => made.get(name) ?? [])
      const bound = this.#bound.get(callback.function) ?? []
      bound.push({ callback, served, ...place })
      this.#bound.set(callback.function, bound)
    }
  }

  /** A function's schema of parameters without what is filled in here. */
  hide(name: string, schema: JsonSchema | undefined): JsonSchema | undefined {
    const { properties } = schema ?? {}
    if (!isObject(properties)) return schema
    const filled = this.#bound.get(name)?.flatMap(({ path }) => (path.length === 1 ? path : [])) ?? []
    const shown = Object.entries(properties).filter(([field]) => !filled.includes(field))
    return { ...schema, properties: Object.fromEntries(shown) }
  }

  /**
   * Prepares one call.
   *
   * @throws BP_PARAMS_INVALID when the caller has set an id
   */
  open(name: string, params: Params, broker: Broker | undefined): OpenCallbacks | undefined {
    const bound = this.#bound.get(name)
    if (!bound || !broker) return undefined
    const ids = bound.map(() => broker.nextId())
    const servers: BrokerServer[] = []
    return {
      params: bound.reduce((filled, one, at) => withId(name, filled, one, ids[at] as number), params),
      serve: async () => {
        for (const [at, { served }] of bound.entries()) servers.push(await broker.accept(ids[at] as number, served))
      },
      close: async (failed) => {
        const ending = servers.map(async (server, at) => {
          const one = bound[at] as Bound
          if (failed || one.callback.lasts !== 'plugin') return server.close()
          const before = this.#lasting.get(one)
          this.#lasting.set(one, server)
          await before?.close()
        })
        await Promise.all(ending)
      },
    }
  }
}

/** The place of a field in JSON, if it can hold an id. */
function placeOf(input: DescMessage, text: string): Pick<Bound, 'path' | 'names'> | undefined {
  const path: string[] = []
  const names: string[] = []
  let message: DescMessage | undefined = input
  const parts = text.split('.')
  for (const [at, part] of parts.entries()) {
    const field: DescMessage['fields'][number] | undefined = message?.fields.find(({ name }) => name === part)
    if (!field) return undefined
    path.push(field.jsonName)
    names.push(field.name)
    if (at === parts.length - 1) {
      return field.fieldKind === 'scalar' && idTypes.has(field.scalar) ? { path, names } : undefined
    }
    message = field.fieldKind === 'message' ? field.message : undefined
  }
  return undefined
}

function withId(name: string, params: Params, { path, names }: Pick<Bound, 'path' | 'names'>, id: number): Params {
  const [key = '', ...rest] = path
  const [own = '', ...others] = names
  // Callers may write either name of a field, and it may stand there once.
  const present = Object.hasOwn(params, own) ? own : key
  const value = Object.hasOwn(params, present) ? params[present] : undefined
  if (rest.length > 0) {
    const within = withId(name, isObject(value) ? value : {}, { path: rest, names: others }, id)
    return { ...params, [present]: within as Value }
  }
  // An id that the caller makes up could reach what another call is given.
  if (value !== undefined) {
    throw contractError('BP_PARAMS_INVALID', { details: { name, issues: `${own} is filled in by the host` } })
  }
  return { ...params, [key]: id }
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.map((name) => `'${name}'`).join(', ')
}
