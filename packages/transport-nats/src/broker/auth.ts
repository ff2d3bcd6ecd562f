import { createHash, timingSafeEqual } from 'node:crypto'
import type { BrokerAuth } from './options.ts'

/** What a client's CONNECT says, as far as the broker heeds it. */
export interface ConnectOptions {
  readonly verbose: boolean
  readonly pedantic: boolean
  readonly echo: boolean
  readonly headers: boolean
  readonly noResponders: boolean
  readonly user: string
  readonly pass: string
  readonly token: string
  readonly name: string
}

/** Before CONNECT, and for what CONNECT leaves out; nats-server's, so a session typed by hand is answered `+OK`. */
export const defaultConnectOptions: ConnectOptions = {
  verbose: true,
  pedantic: true,
  echo: true,
  headers: false,
  noResponders: false,
  user: '',
  pass: '',
  token: '',
  name: '',
}

/** Reads CONNECT's JSON, which `latin1` holds byte by byte; `undefined` when it is not what a client may send. */
export function parseConnect(latin1: string): ConnectOptions | undefined {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(latin1, 'latin1').toString('utf8'))
  } catch {
    return undefined
  }
  if (value === null) return defaultConnectOptions
  if (typeof value !== 'object' || Array.isArray(value)) return undefined
  const given = value as Record<string, unknown>
  const read: Record<string, unknown> = {}
  for (const [ours, theirs] of wireNames) {
    const field = given[theirs] ?? defaultConnectOptions[ours]
    if (typeof field !== typeof defaultConnectOptions[ours]) return undefined
    read[ours] = field
  }
  return read as unknown as ConnectOptions
}

const wireNames: readonly (readonly [keyof ConnectOptions, string])[] = [
  ['verbose', 'verbose'],
  ['pedantic', 'pedantic'],
  ['echo', 'echo'],
  ['headers', 'headers'],
  ['noResponders', 'no_responders'],
  ['user', 'user'],
  ['pass', 'pass'],
  ['token', 'auth_token'],
  ['name', 'name'],
]

/**
 * Whether these are the credentials that the broker was given; takes the same time for wrong ones as for right ones.
 */
export function mayConnect(auth: BrokerAuth | undefined, { user, pass, token }: ConnectOptions): boolean {
  if (!auth) return true
  if ('token' in auth) return same(auth.token, token)
  let found = false
  for (const known of auth.users) if (same(known.user, user) && same(known.password, pass)) found = true
  return found
}

function same(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
