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
  messageOf,
  type Params,
  type Subscription,
  type Transport,
  type TransportEvent,
  type TransportFactory,
  type TransportStatus,
  throwIfAborted,
  type Value,
} from '@backplane/core'
import { announcementOf, instanceMark } from './announcement.ts'
import { type BroadcastOptions, broadcast } from './broadcast.ts'
import type { DeviceConnectMesh } from './device-connect.ts'
import { addFields, removeFields } from './event-fields.ts'
import { EventQueue } from './event-queue.ts'
import { isGlob, matchesGlob } from './glob.ts'
import { identityTaken } from './identity-claim.ts'
import { hex } from './ids.ts'
import { encodeBytes } from './json.ts'
import type { Link } from './link.ts'
import { putMeta } from './meta.ts'
import { Peers } from './peers.ts'
import { Presence } from './presence.ts'
import { type BroadcastReply, type ReplyOptions, repliesTo } from './replies.ts'
import { readEvent, readResponse, writeEvent, writeRequest } from './rpc.ts'
import { parseSelector, select, soleDevice } from './selector.ts'
import { checkDevice, invalid, isEventName, subjectsOf } from './subjects.ts'

/** What {@link deviceConnect}'s options come down to. */
export interface Settings {
  readonly ttlSeconds: number
  readonly status: () => Params
  readonly debounceMs: number
  readonly claimTimeoutMs: number
  readonly maxWaitingEvents: number
}

/** One member of a Device Connect network: a device where it serves, else a client. */
export class Member implements DeviceConnectMesh {
  readonly #link: Link
  readonly #settings: Settings
  readonly #peers: Peers
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
    this.#peers = new Peers({
      clock,
      deviceId: identity.deviceId,
      instance: this.#link.instance,
      onNew: () => this.#presence?.welcome(),
      onRival: () => this.#rival(),
    })
    this.#stopWatching = this.#transport.onStatus((event) => this.#watch(event))
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
    const { subjects, clock } = this.#link
    const subscriptions: Subscription[] = []
    const { timeoutMs = 10_000, signal } = options
    const connectOptions = { timeoutMs, ...(signal ? { signal } : {}) }
    await this.#transport.connect(connectOptions)
    try {
      const heard = await this.#transport.subscribe(subjects.allPresence, ({ payload }) => this.#peers.take(payload))
      subscriptions.push(heard)
      if (this.#handler) {
        this.#presence = new Presence(this.#link, this.#handler, this.#settings)
        this.#presence.offer(announcementOf(this.#link.identity, this.#advertisement))
        this.#heardRival = false
        await this.#presence.join(subscriptions, () => this.#heardRival, signal)
      }
      await this.#transport.flush(connectOptions)
      throwIfAborted(signal)
      if (this.#closing) throw this.#closed()
      this.#peers.start()
      this.#presence?.start()
      await this.#transport.publish(subjects.probe, encodeBytes({ probe: true, ts: clock.now() / 1000 }))
    } catch (thrown) {
      await this.#leave(subscriptions)
      throw this.#asConnectError(thrown)
    }
    this.#heardRival = false
    this.#isJoined = true
    this.#tell({ type: 'connected' })
  }

  async #leave(subscriptions: readonly Subscription[]): Promise<void> {
    this.#presence?.silence()
    this.#presence = undefined
    this.#peers.stop()
    for (const subscription of subscriptions) await subscription.unsubscribe()
  }

  #asConnectError(thrown: unknown): BackplaneError {
    const error = BackplaneError.from(thrown)
    if (error.code !== 'BP_DISCONNECTED') return error
    const details = { address: this.address, reason: 'the connection was lost while joining' }
    return coreError('BP_CONNECT_FAILED', { details, cause: error })
  }

  async emit(event: string, payload: Params, options: MeshOptions = {}): Promise<void> {
    if (!isEventName(event)) {
      throw invalid(`The event name '${event}'`, 'use letters, digits, dashes and underscores only')
    }
    this.#requireJoined()
    const { subjects, identity, clock } = this.#link
    const body = writeEvent(event, addFields(payload, identity.deviceId, clock.now()))
    await this.#events.push(() =>
      this.#transport.publish(subjects.event(identity.deviceId, event), body, pick(options)),
    )
  }

  async discover(selector?: string, options: MeshOptions = {}): Promise<readonly Device[]> {
    const wanted = selector === undefined ? {} : parseSelector(selector)
    this.#requireJoined()
    const found = () => this.#peers.list().flatMap((device) => select(wanted, device) ?? [])
    const isFound = () => soleDevice(wanted) !== undefined && found().length > 0
    await this.#peers.gathered(isFound, options.timeoutMs ?? 10_000, options.signal)
    this.#requireJoined()
    return found()
  }

  async invoke(device: string, name: string, params: Params = {}, options: CallOptions = {}): Promise<Value> {
    checkDevice(device)
    this.#requireJoined()
    const { timeoutMs = 30_000, signal } = options
    const subject = this.#link.subjects.cmd(device)
    const meant = putMeta(params, this.#link.identity.deviceId, options, timeoutMs)
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
    const { subjects, logger } = this.#link
    const { device = '*', event = '*' } = filter
    if (event !== '*' && !isEventName(event)) throw invalid(`The event name '${event}'`, 'it is one event, or `*`')
    if (!isGlob(device)) checkDevice(device)
    const pattern = subjects.event(isGlob(device) ? '*' : device, event)
    return this.#transport.subscribe(pattern, async ({ subject, payload }) => {
      const source = subjects.eventOf(subject)
      const params = readEvent(payload)
      if (!source || !params || !matchesGlob(device, source.device)) return
      try {
        await listener({ ...source, payload: removeFields(params, source.device) })
      } catch (error) {
        logger.error({ error, ...source }, 'a listener of events failed')
      }
    })
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
    this.#peers.stop()
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
    this.#peers.start()
    this.#presence?.start()
    const { subjects, clock, logger } = this.#link
    this.#transport
      .publish(subjects.probe, encodeBytes({ probe: true, ts: clock.now() / 1000 }))
      .catch((error) => logger.debug({ error }, 'could not ask who is there'))
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
    if (this.status !== 'connected') throw coreError('BP_DISCONNECTED', { details: { address: this.address } })
  }

  #closed(): BackplaneError {
    return coreError('BP_CLOSED', { details: { what: 'The mesh' } })
  }
}

function pick({ signal, timeoutMs }: MeshOptions): MeshOptions {
  return { ...(signal ? { signal } : {}), ...(timeoutMs === undefined ? {} : { timeoutMs }) }
}

/** Gives a failed request in the words of a call. Only `BP_REFUSED` is no code of a call: the other side failed. */
function asCallError(device: string, name: string, thrown: unknown): BackplaneError {
  const error = BackplaneError.from(thrown)
  const reason = messageOf(error.details.reason ?? error.message)
  if (error.code === 'BP_REFUSED') {
    return coreError('BP_REMOTE_FAILED', { details: { device, name, reason }, cause: error })
  }
  if (error.code !== 'BP_NO_RESPONDER') return error
  return coreError('BP_NO_RESPONDER', {
    details: { ...error.details, device, name },
    message: `Device '${device}' does not answer: nobody serves its calls.`,
    next: 'Check the device id and the tenant; discover devices to see who is there.',
    cause: error,
  })
}
