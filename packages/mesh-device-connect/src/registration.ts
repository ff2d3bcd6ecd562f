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
 *
 * A registrar for networks with a registry stands on this: it sends them, again before `ttlSeconds` is over.
 */
export function registrationText(standing: Standing, ttlSeconds: number): string {
  const { identity, announcement, status, now } = standing
  return (
    `{"device_id":${encodeJson(identity.deviceId)},"device_ttl":${ttlSeconds},"capabilities":${announcement.capabilities},` +
    `"identity":${announcement.identity},"status":${encodeJson(statusOf(identity, status, now))}}`
  )
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
