import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { type BackplaneError, messageOf } from '@backplane/core'
import { natsError } from './errors.ts'

/** How a client says who it is. */
export type NatsCredentials =
  | { readonly user: string; readonly password: string }
  | { readonly token: string }
  /** An NKey user: the seed (`SU…`) signs the server's challenge and never leaves this process. */
  | { readonly nkeySeed: string }
  /** A user JWT, with the seed that it belongs to (none for a bearer token). */
  | { readonly jwt: string; readonly nkeySeed?: string }
  /** The text of a `.creds` file. */
  | { readonly creds: string }

/** TLS of a connection: PEM texts, or files with them. */
export interface NatsTls {
  /** Certificates to trust. @default the system's */
  readonly ca?: string
  /** In place of `ca`; read again at each connect, so a renewed one is taken. */
  readonly caFile?: string
  /** This client's certificate, where the server wants one. */
  readonly cert?: string
  readonly certFile?: string
  readonly key?: string
  readonly keyFile?: string
  /** Begins with TLS, where the server does not say INFO first. @default false */
  readonly handshakeFirst?: boolean
  /** Checks that the certificate names the host; turn it off only for certificates that cannot. @default true */
  readonly checkHostname?: boolean
}

/** What a credentials file says. */
export interface CredentialsFile {
  readonly credentials: NatsCredentials
  /** Where to connect; empty where the file does not say. */
  readonly servers: readonly string[]
  readonly tls?: NatsTls
  /** The identity that it was issued for (Device Connect). */
  readonly deviceId?: string
  readonly tenant?: string
}

/**
 * Reads a credentials file: Device Connect's `.creds.json` or a classic `.creds`. Not for the Zenoh section of a Device
 * Connect file. Rejects with `BP_CREDENTIALS_INVALID`; no error repeats a secret.
 */
export async function readCredentials(file: string, options: { signal?: AbortSignal } = {}): Promise<CredentialsFile> {
  let text: string
  try {
    text = await readFile(file, { encoding: 'utf8', ...options })
  } catch (thrown) {
    throw invalid(file, messageOf(thrown), thrown)
  }
  return fileOf(file, text)
}

/**
 * Gives what a credentials file says now, and goes on with what it said before while it cannot be used: anyone who
 * renews it may be in the middle of that. For a connection that comes back after years.
 */
export function renewed(file: string, first: NatsCredentials): () => NatsCredentials {
  let last = first
  return () => {
    try {
      const { credentials } = fileOf(file, readFileSync(file, 'utf8'))
      if ('creds' in credentials) parseCreds(credentials.creds)
      last = credentials
    } catch {}
    return last
  }
}

function fileOf(file: string, text: string): CredentialsFile {
  return text.trimStart().startsWith('{')
    ? deviceConnectFile(file, text)
    : { credentials: { creds: text }, servers: [] }
}

/** The JWT and the seed of a `.creds` text: two blocks between lines of dashes. Throws `BP_CREDENTIALS_INVALID`. */
export function parseCreds(text: string): { readonly jwt: string; readonly nkeySeed: string } {
  const blocks = [...text.matchAll(/-{3,}BEGIN ([A-Z ]+)-{3,}\s+(\S+)\s+-{3,}END/g)]
  const jwt = blocks.find((block) => block[1]!.includes('JWT'))?.[2]
  const nkeySeed = blocks.find((block) => block[1]!.includes('SEED'))?.[2]
  if (!jwt || !nkeySeed) throw invalid(undefined, 'a .creds text holds a JWT block and a SEED block')
  return { jwt, nkeySeed }
}

function deviceConnectFile(file: string, text: string): CredentialsFile {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalid(file, 'it is not JSON, although it begins with a brace')
  }
  const root = record(value)
  const nats = record(root.nats)
  const jwt = word(nats.jwt)
  const nkeySeed = word(nats.nkey_seed)
  if (!jwt) throw invalid(file, 'it has no nats.jwt')
  if (!nkeySeed) throw invalid(file, 'it has no nats.nkey_seed')
  const servers = Array.isArray(nats.urls) ? nats.urls.filter((url) => typeof url === 'string') : []
  const [tls, deviceId, tenant] = [tlsOf(nats.tls), word(root.device_id), word(root.tenant)]
  return {
    credentials: { jwt, nkeySeed },
    servers,
    ...(tls ? { tls } : {}),
    ...(deviceId ? { deviceId } : {}),
    ...(tenant ? { tenant } : {}),
  }
}

/** Device Connect names files; what its portal hands out has the PEM texts in place of them. */
const tlsNames = [
  ['ca', 'ca_pem'],
  ['cert', 'cert_pem'],
  ['key', 'key_pem'],
  ['caFile', 'ca_file'],
  ['certFile', 'cert_file'],
  ['keyFile', 'key_file'],
] as const

function tlsOf(value: unknown): NatsTls | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const given = record(value)
  const found = tlsNames.flatMap(([ours, theirs]) => {
    const text = word(given[theirs])
    if (!text) return []
    const inline = text.includes('-----BEGIN ')
    return [[inline ? ours.replace('File', '') : ours, text] as const]
  })
  return Object.fromEntries(found)
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function word(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function invalid(file: string | undefined, reason: string, cause?: unknown): BackplaneError {
  return natsError('BP_CREDENTIALS_INVALID', { details: { of: file ? ` in ${file}` : '', reason }, cause })
}
