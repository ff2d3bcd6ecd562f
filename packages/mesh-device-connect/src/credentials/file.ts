import { access, readFile } from 'node:fs/promises'
import { messageOf } from '@backplane/core'
import { deviceConnectError } from '../errors.ts'
import { isObject } from '../json.ts'

/** How a client of NATS says who it is: by a user JWT and the seed of its key. One alone is for insecure networks. */
export type NatsAuth = { readonly jwt: string; readonly nkeySeed?: string } | { readonly nkeySeed: string }

/** TLS of a connection: files, or the PEM texts themselves. Where both are there, the file counts. */
export interface TlsMaterial {
  readonly ca?: string
  readonly caFile?: string
  readonly cert?: string
  readonly certFile?: string
  readonly key?: string
  readonly keyFile?: string
}

/** What a credentials file says of one kind of broker. */
export interface CredentialsSection {
  /** Where to connect; empty where it does not say. */
  readonly urls: readonly string[]
  readonly auth?: { readonly jwt?: string; readonly nkeySeed?: string }
  readonly tls?: TlsMaterial
}

/** A credentials file, read. */
export interface Credentials {
  /** The file that was read. */
  readonly path: string
  /** Whom it was issued to. */
  readonly deviceId?: string
  readonly tenant?: string
  readonly nats?: CredentialsSection
  readonly zenoh?: CredentialsSection
}

/**
 * Reads a credentials file: Device Connect's `.creds.json`, with its NATS and Zenoh sections, or the classic `.creds`
 * of NATS tools. Where `x.creds` has a `x.creds.json` beside it, that is read, as upstream does. Not for deciding which
 * credentials count: {@link readMessaging} does that.
 *
 * Rejects with `BP_DEVICE_CONNECT_CREDENTIALS_INVALID`; no error repeats a secret.
 */
export async function readCredentialsFile(file: string, options: { signal?: AbortSignal } = {}): Promise<Credentials> {
  const richer = file.endsWith('.creds') ? `${file}.json` : undefined
  const path = richer !== undefined && (await exists(richer)) ? richer : file
  let text: string
  try {
    text = await readFile(path, { encoding: 'utf8', ...options })
  } catch (cause) {
    const isAbsent = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw unusable(path, isAbsent ? 'there is no such file' : messageOf(cause), cause)
  }
  return text.trimStart().startsWith('{') ? jsonFile(path, text) : classicFile(path, text)
}

function jsonFile(path: string, text: string): Credentials {
  let root: unknown
  try {
    root = JSON.parse(text)
  } catch {
    throw unusable(path, 'it is not JSON, although it begins with a brace')
  }
  if (!isObject(root)) throw unusable(path, 'it holds no JSON object')
  const { device_id, tenant } = root
  for (const [name, value] of Object.entries({ device_id, tenant })) {
    // Passed over, it would be a host that runs on these credentials under a name that is not theirs.
    if ((value ?? '') !== '' && word(value) === undefined) throw unusable(path, `its ${name} is no text`)
  }
  const nats = sectionOf(path, 'nats', root.nats)
  const zenoh = sectionOf(path, 'zenoh', root.zenoh)
  if (!nats && !zenoh) {
    const mqtt = isObject(root.mqtt) ? ', but only one for MQTT, which is not spoken here' : ''
    throw unusable(path, `it has no section 'nats' or 'zenoh'${mqtt}`)
  }
  return {
    path,
    ...(word(device_id) ? { deviceId: device_id as string } : {}),
    ...(word(tenant) ? { tenant: tenant as string } : {}),
    ...(nats ? { nats } : {}),
    ...(zenoh ? { zenoh } : {}),
  }
}

function sectionOf(path: string, name: string, value: unknown): CredentialsSection | undefined {
  if (value === undefined || value === null) return undefined
  if (!isObject(value)) throw unusable(path, `its section '${name}' is no object`)
  const { urls = [], jwt, nkey_seed, tls } = value
  const list = typeof urls === 'string' ? [urls] : urls
  if (!Array.isArray(list) || list.some((url) => word(url) === undefined)) {
    throw unusable(path, `${name}.urls is no list of addresses`)
  }
  const auth = { ...named('jwt', jwt), ...named('nkeySeed', nkey_seed) }
  const material = isObject(tls) ? tlsOf(tls) : {}
  return {
    urls: list as string[],
    ...(Object.keys(auth).length > 0 ? { auth } : {}),
    ...(Object.keys(material).length > 0 ? { tls: material } : {}),
  }
}

/** Upstream's names, and ours. Its portal has PEM texts where others name files. */
const tlsNames = {
  ca: 'ca_pem',
  caFile: 'ca_file',
  cert: 'cert_pem',
  certFile: 'cert_file',
  key: 'key_pem',
  keyFile: 'key_file',
}

function tlsOf(given: { readonly [key: string]: unknown }): TlsMaterial {
  const found = Object.entries(tlsNames).flatMap(([ours, theirs]) => Object.entries(named(ours, given[theirs])))
  return Object.fromEntries(found)
}

/** Two blocks between lines of dashes: the JWT and the seed. */
function classicFile(path: string, text: string): Credentials {
  const block = (name: string) =>
    new RegExp(`-{3,}BEGIN [A-Z ]*${name}-{3,}([\\s\\S]*?)-{3,}END`).exec(text)?.[1]?.replace(/\s+/g, '')
  const auth = { ...named('jwt', block('JWT')), ...named('nkeySeed', block('SEED')) }
  if (!auth.jwt || !auth.nkeySeed) throw unusable(path, 'it holds no JWT block and SEED block, and is no JSON')
  return { path, nats: { urls: [], auth } }
}

function named(key: string, value: unknown): { [key: string]: string } {
  const text = word(value)
  return text === undefined ? {} : { [key]: text }
}

function word(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** `BP_DEVICE_CONNECT_CREDENTIALS_INVALID` about a file or a variable. */
export function unusable(source: string, reason: string, cause?: unknown) {
  return deviceConnectError('BP_DEVICE_CONNECT_CREDENTIALS_INVALID', { details: { source, reason }, cause })
}
