import {
  type Advertisement,
  BackplaneError,
  type CallOptions,
  coreError,
  type Device,
  type IncomingEvent,
  type MeshComponents,
  type MeshHandler,
  type MeshOptions,
  type Params,
  type Subscription,
  type Transport,
  type TransportEvent,
  type TransportFactory,
  type TransportStatus,
  throwIfAborted,
  type Value,
} from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { announcementOf, instanceMark } from './announcement.ts'
import { type BroadcastOptions, broadcast } from './broadcast.ts'
import type { DeviceConnectMesh } from './contract.ts'
import type { Directory } from './directory.ts'
import { addFields } from './event-fields.ts'
import { listenTo } from './event-listening.ts'
import { EventQueue } from './event-queue.ts'
import { identityTaken } from './identity-claim.ts'
import { hex } from './ids.ts'
import { encodeBytes } from './json.ts'
import type { Link } from './link.ts'
import { putMeta } from './meta.ts'
import { Presence } from './presence.ts'
import { PresenceDirectory } from './presence-directory.ts'
import { RegistryDirectory } from './registry-directory.ts'
import { type BroadcastReply, type ReplyOptions, repliesTo } from './replies.ts'
import { readResponse, writeEvent, writeRequest } from './rpc.ts'
import { asCallError } from './rpc-errors.ts'
import { parseSelector } from './selector-parser.ts'
import type { Settings } from './settings.ts'
import { checkDevice, checkTimeout, dotsInId, invalid, isEventName, subjectsOf } from './subjects.ts'
import { awaitDependencies, waitFor } from './wait-for.ts'

/** One member of a Device Connect network: a device where it serves, else a client. */
export class Member implements DeviceConnectMesh {
  readonly #link: Link
  readonly #settings: Settings
  readonly #directory: Directory
  readonly #events: EventQueue
  readonly #listeners = new Set<(event: TransportEvent) => void>()
  readonly #stopWatching: () => void
  #handler: MeshHandler | undefined
  #advertisement: Advertisement = { revision: 0, functions: [], events: [] }
  #presence: Presence | undefined
  #joining: Promise<void> | undefined
  #isJoined = false
  #closing: Promise<void> | undefined
  #heardRival = false

