import { type Clock, coreError, systemClock } from '@backplane/core'
import { wasmError } from '../errors.ts'
import { BaseHostFunctions, hostMethods, type VyraClient, type VyraPublisher } from './host-functions.ts'

/** What a plugin asked for through its facade. */
export interface FacadeAudit {
  readonly plugin: string
  readonly operation: string
  readonly module?: string
  readonly outcome: 'allowed' | 'delayed' | 'denied' | 'blocked'
}

/** Options of {@link PluginFacade}. */
export interface FacadeInit {
  /** Names the plugin in errors and in the audit. */
  readonly pluginId: string
  /** What does what is allowed. */
  readonly host: BaseHostFunctions
  /**
   * What it may use: `{ transport, module_name, module_id? }`, or `transport:module[:id]` as text, `*` as a wildcard.
   * The transports are `publisher`, `subscriber`, `client` and `server`; `server` needs no module. Incomplete entries
   * count for nothing.
   */
  readonly interfaces?: readonly unknown[]
  /** Calls within the window before it is slowed down. @default 50 */
  readonly calls?: number
  /** The window in which calls are counted, in milliseconds. @default 10000 */
  readonly windowMs?: number
  /** @default the system's */
  readonly clock?: Clock
  /** Told of every operation. */
  readonly audit?: (entry: FacadeAudit) => void
}

/** How many calls beyond the limit block a plugin for good. */
const mostOver = 10
const stepMs = 100

interface Grant {
  readonly transport: string
  readonly module: string
  readonly id: string | undefined
}

/**
 * Host functions that a plugin gets only as far as its permissions go. Too many calls are slowed down, each by a tenth
 * of a second more, and the tenth too many blocks the plugin until {@link PluginFacade.unblock}. `log` is always free;
 * calls that are denied count. Rejects with `BP_PERMISSION_DENIED` and `BP_WASM_RATE_LIMITED`.
 */
export class PluginFacade extends BaseHostFunctions {
  readonly #init: FacadeInit
  readonly #grants: readonly Grant[]
  readonly #limit: { readonly calls: number; readonly windowMs: number }
  readonly #clock: Clock
  #times: number[] = []
  #over = 0
  #blocked = false

  constructor(init: FacadeInit) {
    super()
    this.#init = init
    this.#limit = { calls: init.calls ?? 50, windowMs: init.windowMs ?? 10_000 }
    this.#clock = init.clock ?? systemClock
    this.#grants = (init.interfaces ?? []).flatMap(grantOf)
    for (const [name, run] of hostMethods(init.host)) Object.defineProperty(this, name, { value: run })
  }

  /** Whether it has been blocked for calling too often. */
  get blocked(): boolean {
    return this.#blocked
  }

  /** Lets it call again, with a clean count. */
  unblock(): void {
    this.#blocked = false
    this.#times = []
    this.#over = 0
  }

  override async notify_ui(event: string, data: unknown): Promise<void> {
    await this.#pass('notify_ui')
    await this.#init.host.notify_ui(event, data)
  }
  override async create_publisher(name: string, module_name: string, module_id?: string): Promise<VyraPublisher> {
    await this.#pass('create_publisher', 'publisher', module_name, module_id)
    const publisher = await this.#init.host.create_publisher(name, module_name, module_id)
    return {
      publish: async (data) => {
        await this.#pass('publish')
        await publisher.publish(data)
      },
    }
  }
  override async create_subscriber(
    name: string,
    callback: (data: unknown) => void | Promise<void>,
    module_name: string,
    module_id?: string,
  ) {
    await this.#pass('create_subscriber', 'subscriber', module_name, module_id)
    return this.#init.host.create_subscriber(name, callback, module_name, module_id)
  }
  override async create_server(name: string, callback: (data: unknown) => unknown) {
    await this.#pass('create_server', 'server')
    return this.#init.host.create_server(name, callback)
  }
  override async create_client(name: string, module_name: string, module_id?: string): Promise<VyraClient> {
    await this.#pass('create_client', 'client', module_name, module_id)
    const client = await this.#init.host.create_client(name, module_name, module_id)
    return {
      request: async (data, options) => {
        await this.#pass('request')
        return client.request(data, options)
      },
    }
  }
  override log(level: number, message: string): Promise<void> {
    return this.#init.host.log(level, message)
  }

  async #pass(operation: string, transport?: string, module?: string, id?: string): Promise<void> {
    const { pluginId: plugin, audit } = this.#init
    const tell = (outcome: FacadeAudit['outcome']) =>
      audit?.({ plugin, operation, ...(module === undefined ? {} : { module }), outcome })
    const delayMs = this.#count()
    if (this.#blocked) {
      tell('blocked')
      const { calls: value, windowMs } = this.#limit
      throw wasmError('BP_WASM_RATE_LIMITED', { details: { plugin, value, windowMs, limit: 'calls' } })
    }
    if (transport !== undefined && !this.#allowed(transport, module, id)) {
      tell('denied')
      const what = `${operation}${module === undefined ? '' : ` for module '${module}'`}`
      throw coreError('BP_PERMISSION_DENIED', { details: { who: plugin, what, transport } })
    }
    tell(delayMs > 0 ? 'delayed' : 'allowed')
    if (delayMs > 0) await new Promise<void>((resolve) => this.#clock.after(delayMs, resolve))
  }

  /** Counts a call; gives how long it must wait. */
  #count(): number {
    if (this.#blocked) return 0
    const now = this.#clock.now()
    const { calls, windowMs } = this.#limit
    this.#times = this.#times.filter((time) => time > now - windowMs)
    this.#times.push(now)
    if (this.#times.length <= calls) {
      this.#over = 0
      return 0
    }
    this.#over++
    if (this.#over >= mostOver) this.#blocked = true
    return this.#over * stepMs
  }

  #allowed(transport: string, module: string | undefined, id: string | undefined): boolean {
    return this.#grants.some(
      (grant) =>
        matches(grant.transport, transport) &&
        // A server answers for its own module, whichever that is.
        (module === undefined ||
          (matches(grant.module, module) && (grant.id === undefined || matches(grant.id, id ?? '')))),
    )
  }
}

function grantOf(entry: unknown): Grant[] {
  if (typeof entry === 'string') {
    const [transport = '', module = '', id] = entry.split(':')
    return transport !== '' && module !== '' ? [{ transport, module, id }] : []
  }
  const { transport, module_name: module, module_id: id } = (entry ?? {}) as Record<string, unknown>
  if (typeof transport !== 'string' || typeof module !== 'string') return []
  return [{ transport, module, id: typeof id === 'string' ? id : undefined }]
}

function matches(pattern: string, text: string): boolean {
  if (!pattern.includes('*')) return pattern === text
  const escaped = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${escaped.join('.*')}$`).test(text)
}
