import { contractError } from '../contract-errors.ts'
import type { CallOptions } from '../contracts/call.ts'
import type {
  Advertisement,
  Device,
  Mesh,
  MeshCall,
  MeshComponents,
  MeshFactory,
  MeshHandler,
  MeshOptions,
} from '../contracts/mesh.ts'
import type { IncomingEvent } from '../contracts/runtime.ts'
import type {
  IncomingRequest,
  Subscription,
  Transport,
  TransportEvent,
  TransportStatus,
} from '../contracts/transport.ts'
import type { Params, Value } from '../contracts/values.ts'
import { throwIfAborted } from '../deadline.ts'
import { BackplaneError, coreError, type ErrorRecord } from '../errors.ts'
import { lenientReplacer } from '../json/numbers.ts'
import { parseJson } from '../json/parse.ts'
import { wildcard } from '../wildcard.ts'
import { decodeJson, encodeJson } from './json-codec.ts'
import type { Network } from './network.ts'
import { type MemoryTransportInit, memoryTransport } from './transport.ts'

/**
 * Options of {@link memoryMesh}: the line to the network, whose name is the device's id unless `client` says otherwise.
 */
export type MemoryMeshInit = MemoryTransportInit

/**
 * Makes a {@link Mesh} in memory: an identity on a `memoryNetwork`. Values go through JSON, so bytes arrive as base64
 * text. Selectors are device ids in which `*` stands for any run of characters. It reaches no further than the process.
 */
export function memoryMesh(init: MemoryMeshInit): MeshFactory {
  return (components) => new MemoryMesh(init, components)
}

/** What an answer to a call looks like on the wire. */
type Answer = { readonly result: Value } | { readonly error: ErrorRecord }

/** Errors of the other host that mean the same here; all others are its function's failure. */
const sharedCodes = ['BP_FUNCTION_UNKNOWN', 'BP_PARAMS_INVALID']

class MemoryMesh implements Mesh {
  readonly address: string
  readonly #init: MemoryMeshInit
  readonly #components: MeshComponents
  readonly #network: Network
  readonly #tenant: string
  readonly #device: string
  readonly #listeners = new Set<(event: TransportEvent) => void>()
  #transport: Transport | undefined
  #connecting: Promise<void> | undefined
  #handler: MeshHandler | undefined
  #announcement = ''
  #closed: Promise<void> | undefined

  constructor(init: MemoryMeshInit, components: MeshComponents) {
    const { deviceId, tenant = 'default' } = components.identity
    this.#init = { client: deviceId, ...init }
    this.#components = components
    this.#network = init.network as Network
    this.#tenant = tenant
    this.#device = deviceId
    this.address = `memory:${init.network.name}`
    this.advertise({ revision: 0, functions: [], events: [] })
  }

  get status(): TransportStatus {
    if (this.#closed) return 'closed'
    return this.#transport?.status ?? 'idle'
  }

  get #key(): string {
    return `${this.#tenant}/${this.#device}`
  }

  serve(handler: MeshHandler): void {
    this.#handler = handler
  }

