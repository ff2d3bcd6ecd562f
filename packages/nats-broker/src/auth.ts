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
  /** 0, or 1 for a client that takes INFO at any time. */
  readonly protocol: number
  /** A wish for an account, which is for brokers that have some. */
  readonly account: string
  readonly newAccount: boolean
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
  protocol: 0,
  account: '',
  newAccount: false,
}

/**
 * Reads CONNECT's JSON, which `latin1` holds byte by byte, on top of what the client has said before; `undefined` when
 * it is not what a client may send. As nats-server reads it: names in any case, the last one counts, `null` says
 * nothing.
 */
export function parseConnect(latin1: string, before: ConnectOptions): ConnectOptions | undefined {
  const json = Buffer.from(latin1, 'latin1').toString('utf8')
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return undefined
  }
  if (value === null) return before
  if (typeof value !== 'object' || Array.isArray(value)) return undefined
  const read: Record<string, unknown> = { ...before }
  for (const [name, given] of membersOf(json)) {
    const field = fields.get(folded(name))
    if (!field || given === null) continue
    if (typeof given !== field.type || (field.type === 'number' && !Number.isSafeInteger(given))) return undefined
    if (field.ours) read[field.ours] = given
  }
  return read as unknown as ConnectOptions
}

/** The members of a JSON object as they stand there, each of those with the same name included. */
function membersOf(json: string): [string, unknown][] {
  const members: [string, unknown][] = []
  let depth = 0
  let from = 0
  // A string as a whole, so that nothing within it counts; else what begins, ends or separates.
  for (const { 0: token, index } of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],]/g)) {
    const opens = token === '{' || token === '['
    const closes = token === '}' || token === ']'
    if ((token === ',' && depth === 1) || (closes && depth === 1)) {
      members.push(...Object.entries(JSON.parse(`{${json.slice(from, index)}}`)))
      from = index + 1
    }
    if (opens && depth++ === 0) from = index + 1
    if (closes) depth--
  }
  return members
}

interface Field {
  readonly type: 'boolean' | 'string' | 'number'
  readonly ours?: keyof ConnectOptions
}

/** Those without a name of ours are heeded by nats-server only, and must be of their type all the same. */
const fields: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['verbose', { type: 'boolean', ours: 'verbose' }],
  ['pedantic', { type: 'boolean', ours: 'pedantic' }],
  ['echo', { type: 'boolean', ours: 'echo' }],
  ['headers', { type: 'boolean', ours: 'headers' }],
  ['no_responders', { type: 'boolean', ours: 'noResponders' }],
  ['user', { type: 'string', ours: 'user' }],
  ['pass', { type: 'string', ours: 'pass' }],
  ['auth_token', { type: 'string', ours: 'token' }],
  ['name', { type: 'string', ours: 'name' }],
  ['protocol', { type: 'number', ours: 'protocol' }],
  ['account', { type: 'string', ours: 'account' }],
  ['new_account', { type: 'boolean', ours: 'newAccount' }],
  ['tls_required', { type: 'boolean' }],
  ['nkey', { type: 'string' }],
  ['jwt', { type: 'string' }],
  ['sig', { type: 'string' }],
  ['lang', { type: 'string' }],
  ['version', { type: 'string' }],
  ['remote_account', { type: 'string' }],
  ['proxy_sig', { type: 'string' }],
])

/** Two letters beyond ASCII fold to one within it: the long s, and the sign for kelvin. */
function folded(name: string): string {
  return name.toLowerCase().replaceAll('\u017f', 's')
}

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
