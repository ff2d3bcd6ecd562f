import { Buffer } from 'node:buffer'
import { BackplaneError, type Json, messageOf } from '@backplane/core'
import { deviceConnectError } from './errors.ts'
import { hex } from './ids.ts'
import { decodeJson, encodeJson, isObject } from './json.ts'
import type { Link } from './link.ts'
import { pause } from './waiting.ts'

/** How long one attempt may take, and how long a registry that nobody serves is waited for, while it restarts. */
const attemptMs = 5_000
const absenceMs = 2_000
const retryMs = 250

/** What may be said about a question to the registry. */
export interface AskOptions {
  /** How long to try, in milliseconds. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks Device Connect's registry service.
 *
 * Rejects with `BP_DEVICE_CONNECT_REGISTRY_UNAVAILABLE`, `BP_DEVICE_CONNECT_REGISTRY_REFUSED`, and what a transport's
 * `request` rejects with when it is neither absence nor silence.
 */
export class Registry {
  readonly #link: Link

  constructor(link: Link) {
    this.#link = link
  }

  /** Registers; `params` are those of `registerDevice`, as JSON text. One attempt. @returns the registration's id */
  async register(params: string, options: AskOptions): Promise<string> {
    const { transport, subjects, identity, clock } = this.#link
    const id = `${identity.deviceId}-${Math.floor(clock.now())}`
    const body = `{"jsonrpc":"2.0","id":${encodeJson(id)},"method":"registerDevice","params":${params}}`
    const { payload } = await transport.request(subjects.registry, Buffer.from(body), given(options))
    const result = resultOf('registerDevice', payload)
    const registration = isObject(result) ? result.device_registration_id : undefined
    // Python devices try again unless it is a UUID: something else than a registry may sit on the subject.
    if (typeof registration === 'string' && /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(registration)) {
      return registration
    }
    throw refused('registerDevice', 'its answer holds no registration id')
  }

  /** One device's record, or `undefined`. */
  async get(deviceId: string, options: AskOptions): Promise<Json | undefined> {
    const result = await this.#ask('discovery/getDevice', { device_id: deviceId }, options)
    return isObject(result) && isObject(result.device) ? result.device : undefined
  }

  /**
   * All records, page by page, each device once. Where a page is too large for one message, smaller ones are asked for:
   * the registry's own pages go by count alone. A fleet that shrinks meanwhile may cost a record, as its pages go by
   * position.
   */
  async *pages(size: number, options: () => AskOptions): AsyncGenerator<readonly Json[], void, void> {
    const seen = new Set<unknown>()
    let limit = size
    for (let offset: number | undefined = 0; offset !== undefined; ) {
      let result: Json
      try {
        result = await this.#ask('discovery/listDevices', { offset, limit }, options())
      } catch (error) {
        if (limit === 1 || !isTooLarge(error)) throw error
        limit = Math.ceil(limit / 4)
        continue
      }
      if (!isObject(result) || !Array.isArray(result.devices)) {
        throw refused('discovery/listDevices', 'its answer holds no devices')
      }
      yield result.devices.filter((record: Json) => {
        const id = isObject(record) ? record.device_id : undefined
        return !seen.has(id) && seen.add(id)
      })
      offset = nextOf(result.next_offset, offset)
    }
  }

  async #ask(method: string, params: object, { timeoutMs, signal }: AskOptions): Promise<Json> {
    const { transport, subjects, clock } = this.#link
    const began = clock.now()
    const left = () => began + timeoutMs - clock.now()
    for (;;) {
      const body = encodeJson({ jsonrpc: '2.0', id: `rpc-${hex(12)}`, method, params })
      const wait = Math.max(1, Math.min(attemptMs, left()))
      try {
        const asked = given({ timeoutMs: wait, signal })
        const { payload } = await transport.request(subjects.discovery, Buffer.from(body), asked)
        return resultOf(method, payload)
      } catch (thrown) {
        const { code } = thrown as BackplaneError
        const isAbsent = code === 'BP_NO_RESPONDER' && clock.now() - began < Math.min(absenceMs, timeoutMs - retryMs)
        const isSlow = code === 'BP_TIMEOUT' && left() > 0
        if (!isAbsent && !isSlow) throw this.#unavailable(thrown)
        if (isAbsent) await pause(clock, retryMs, signal)
      }
    }
  }

  #unavailable(thrown: unknown): unknown {
    if (!(thrown instanceof BackplaneError)) return thrown
    const { code } = thrown
    if (code !== 'BP_NO_RESPONDER' && code !== 'BP_TIMEOUT' && code !== 'BP_REFUSED') return thrown
    const tenant = this.#link.identity.tenant ?? 'default'
    const reason = code === 'BP_NO_RESPONDER' ? 'nobody serves its subject' : messageOf(thrown)
    return deviceConnectError('BP_DEVICE_CONNECT_REGISTRY_UNAVAILABLE', { details: { tenant, reason }, cause: thrown })
  }
}

function given({ timeoutMs, signal }: AskOptions) {
  return { timeoutMs, ...(signal ? { signal } : {}) }
}

function resultOf(method: string, payload: Uint8Array): Json {
  let message: Json
  try {
    message = decodeJson(payload)
  } catch {
    throw refused(method, 'its answer is not JSON')
  }
  if (!isObject(message)) throw refused(method, 'its answer is no JSON-RPC response')
  const { error, result = null } = message
  if (error === undefined || error === null) return result
  const reason = isObject(error) && typeof error.message === 'string' ? error.message : 'it gave no reason'
  throw refused(method, reason, isObject(error) ? error.code : undefined)
}

function refused(method: string, reason: string, rpcCode?: Json): BackplaneError {
  return deviceConnectError('BP_DEVICE_CONNECT_REGISTRY_REFUSED', { details: { method, reason, rpcCode } })
}

/**
 * What the registry (0.2.5) answers in place of a page that its broker does not carry: -32000 with its client's text.
 */
function isTooLarge(error: unknown): boolean {
  const { code, details } = error as BackplaneError
  if (code === 'BP_PAYLOAD_TOO_LARGE') return true
  return code === 'BP_DEVICE_CONNECT_REGISTRY_REFUSED' && details.rpcCode === -32000
}

/** Where the next page begins; `undefined` after the last. A cursor that stands still would never end. */
function nextOf(next: Json | undefined, offset: number): number | undefined {
  if (next === undefined || next === null) return undefined
  if (typeof next === 'number' && Number.isInteger(next) && next > offset) return next
  throw refused('discovery/listDevices', `its next page begins at ${encodeJson(next)}, no further than ${offset}`)
}