  constructor(components: MeshComponents, transport: TransportFactory, settings: Settings) {
    const { identity, clock } = components
    const logger = components.logger.child({ mesh: 'device-connect' })
    const subjects = subjectsOf(identity.tenant ?? 'default')
    this.#settings = settings
    this.#link = {
      transport: transport({ logger, clock }),
      subjects,
      identity,
      instance: instanceMark(),
      clock,
      logger,
    }
    this.#events = new EventQueue(settings.maxWaitingEvents)
    this.#directory = this.#makeDirectory()
    this.#stopWatching = this.#transport.onStatus((event) => this.#watch(event))
  }

  #makeDirectory(): Directory {
    const parts = { link: this.#link, check: () => this.#requireJoined(), onRival: () => this.#rival() }
    if (this.#settings.discovery === 'd2d') {
      return new PresenceDirectory({ ...parts, onNew: () => this.#presence?.welcome() })
    }
    const isDevice = () => this.#handler !== undefined
    const onForgotten = () => this.#presence?.forgotten()
    return new RegistryDirectory({ ...parts, pageSize: this.#settings.pageSize, isDevice, onForgotten })
  }

  get #transport(): Transport {
    return this.#link.transport
  }

  get status(): TransportStatus {
    if (this.#closing) return 'closed'
    if (this.#isJoined) return this.#transport.status
    return this.#joining ? 'connecting' : 'idle'
  }

  get address(): string {
    return this.#transport.address
  }

  get notAnnounced(): string | undefined {
    return this.#presence?.leftOut
  }

  serve(handler: MeshHandler): void {
    if (this.#handler || this.#joining) throw invalid('serve', 'it is called once, before connect')
    this.#handler = handler
  }

  advertise(advertisement: Advertisement): void {
    this.#advertisement = advertisement
    this.#presence?.offer(announcementOf(this.#link.identity, advertisement))
  }

  connect(options: MeshOptions = {}): Promise<void> {
    if (this.#closing) return Promise.reject(this.#closed())
    this.#joining ??= this.#join(options).catch((error) => {
      this.#joining = undefined
      throw error
    })
    return this.#joining
  }

  async #join(options: MeshOptions): Promise<void> {
    const subscriptions: Subscription[] = []
    const { timeoutMs = 10_000, signal } = options
    const connectOptions = { timeoutMs, ...(signal ? { signal } : {}) }
    await this.#transport.connect(connectOptions)
    try {
      await this.#directory.join(subscriptions)
      if (this.#handler) {
        const dots = dotsInId(this.#link.identity.deviceId)
        if (dots !== undefined) this.#link.logger.warn(dots)
        this.#presence = this.#makePresence(this.#handler)
        this.#presence.offer(announcementOf(this.#link.identity, this.#advertisement))
        this.#heardRival = false
        await this.#presence.join(subscriptions, () => this.#heardRival, signal)
      }
      await this.#transport.flush(connectOptions)
      throwIfAborted(signal)
      if (this.#closing) throw this.#closed()
      this.#directory.start()
      this.#presence?.start()
      if (this.#settings.discovery === 'd2d') await probe(this.#link)
      this.#heardRival = false
      this.#isJoined = true
      await awaitDependencies(this.#link, this.#directory, this.#settings, signal)
    } catch (thrown) {
      await this.#leave(subscriptions)
      throw this.#asConnectError(thrown)
    }
    this.#tell({ type: 'connected' })
  }

  #makePresence(handler: MeshHandler): Presence {
    return new Presence({
      link: this.#link,
      handler,
      settings: this.#settings,
      crowd: () => this.#directory.size,
      onRefused: (error) => this.#tell({ type: 'error', error }),
    })
  }

  async #leave(subscriptions: readonly Subscription[]): Promise<void> {
    this.#isJoined = false
    this.#presence?.silence()
    this.#presence = undefined
    this.#directory.stop()
    for (const subscription of subscriptions) await subscription.unsubscribe()
  }

  #asConnectError(thrown: unknown): BackplaneError {
    const error = BackplaneError.from(thrown)
    if (error.code !== 'BP_DISCONNECTED') return error
    const details = { address: this.address, reason: 'the connection was lost while joining' }
    return contractError('BP_CONNECT_FAILED', { details, cause: error })
  }

  async emit(event: string, payload: Params, options: MeshOptions = {}): Promise<void> {
    if (!isEventName(event)) {
      throw invalid(`The event name '${event}'`, 'use letters, digits, dashes and underscores only')
    }
    this.#requireJoined()
    const { subjects, identity, clock } = this.#link
    const fields = addFields(payload, identity.deviceId, clock.now(), this.#settings.trace())
    const body = writeEvent(event, fields)
    await this.#events.push(() =>
      this.#transport.publish(subjects.event(identity.deviceId, event), body, pick(options)),
    )
  }

  async discover(selector?: string, options: MeshOptions = {}): Promise<readonly Device[]> {
    const found: Device[] = []
    for await (const device of this.devices(selector, options)) found.push(device)
    return found
  }

  async *devices(selector?: string, options: MeshOptions = {}): AsyncGenerator<Device, void, void> {
    const wanted = selector === undefined ? {} : parseSelector(selector)
    checkTimeout(options.timeoutMs)
    this.#requireJoined()
    throwIfAborted(options.signal)
    yield* this.#directory.find(wanted, { timeoutMs: options.timeoutMs ?? 10_000, signal: options.signal })
  }

  async waitFor(selector: string, options: MeshOptions = {}): Promise<Device> {
    const wanted = parseSelector(selector)
    checkTimeout(options.timeoutMs)
    this.#requireJoined()
    const { timeoutMs = 10_000, signal } = options
    return waitFor(this.#link, this.#directory, wanted, `Waiting for ${selector}`, { timeoutMs, signal })
  }

  async invoke(device: string, name: string, params: Params = {}, options: CallOptions = {}): Promise<Value> {
    checkDevice(device)
    checkTimeout(options.timeoutMs)
    this.#requireJoined()
    const { timeoutMs = 30_000, signal } = options
    const subject = this.#link.subjects.cmd(device)
    const trace = options.trace ?? this.#settings.trace()
    const meant = putMeta(params, this.#link.identity.deviceId, timeoutMs, trace)
    const request = writeRequest(`d2d-${hex(12)}`, name, meant)
    try {
      const { payload } = await this.#transport.request(subject, request, { timeoutMs, ...(signal ? { signal } : {}) })
      return readResponse(device, name, payload)
    } catch (thrown) {
      throw asCallError(device, name, thrown)
    }
  }

  broadcast(
    name: string,
    params: Params = {},
    options: BroadcastOptions = {},
  ): AsyncGenerator<BroadcastReply, void, void> {
    return broadcast(this.#link, name, params, options)
  }

  awaitReplies(correlationId: string, options: ReplyOptions = {}): AsyncGenerator<BroadcastReply, void, void> {
    return repliesTo(this.#link, correlationId, options)
  }

  async on(
    filter: { readonly device?: string; readonly event?: string },
    listener: (event: IncomingEvent) => void | Promise<void>,
  ): Promise<Subscription> {
    return listenTo(this.#link, this.#directory, filter, listener)
  }

  onStatus(listener: (event: TransportEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#presence?.stop()
    this.#directory.stop()
    await this.#transport.close({ drainMs: 1_000 })
    this.#stopWatching()
    this.#tell({ type: 'closed' })
    this.#listeners.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** What the transport tells counts from joining on: before, `connect` tells it. */
  #watch(event: TransportEvent): void {
    if (event.type === 'closed' || !this.#isJoined) return
    this.#tell(event)
    if (event.type !== 'connected' || this.#closing) return
    this.#directory.start()
    this.#presence?.start()
    if (this.#settings.discovery === 'infra') return
    probe(this.#link).catch((error) => this.#link.logger.debug({ error }, 'could not ask who is there'))
  }

  /** Another host announces our id. While joining it keeps us out; later all that can be done is to say so. */
  #rival(): void {
    if (!this.#handler || this.#heardRival) return
    this.#heardRival = true
    if (!this.#isJoined) return
    const error = identityTaken(this.#link.identity.deviceId)
    this.#link.logger.error({ error }, error.message)
    this.#tell({ type: 'error', error })
  }

  #tell(event: TransportEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        this.#link.logger.error({ error }, 'a listener of status events failed')
      }
    }
  }

  #requireJoined(): void {
    if (this.#closing) throw this.#closed()
    if (this.status !== 'connected') throw contractError('BP_DISCONNECTED', { details: { address: this.address } })
  }

  #closed(): BackplaneError {
    return coreError('BP_CLOSED', { details: { what: 'The mesh' } })
  }
}

/** Asks who is there; devices answer with their presence. */
function probe({ transport, subjects, clock }: Link): Promise<void> {
  return transport.publish(subjects.probe, encodeBytes({ probe: true, ts: clock.now() / 1000 }))
}

function pick({ signal, timeoutMs }: MeshOptions): MeshOptions {
  return { ...(signal ? { signal } : {}), ...(timeoutMs === undefined ? {} : { timeoutMs }) }
}
