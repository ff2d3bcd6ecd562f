import type {
  Advertisement,
  EventDescriptor,
  FunctionDescriptor,
  Identity,
  Labels,
  Params,
  Value,
} from '@backplane/core'
import { type Fitted, fitting } from './fitting.ts'
import { hex, isoSeconds } from './ids.ts'
import { encodeJson, isObject } from './json.ts'
import { isEventName } from './subjects.ts'

/** What a host says of itself at one moment, ready to be put into presence, heartbeat and registration. */
export interface Announcement {
  /** Device Connect's `capabilities` in so many bytes: the large part, made once for each change and size. */
  readonly capabilities: (room: number) => Fitted
  /** Device Connect's `identity`, as JSON text. */
  readonly identity: string
  /** Events that are left out, since their names would make the registry refuse the whole device. */
  readonly unfitEvents: readonly string[]
}

/** Puts a host's identity and what it offers into Device Connect's form. */
export function announcementOf(identity: Identity, advertisement: Advertisement): Announcement {
  const [fit, unfit] = [true, false].map((wanted) =>
    advertisement.events.filter((event) => isEventName(event.name) === wanted),
  ) as [EventDescriptor[], EventDescriptor[]]
  const capabilities = {
    description: identity.description ?? '',
    functions: advertisement.functions.map(functionOf),
    events: fit.map(eventOf),
    labels: labelsOf(identity.labels),
  }
  return {
    capabilities: fitting(capabilities),
    identity: encodeJson(identityOf(identity)),
    unfitEvents: unfit.map((event) => event.name),
  }
}

/**
 * Device Connect's `identity`. A key with nothing to say is left out: Python's filters call `.lower()` on a null
 * device_type, and the registry refuses a null arch.
 */
export function identityOf(identity: Identity): Params {
  const known = {
    device_type: identity.deviceType ?? 'plugin_host',
    manufacturer: identity.manufacturer,
    model: identity.model,
    serial_number: identity.serialNumber,
    firmware_version: identity.firmwareVersion,
    arch: identity.arch,
    description: identity.description,
  }
  return { ...said(identity.fields ?? {}), ...said(known) }
}

function said(fields: { readonly [name: string]: Value | undefined }): Params {
  const entries = Object.entries(fields)
  return Object.fromEntries(entries.filter((entry): entry is [string, Value] => (entry[1] ?? null) !== null))
}

/**
 * Device Connect's `status`: true to what is, so `available` while calls are served. Python cannot take a null
 * location.
 */
export function statusOf(identity: Identity, more: Params, now: number): Params {
  return {
    availability: 'available',
    busy_score: 0,
    online: true,
    ...(identity.location === undefined ? {} : { location: identity.location }),
    ...Object.fromEntries(Object.entries(more).filter(([key, value]) => key !== 'location' || value !== null)),
    ts: isoSeconds(now),
  }
}

/** What marks one run of a host: two hosts with one device id differ in it. */
export function instanceMark(): string {
  return hex(16)
}

/**
 * A function in Device Connect's form. Runtimes give what plugins say of themselves, and one field of another type
 * would make the registry refuse the whole device: such a field is left out.
 */
function functionOf({ accepts: _, ...fn }: FunctionDescriptor) {
  return {
    ...fn,
    description: textOf(fn.description),
    parameters: isObject(fn.parameters) ? fn.parameters : { type: 'object', properties: {}, required: [] },
    labels: labelsOf(fn.labels),
    tags: textsOf(fn.tags),
  }
}

function eventOf({ payload, ...event }: EventDescriptor) {
  return {
    ...event,
    description: textOf(event.description),
    payload_schema: isObject(payload) ? payload : null,
    labels: labelsOf(event.labels),
    tags: textsOf(event.tags),
  }
}

/**
 * Labels, each key with a colon beside a twin with dots: the selector language has no colons in keys, so
 * `plugin_driver:role` can be announced but only `plugin_driver.role` selected.
 */
export function labelsOf(labels: Labels | undefined): Labels | null {
  if (!isObject(labels)) return null
  const fit = Object.entries(labels).filter(([, value]) => typeof value === 'string' || Array.isArray(value))
  if (fit.length === 0) return null
  const own = fit.map(([key, value]) => [key, typeof value === 'string' ? value : textsOf(value)] as const)
  const twins = own
    .filter(([key]) => key.includes(':'))
    .map(([key, value]) => [key.replaceAll(':', '.'), value] as const)
  return Object.fromEntries([...twins, ...own])
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
