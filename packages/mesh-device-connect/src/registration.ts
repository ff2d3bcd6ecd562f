import type { Identity, Params } from '@backplane/core'
import { type Announcement, statusOf } from './announcement.ts'
import { encodeJson } from './json.ts'

/** What a registration and a presence are made of. */
export interface Standing {
  readonly identity: Identity
  readonly instance: string
  readonly announcement: Announcement
  /** More of the host's status. */
  readonly status: Params
  readonly now: number
}

/**
 * The parameters of `registerDevice`, as JSON text: exactly the keys that the registry's schema knows. They are also what
 * a device answers to `requestRegistration`, which a registry calls when it has lost its record.
 */
export function registrationText(standing: Standing, ttlSeconds: number): string {
  const { identity, announcement, status, now } = standing
  return (
    `{"device_id":${encodeJson(identity.deviceId)},"device_ttl":${ttlSeconds},"capabilities":${announcement.capabilities},` +
    `"identity":${announcement.identity},"status":${encodeJson(fitting(statusOf(identity, status, now)))}}`
  )
}

/**
 * The fields of a status that the registry's schema takes, and has types for: a battery of 70.5 would make it refuse the
 * device. Whatever else there is goes with the heartbeats, of which it takes everything.
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
  const { identity, instance, announcement, status, now } = standing
  return (
    `{"device_id":${encodeJson(identity.deviceId)},"capabilities":${announcement.capabilities},` +
    `"identity":${announcement.identity},"status":${encodeJson(statusOf(identity, status, now))},` +
    `"ts":${now / 1000},"d2d":true,"instance":${encodeJson(instance)}}`
  )
}
