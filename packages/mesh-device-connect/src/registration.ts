import { Buffer } from 'node:buffer'
import type { Identity, Params } from '@backplane/core'
import { type Announcement, statusOf } from './announcement.ts'
import type { Fitted } from './fitting.ts'
import { encodeJson } from './json.ts'

/** What a registration and a presence are made of. */
export interface Standing {
  readonly identity: Identity
  readonly instance: string
  readonly announcement: Announcement
  /** Largest message, in bytes. */
  readonly maxPayload: number
  /** More of the host's status. */
  readonly status: Params
  readonly now: number
}

/**
 * The parameters of `registerDevice`, as JSON text: exactly the keys that the registry's schema knows. They are also
 * what a device answers to `requestRegistration`, which a registry calls when it has lost its record.
 */
export function registrationText(standing: Standing, ttlSeconds: number): string {
  const { identity, announcement, status, now } = standing
  const rest =
    `"device_id":${encodeJson(identity.deviceId)},"device_ttl":${ttlSeconds},"identity":${announcement.identity},` +
    `"status":${encodeJson(fitting(statusOf(identity, status, now)))}`
  return `{${rest},"capabilities":${fittedBeside(rest, standing).text}}`
}

/**
 * The fields of a status that the registry's schema takes, and has types for: a battery of 70.5 would make it refuse
 * the device. Whatever else there is goes with the heartbeats, of which it takes everything.
 */
function fitting(status: Params): Params {
  const isText = (value: unknown) => typeof value === 'string'
  const types: Readonly<Record<string, (value: unknown) => boolean>> = {
    ts: isText,
    location: isText,
    availability: isText,
    error_state: isText,
    busy_score: Number.isFinite,
    battery: Number.isInteger,
    online: (value) => typeof value === 'boolean',
    task_stack: (value) => Array.isArray(value) && value.every(isText),
  }
  return Object.fromEntries(Object.entries(status).filter(([key, value]) => types[key]?.(value)))
}

/**
 * The body of a presence, as JSON text: a registration's parts, the time, and a mark of this run that Python peers pass
 * over.
 */
export function presenceText(standing: Standing): string {
  const rest = presenceRest(standing)
  return `{${rest},"capabilities":${fittedBeside(rest, standing).text}}`
}

/** What a presence leaves out so that it fits into a message, in words; `undefined` where it is whole. */
export function leftOutOf(standing: Standing): string | undefined {
  return fittedBeside(presenceRest(standing), standing).leftOut
}

function presenceRest({ identity, instance, announcement, status, now }: Standing): string {
  return (
    `"device_id":${encodeJson(identity.deviceId)},"identity":${announcement.identity},` +
    `"status":${encodeJson(statusOf(identity, status, now))},` +
    `"ts":${now / 1000},"d2d":true,"instance":${encodeJson(instance)}`
  )
}

/** What a registration has around it as a request, and a status that grows a little from one time to the next. */
const spareBytes = 2_048

/**
 * The capabilities in what a message has room for beside `rest`; by steps, so that they are not made again each time.
 */
function fittedBeside(rest: string, { announcement, maxPayload }: Standing): Fitted {
  const spare = Math.min(spareBytes, Math.floor(maxPayload / 8))
  return announcement.capabilities(maxPayload - Math.ceil((Buffer.byteLength(rest) + spare) / 256) * 256)
}
