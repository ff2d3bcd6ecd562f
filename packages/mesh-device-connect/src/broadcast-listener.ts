import {
  type BackplaneError,
  type Json,
  type Logger,
  type MeshHandler,
  messageOf,
  type Params,
  type Timer,
} from '@backplane/core'
import { rationedLogger } from '@backplane/core/transport'
import { identityOf, labelsOf, statusOf } from './announcement.ts'
import { decodeJson, encodeBytes, isObject } from './json.ts'
import type { Link } from './link.ts'
import { takeMeta } from './meta.ts'
import type { Meter } from './metered-cel.ts'
import { toRpcError } from './rpc-errors.ts'
import { isToken } from './subjects.ts'
import { readBindings, WhereReader } from './where.ts'
import { WhereBudget } from './where-budget.ts'

/** Timers take no more than 2^31 ms; a longer wait is cut into pieces. */
const longestWaitMs = 86_400_000
/** Broadcasts that may wait for their time. */
const mostWaiting = 1_000
/** Log lines a second about the broadcasts of others. */
const linesPerSecond = 5

/** A call to many, as far as it has been understood. */
interface Envelope {
  readonly correlationId: string
  readonly name: string
  readonly params: { readonly [key: string]: Json }
  /** In milliseconds since the epoch. */
  readonly fireAt: number | undefined
  readonly late: 'skip' | 'fire'
  /** CEL that says who is meant; absent: anyone who hears it. */
  readonly where?: string
}

/**
 * Answers broadcasts: runs the function if this device is meant, at its time, and says the outcome as an event. A
 * `where` clause is evaluated when the broadcast comes; whatever goes wrong with it means that this device is not
 * meant.
 */
export class BroadcastListener {
  readonly #link: Link
  readonly #handler: MeshHandler
  readonly #status: () => Params
  readonly #waiting = new Set<Timer>()
  readonly #stopped = new AbortController()
  readonly #reader = new WhereReader()
  readonly #budget: WhereBudget
  /** For what strangers cause to be logged. */
  readonly #logger: Logger

  /** `status` gives more of the device's status, for `where` clauses. */
  constructor(link: Link, handler: MeshHandler, status: () => Params) {
    this.#link = link
    this.#handler = handler
    this.#status = status
    this.#budget = new WhereBudget(link.clock)
    this.#logger = rationedLogger(link.logger, linesPerSecond, link.clock)
  }

  /** Takes one broadcast in. Returns at once. */
  take(payload: Uint8Array): void {
    const envelope = readEnvelope(payload, this.#link.identity.deviceId)
    if (envelope === undefined) return
    if (typeof envelope === 'string') this.#logger.warn(`a broadcast is not run: ${envelope}`)
    else if (envelope.where === undefined) this.#begin(envelope)
    else void this.#elect(envelope, envelope.where, payload)
  }

  /** Drops what waits for its time, and cancels what runs. */
  stop(): void {
    for (const timer of this.#waiting) timer.cancel()
    this.#waiting.clear()
    this.#stopped.abort()
  }

  async #elect(envelope: Envelope, where: string, payload: Uint8Array): Promise<void> {
    const { correlationId } = envelope
    try {
      const isMeant = await this.#budget.spend(senderOf(envelope), (meter) => this.#isMeant(where, payload, meter))
      if (isMeant === undefined) {
        this.#logger.warn(
          { correlationId },
          'a broadcast is not run: the where clauses of its sender take too much time',
        )
      } else if (isMeant && !this.#stopped.signal.aborted) this.#begin(envelope)
    } catch (error) {
      this.#logger.warn(
        { correlationId, where: where.slice(0, 200) },
        `a broadcast is not run, since its where clause failed: ${messageOf(error)}`,
      )
    }
  }

  async #isMeant(where: string, payload: Uint8Array, meter: Meter): Promise<boolean> {
    const { identity, clock } = this.#link
    const evaluate = await this.#reader.read(where, meter)
    const status = statusOf(identity, this.#status(), clock.now())
    const location = typeof status.location === 'string' ? { location: status.location } : {}
    const context = {
      identity: { device_id: identity.deviceId, ...identityOf(identity) },
      labels: { ...location, ...labelsOf(identity.labels) },
      status,
      bindings: where.includes('bindings') ? readBindings(payload, meter) : new Map(),
    }
    return evaluate(context, meter)
  }