  advertise({ functions, events }: Advertisement): void {
    const { deviceType, location, description, labels = {}, ...identity } = this.#components.identity
    const device: Device = {
      deviceId: this.#device,
      functions,
      events,
      labels,
      status: {},
      identity: { ...identity, deviceType, location, description },
      ...(deviceType === undefined ? {} : { deviceType }),
      ...(location === undefined ? {} : { location }),
      ...(description === undefined ? {} : { description }),
    }
    this.#announcement = JSON.stringify(device, lenientReplacer)
    if (this.#transport?.status === 'connected') this.#announce()
  }

  async connect(options: MeshOptions = {}): Promise<void> {
    if (this.#closed) throw this.#closedError()
    throwIfAborted(options.signal)
    if (this.#transport && this.#transport.status !== 'idle' && !this.#connecting)
      return this.#transport.connect(options)
    this.#connecting ??= this.#join(options).finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  async emit(event: string, payload: Params, options: MeshOptions = {}): Promise<void> {
    if (!/^[A-Za-z0-9_-]+$/.test(event))
      throw coreError('BP_INVALID_ARGUMENT', { details: { what: 'event', reason: `'${event}' is not one token` } })
    const transport = this.#connected(options.signal)
    await transport.publish(this.#subject(this.#device, `event.${event}`), encodeJson(payload), options)
  }

  async discover(selector = '*', options: MeshOptions = {}): Promise<readonly Device[]> {
    // A round trip, so that discovery takes as long as the line does and fails with it.
    await this.#connected(options.signal).flush(options)
    const wanted = new RegExp(`^${selector.split('*').map(escapeRegExp).join('.*')}$`)
    const texts = [...this.#network.directory].filter(([key]) => key.startsWith(`${this.#tenant}/`))
    return texts
      .map(([, { text }]) => parseJson(text) as unknown as Device)
      .filter(({ deviceId }) => wanted.test(deviceId))
  }

  async invoke(device: string, name: string, params: Params = {}, options: CallOptions = {}): Promise<Value> {
    const { signal, timeoutMs = 30_000, trace } = options
    const transport = this.#connected(signal)
    const caller = { kind: 'mesh', id: this.#device } as const
    const call: MeshCall = { name, params, caller, timeoutMs, ...(trace ? { trace } : {}) }
    const asked = transport.request(this.#subject(device, 'cmd'), encodeJson(call as unknown as Value), {
      timeoutMs,
      ...(signal ? { signal } : {}),
    })
    const { payload } = await asked.catch((error: BackplaneError) => {
      throw error.code === 'BP_NO_RESPONDER'
        ? contractError('BP_NO_RESPONDER', { details: { subject: device } })
        : error
    })
    const answer = decodeJson<Answer>(payload)
    if ('result' in answer) return answer.result
    const { error } = answer
    if (sharedCodes.includes(error.code)) throw BackplaneError.revive(error)
    throw contractError('BP_REMOTE_FAILED', { details: { reason: error.message }, cause: BackplaneError.revive(error) })
  }

  async on(
    filter: { readonly device?: string; readonly event?: string },
    listener: (event: IncomingEvent) => void | Promise<void>,
  ): Promise<Subscription> {
    const { device: wanted = '*', event: name = '*' } = filter
    const pattern = this.#subject(/[*?]/.test(wanted) ? '*' : wanted, `event.${name}`)
    return this.#connected(undefined).subscribe(pattern, ({ subject, payload }) => {
      const [device = '', , event = ''] = subject.split('.').slice(-3)
      if (!wildcard(wanted, device)) return undefined
      const deviceType = this.#typeOf(device)
      const about = deviceType === undefined ? {} : { deviceType }
      return listener({ device, ...about, event, payload: decodeJson<Params>(payload) })
    })
  }

  onStatus(listener: (event: TransportEvent) => void): () => void {
    const own = (event: TransportEvent) => listener(event)
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  close(): Promise<void> {
    this.#closed ??= this.#leave()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #typeOf(device: string): string | undefined {
    const known = this.#network.directory.get(`${this.#tenant}/${device}`)
    return known && (parseJson(known.text) as unknown as Device).deviceType
  }

  async #join(options: MeshOptions): Promise<void> {
    const { clock, logger } = this.#components
    const transport = memoryTransport(this.#init)({ clock, logger })
    this.#transport = transport
    try {
      await transport.connect(options)
      this.#claim()
      await transport.serve(this.#subject(this.#device, 'cmd'), (request) => this.#answer(request))
      await transport.flush(options)
    } catch (error) {
      if (this.#transport === transport) this.#transport = undefined
      this.#withdraw()
      await transport.close({ drainMs: 0 })
      throw error
    }
    this.#announce()
    transport.onStatus((event) => this.#follow(event))
    this.#tell({ type: 'connected' })
  }

  /** Takes the device's place in the directory, empty as yet: two who come at once cannot both have it. */
  #claim(): void {
    const present = this.#network.directory.get(this.#key)
    if (present && present.owner !== this)
      throw contractError('BP_IDENTITY_TAKEN', { details: { device: this.#device } })
    this.#announce()
  }

  #announce(): void {
    this.#network.directory.set(this.#key, { owner: this, text: this.#announcement })
  }

  #withdraw(): void {
    if (this.#network.directory.get(this.#key)?.owner === this) this.#network.directory.delete(this.#key)
  }

  #follow(event: TransportEvent): void {
    if (event.type === 'disconnected') this.#withdraw()
    if (event.type === 'connected') {
      try {
        this.#claim()
      } catch (error) {
        // Somebody took the place meanwhile; both answer now, which is for an operator to mend.
        this.#tell({ type: 'error', error: BackplaneError.from(error) })
      }
    }
    this.#tell(event)
  }

  async #leave(): Promise<void> {
    this.#withdraw()
    await this.#transport?.close()
    this.#listeners.clear()
  }

  async #answer({ payload, signal }: IncomingRequest): Promise<Uint8Array> {
    const call = decodeJson<MeshCall>(payload)
    try {
      if (!this.#handler) throw coreError('BP_FUNCTION_UNKNOWN', { details: { name: call.name } })
      return encodeJson({ result: await this.#handler({ ...call, signal }) })
    } catch (error) {
      return encodeJson({ error: plain(BackplaneError.from(error).toJSON()) })
    }
  }

  #connected(signal: AbortSignal | undefined): Transport {
    if (this.#closed) throw this.#closedError()
    throwIfAborted(signal)
    if (!this.#transport) throw contractError('BP_DISCONNECTED', { details: { address: this.address } })
    return this.#transport
  }

  #subject(device: string, rest: string): string {
    return `mesh.${this.#tenant}.${device}.${rest}`
  }

  #tell(event: TransportEvent): void {
    for (const listener of [...this.#listeners]) listener(event)
  }

  #closedError(): BackplaneError {
    return coreError('BP_CLOSED', { details: { what: `The mesh at ${this.address}` } })
  }
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

/** An error's record as a value: details hold anything, and only what JSON knows of it travels. */
function plain(record: ErrorRecord): Value {
  return { ...record, details: parseJson(JSON.stringify(record.details, lenientReplacer)) }
}
