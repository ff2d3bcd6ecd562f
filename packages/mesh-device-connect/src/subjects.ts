import { coreError } from '@backplane/core'

/**
 * The subjects of one tenant.
 *
 * Ids are read from the end of a subject, since ids may hold dots. (A dot breaks the registry's heartbeat wildcard and
 * the presence wildcard of Python devices, which expect one token per id.)
 */
export interface Subjects {
  /** Where devices are asked who is there. */
  readonly probe: string
  /** Where calls to many devices go out. */
  readonly broadcast: string
  /** Where the registry takes registrations. */
  readonly registry: string
  /** Where the registry answers who is there. */
  readonly discovery: string
  /** Where a device takes calls. */
  cmd(device: string): string
  /** Where a device says that it is there, and good-bye; `*` for everybody's. */
  presence(device: string): string
  /** Where a device says that it is still there, to the registry; `*` for everybody's. */
  heartbeat(device: string): string
  /**
   * Where a device says an event; `*` for any device or any event. Never matches replies to broadcasts, which have one
   * token more.
   */
  event(device: string, event: string): string
  /** Where a device replies to a broadcast. */
  reply(device: string, correlationId: string): string
  /** Where the registry tells who comes and goes. */
  lifecycle(change: 'online' | 'offline'): string
  /** Whose presence is said on a subject, or `undefined` where it is no presence's. */
  presenceOf(subject: string): string | undefined
  /** Who said which event, or `undefined` where the subject is no event's. */
  eventOf(subject: string): { readonly device: string; readonly event: string } | undefined
}

/**
 * Gives the subjects of `tenant`: for rights at a broker, and for anyone who listens in. Not for calling devices:
 * {@link deviceConnect} does. The tenant is not checked.
 */
export function subjectsOf(tenant: string): Subjects {
  const base = `device-connect.${tenant}`
  const ofDevice = (device: string, rest: string) => `${base}.${device}.${rest}`
  return {
    probe: `${base}.discovery.probe`,
    broadcast: `${base}.broadcast`,
    registry: `${base}.registry`,
    discovery: `${base}.discovery`,
    cmd: (device) => ofDevice(device, 'cmd'),
    presence: (device) => ofDevice(device, 'presence'),
    heartbeat: (device) => ofDevice(device, 'heartbeat'),
    event: (device, event) => ofDevice(device, `event.${event}`),
    reply: (device, correlationId) => ofDevice(device, `event.async_reply.${correlationId}`),
    lifecycle: (change) => `${base}.device.${change}`,
    presenceOf: (subject) =>
      subject.startsWith(`${base}.`) && subject.endsWith('.presence')
        ? subject.slice(base.length + 1, -'.presence'.length)
        : undefined,
    eventOf(subject) {
      const tokens = subject.slice(base.length + 1).split('.')
      if (!subject.startsWith(`${base}.`) || tokens.length < 3 || tokens.at(-2) !== 'event') return undefined
      return { device: tokens.slice(0, -2).join('.'), event: tokens.at(-1) as string }
    },
  }
}

/** Ids that would collide with fixed subjects. */
const reserved: ReadonlySet<string> = new Set(['registry', 'discovery', 'broadcast', 'device', 'setup', 'orchestrator'])

/**
 * Refuses, with `BP_INVALID_ARGUMENT`, an id that this host must not use for itself. Dots are Device Connect's to
 * allow, and its portal issues such ids; {@link dotsInId} says what does not work with them.
 */
export function checkOwnId(deviceId: string): void {
  const reason = reserved.has(deviceId)
    ? 'Device Connect keeps this name for its own subjects'
    : isDeviceId(deviceId)
      ? undefined
      : 'use a letter or digit, then up to 254 letters, digits, dots, dashes or underscores, and no dot beside another or at the end'
  if (reason) throw invalid(`The device id '${deviceId}'`, reason)
}

/** What to know about an id with dots; `undefined` for one without. */
export function dotsInId(deviceId: string): string | undefined {
  if (!deviceId.includes('.')) return undefined
  return (
    `the device id '${deviceId}' has dots: calls reach it, but Device Connect's registry does not hear its heartbeats, and ` +
    'stock agents do not hear its presence or events, since their wildcards take one token for an id; use a dash'
  )
}

/** Refuses, with `BP_INVALID_ARGUMENT`, what is no tenant (the portal's rule, less the dot). */
export function checkTenant(tenant: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(tenant)) return
  throw invalid(`The tenant '${tenant}'`, 'use a letter or digit, then up to 63 letters, digits, dashes or underscores')
}

/** Refuses, with `BP_INVALID_ARGUMENT`, what cannot be another device's id. Dots are Device Connect's to allow. */
export function checkDevice(device: string): void {
  if (isDeviceId(device)) return
  throw invalid(`The device id '${device}'`, 'device ids are letters, digits, dots, dashes and underscores')
}

function isDeviceId(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/.test(text) && !/\.\.|\.$/.test(text)
}

/** Whether it may name an event: the rule of the registry, which refuses the whole device otherwise. */
export function isEventName(event: string): boolean {
  return /^[A-Za-z0-9_-]+$/.test(event)
}

/** Whether it may stand as one token of a subject. */
export function isToken(text: unknown): text is string {
  return typeof text === 'string' && /^[A-Za-z0-9_-]{1,128}$/.test(text)
}

/** Refuses, with `BP_INVALID_ARGUMENT`, a time limit that neither a timer nor a message can carry. */
export function checkTimeout(timeoutMs: number | undefined): void {
  if (timeoutMs === undefined || Number.isFinite(timeoutMs)) return
  throw invalid(`The timeoutMs ${timeoutMs}`, 'it must be a finite number of milliseconds')
}

/** `BP_INVALID_ARGUMENT` about `what`, and why. */
export function invalid(what: string, reason: string) {
  return coreError('BP_INVALID_ARGUMENT', { details: { what, reason } })
}