  #begin(envelope: Envelope): void {
    if (envelope.fireAt === undefined) void this.#run(envelope)
    else this.#hold(envelope, envelope.fireAt)
  }

  #hold(envelope: Envelope, fireAt: number): void {
    const { clock } = this.#link
    const { correlationId, late } = envelope
    const wait = fireAt - clock.now()
    if (wait < 0 && late === 'skip') this.#logger.info({ correlationId, lateMs: -wait }, 'a broadcast came too late')
    else if (wait <= 0) void this.#run(envelope)
    else if (this.#waiting.size < mostWaiting) this.#wait(envelope, fireAt)
    else this.#logger.warn({ correlationId }, `not run: ${mostWaiting} broadcasts wait for their time already`)
  }

  #wait(envelope: Envelope, fireAt: number): void {
    const left = fireAt - this.#link.clock.now()
    const timer = this.#link.clock.after(Math.min(Math.max(left, 0), longestWaitMs), () => {
      this.#waiting.delete(timer)
      if (left > longestWaitMs) this.#wait(envelope, fireAt)
      else void this.#run(envelope)
    })
    this.#waiting.add(timer)
  }

  async #run(envelope: Envelope): Promise<void> {
    const { transport, subjects, identity, clock } = this.#link
    const { correlationId, name } = envelope
    const about = {
      correlation_id: correlationId,
      device_id: identity.deviceId,
      actually_fired_at: clock.now() / 1000,
    }
    const failed = (thrown: unknown) => {
      const { message, data } = toRpcError(name, thrown)
      return encodeBytes({ ...about, success: false, error: { code: 'invoke_failed', message, data } })
    }
    let reply: Uint8Array
    try {
      const call = { name, signal: this.#stopped.signal, ...takeMeta(envelope.params) }
      reply = encodeBytes({ ...about, success: true, result: (await this.#handler(call)) ?? null })
    } catch (thrown) {
      reply = failed(thrown)
    }
    const subject = subjects.reply(identity.deviceId, correlationId)
    try {
      await transport.publish(subject, reply).catch((error: BackplaneError) => {
        if (error.code !== 'BP_PAYLOAD_TOO_LARGE') throw error
        return transport.publish(subject, failed(error))
      })
    } catch (error) {
      this.#logger.warn({ error, correlationId }, 'the answer to a broadcast could not be sent')
    }
  }
}

/** Who says that it sent a broadcast; agents of Python say nothing. */
function senderOf({ params: { _dc_meta: meta } }: Envelope): string {
  const source = isObject(meta) ? meta.source_device : undefined
  return typeof source === 'string' ? source.slice(0, 256) : ''
}

/** The envelope; why it is not run; or `undefined` where it does not concern this device. */
function readEnvelope(payload: Uint8Array, deviceId: string): Envelope | string | undefined {
  let body: Json
  try {
    body = decodeJson(payload)
  } catch {
    return 'it is not JSON'
  }
  if (!isObject(body)) return 'it is not an object'
  const { correlation_id, function: name, targets, where, fire_at, on_late } = body
  if (Array.isArray(targets) && targets.length > 0 && !targets.includes(deviceId)) return undefined
  if (!isToken(correlation_id)) return 'its correlation_id cannot stand in a subject'
  if (typeof name !== 'string' || name === '') return 'it names no function'
  const params = body.params ?? {}
  if (!isObject(params)) return 'its params are not an object'
  if (where !== undefined && where !== null && typeof where !== 'string') return 'its `where` clause is no text'
  const fireAt = fire_at === undefined || fire_at === null ? undefined : Number(fire_at) * 1000
  if (fireAt !== undefined && !Number.isFinite(fireAt)) return 'its fire_at is not a time'
  const late = on_late === 'fire' ? 'fire' : 'skip'
  return { correlationId: correlation_id, name, params, fireAt, late, ...(where ? { where } : {}) }
}
