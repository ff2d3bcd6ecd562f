import { type Logger, messageOf, type Params, type Subscription, type Transport } from '@backplane/core'
import { parseJson, stringifyJson } from '@backplane/core/json'

/** What a plugin hands its data to. */
export interface VyraPublisher {
  publish(data: unknown): Promise<void>
}

/** What a plugin asks. */
export interface VyraClient {
  request(data: unknown, options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<unknown>
}

/**
 * What a VYRA plugin may do beyond computing. Subclass it: methods whose name begins with `host_` are given to the
 * sandbox under the imports that the plugin's metadata declares. Its own methods do nothing.
 */
export class BaseHostFunctions {
  /** Tells the user interface. */
  async notify_ui(_event: string, _data: unknown): Promise<void> {}
  /** Gives what sends data under a name of a module (`module_name`, or one of its instances with `module_id`). */
  async create_publisher(_name: string, _module_name: string, _module_id?: string): Promise<VyraPublisher> {
    return { publish: async () => {} }
  }
  /** Has `callback` given what a module publishes under a name, until the subscription is closed. */
  async create_subscriber(
    _name: string,
    _callback: (data: unknown) => void | Promise<void>,
    _module_name: string,
    _module_id?: string,
  ): Promise<Subscription | undefined> {
    return undefined
  }
  /** Has `callback` answer the requests under a name of the plugin's own module, until the subscription is closed. */
  async create_server(_name: string, _callback: (data: unknown) => unknown): Promise<Subscription | undefined> {
    return undefined
  }
  /** Gives what asks a module's server of that name. */
  async create_client(_name: string, _module_name: string, _module_id?: string): Promise<VyraClient> {
    return { request: async () => null }
  }
  /** `level` is Python's: 10 debug, 20 info, 30 warning, 40 error. */
  async log(_level: number, _message: string): Promise<void> {}
}

/** Host functions that log what they are asked and do none of it. Only for trying a plugin out. */
export class NullHostFunctions extends BaseHostFunctions {
  readonly #logger: Pick<Logger, 'debug'>

  constructor(logger: Pick<Logger, 'debug'>) {
    super()
    this.#logger = logger
  }

  override async notify_ui(event: string, data: unknown): Promise<void> {
    this.#logger.debug({ event, data }, 'notify_ui: nothing is done')
  }
  override async create_publisher(name: string, module_name: string, module_id?: string): Promise<VyraPublisher> {
    this.#logger.debug({ name, module_name, module_id }, 'create_publisher: nothing is done')
    return { publish: async (data) => this.#logger.debug({ name, data }, 'publish: nothing is done') }
  }
  override async create_subscriber(
    name: string,
    _callback: (data: unknown) => void | Promise<void>,
    module_name: string,
    module_id?: string,
  ): Promise<undefined> {
    this.#logger.debug({ name, module_name, module_id }, 'create_subscriber: nothing is done')
  }
  override async create_server(name: string): Promise<undefined> {
    this.#logger.debug({ name }, 'create_server: nothing is done')
  }
  override async create_client(name: string, module_name: string, module_id?: string): Promise<VyraClient> {
    this.#logger.debug({ name, module_name, module_id }, 'create_client: nothing is done')
    return {
      request: async (data) => {
        this.#logger.debug({ name, data }, 'request: nothing is done')
        return null
      },
    }
  }
  override async log(level: number, message: string): Promise<void> {
    this.#logger.debug({ level, message }, 'log: nothing is done')
  }
}

/** Options of {@link TransportHostFunctions}. */
export interface TransportHostInit {
  /** Carries it all; connected already. */
  readonly transport: Pick<Transport, 'publish' | 'subscribe' | 'serve' | 'request'>
  readonly logger: Logger
  /** The module that servers answer for. */
  readonly moduleName: string
  /** Which instance of the module. @default none: the subject is `<module>.<name>` */
  readonly moduleId?: string
  /** Takes what is meant for the user interface. @default the subject `<module>.ui` */
  readonly notifyUi?: (event: string, data: unknown) => Promise<void>
}

/**
 * Host functions over any transport: JSON on the subject `<module>[.<id>].<name>`. Not for payloads that are no JSON.
 */
export class TransportHostFunctions extends BaseHostFunctions {
  readonly #init: TransportHostInit

  constructor(init: TransportHostInit) {
    super()
    this.#init = init
  }

  override async notify_ui(event: string, data: unknown): Promise<void> {
    const { notifyUi, moduleName, transport } = this.#init
    if (notifyUi) await notifyUi(event, data)
    else await transport.publish(`${moduleName}.ui`, encode({ event, data }))
  }
  override async create_publisher(name: string, module_name: string, module_id?: string): Promise<VyraPublisher> {
    const subject = subjectOf(name, module_name, module_id)
    return { publish: (data) => this.#init.transport.publish(subject, encode(data)) }
  }
  override create_subscriber(
    name: string,
    callback: (data: unknown) => void | Promise<void>,
    module_name: string,
    module_id?: string,
  ): Promise<Subscription> {
    const { transport, logger } = this.#init
    return transport.subscribe(subjectOf(name, module_name, module_id), async ({ payload }) => {
      try {
        await callback(decode(payload))
      } catch (error) {
        logger.warn({ name, reason: messageOf(error) }, 'a subscriber of a plugin failed')
      }
    })
  }
  override create_server(name: string, callback: (data: unknown) => unknown): Promise<Subscription> {
    const { transport, moduleName, moduleId } = this.#init
    return transport.serve(subjectOf(name, moduleName, moduleId), async ({ payload }) =>
      encode(await callback(decode(payload))),
    )
  }
  override async create_client(name: string, module_name: string, module_id?: string): Promise<VyraClient> {
    const subject = subjectOf(name, module_name, module_id)
    return {
      request: async (data, options) =>
        decode((await this.#init.transport.request(subject, encode(data), options)).payload),
    }
  }
  override async log(level: number, message: string): Promise<void> {
    logAt(this.#init.logger, level, message)
  }
}

/** Writes a message at one of Python's levels. */
export function logAt(logger: Logger, level: number, message: string): void {
  logger[level >= 40 ? 'error' : level >= 30 ? 'warn' : level >= 20 ? 'info' : 'debug'](message)
}

/** The `host_*` methods of a host, by name, its prototypes included. */
export function hostMethods(host: BaseHostFunctions): Map<string, (...args: unknown[]) => unknown> {
  const methods = new Map<string, (...args: unknown[]) => unknown>()
  for (let at: object | null = host; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) {
      const own = (host as unknown as Params)[name] as unknown
      if (name.startsWith('host_') && typeof own === 'function' && !methods.has(name)) methods.set(name, own.bind(host))
    }
  }
  return methods
}

function subjectOf(name: string, module: string, id?: string): string {
  return [module, ...(id === undefined ? [] : [id]), name].join('.')
}

function encode(data: unknown): Uint8Array {
  return new TextEncoder().encode(stringifyJson(data, { nonFinite: 'null' }))
}

function decode(payload: Uint8Array): unknown {
  return payload.length === 0 ? null : parseJson(new TextDecoder().decode(payload))
}
