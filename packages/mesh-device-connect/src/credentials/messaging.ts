import { deviceConnectError } from '../errors.ts'
import { invalid } from '../subjects.ts'
import {
  type Credentials,
  type CredentialsSection,
  type NatsAuth,
  readCredentialsFile,
  type TlsMaterial,
  unusable,
} from './file.ts'
import { newestPortalCredentials, type PortalLookup } from './portal.ts'
import { checkAuth, checkTls } from './validity.ts'

/** What carries the messages. */
export type Backend = 'nats' | 'zenoh'

/**
 * What is said outright (flags, options); what is left out is looked for in the environment, then in the credentials
 * file.
 */
export interface MessagingInit {
  /** What carries the messages. @default MESSAGING_BACKEND, else what the addresses tell */
  readonly backend?: Backend
  /**
   * Where to connect; one text may hold several, separated by commas.
   * @default MESSAGING_URLS, NATS_URL, ZENOH_CONNECT, else those of the credentials file
   */
  readonly urls?: string | readonly string[]
  /**
   * A `.creds.json` or `.creds` file.
   * @default MESSAGING_CREDENTIALS_FILE, NATS_CREDENTIALS_FILE, PORTAL_CREDENTIALS_FILE
   */
  readonly credentialsFile?: string
  /**
   * The device id that is meant; one that the credentials were not issued to is refused.
   * @default that of the credentials
   */
  readonly deviceId?: string
  /** The zone that is meant; `default` leaves it to the credentials. @default TENANT, else that of the credentials */
  readonly tenant?: string
  /** Takes credentials as a portal issues them, over NATS; without a file, the newest of its folder. @default false */
  readonly portal?: boolean | PortalLookup
  /**
   * Leaves out what upstream leaves out: the demand for NATS credentials and for an authority with `tls://`, and the
   * check of the device id. Nothing turns off the verification of certificates. @default DEVICE_CONNECT_ALLOW_INSECURE
   */
  readonly allowInsecure?: boolean
  /** The variables that count. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What relative paths are relative to. @default the working folder */
  readonly cwd?: string
  /** In milliseconds since the epoch, for what expires. @default Date.now() */
  readonly now?: number
}

/** How to reach a Device Connect network, and as whom. */
export interface Messaging {
  readonly backend: Backend
  /** Empty: Zenoh by multicast, with nothing to connect to. */
  readonly urls: readonly string[]
  readonly deviceId?: string
  readonly tenant?: string
  /** For NATS. */
  readonly auth?: NatsAuth
  /** The file that `auth` is from, whole, for a transport that reads it again when it comes back. */
  readonly authFile?: string
  readonly tls?: TlsMaterial
  readonly allowInsecure: boolean
  /** Where each of these is from: a variable, a file, `option`, `default`. */
  readonly from: { readonly urls: string; readonly credentials?: string; readonly tls?: string }
  /** When the credentials end, in milliseconds since the epoch; absent: they do not say. */
  readonly expiresAt?: number
}

const portalUrl = 'nats://portal.deviceconnect.dev:4222'

/**
 * Works out how to reach a Device Connect network, with the names and the precedence of its Python runtime: what is
 * said outright, then the environment, then the credentials file; of TLS, files before texts; of a JWT, the file before
 * the environment. Everything is checked here, so that what a broker would refuse silently gets an error.
 *
 * Rejects with `BP_DEVICE_CONNECT_CREDENTIALS_MISSING`, `..._INVALID`, `..._EXPIRED`, `..._MISMATCH`, and with
 * `BP_INVALID_ARGUMENT` for a backend that is none. Not for a network of another kind, nor for one without credentials:
 * name its servers to the transport.
 */
export async function readMessaging(
  init: MessagingInit = {},
  options: { signal?: AbortSignal } = {},
): Promise<Messaging> {
  const { env = process.env, cwd = process.cwd(), now = Date.now(), portal = false } = init
  const allowInsecure = init.allowInsecure ?? isTrue(env.DEVICE_CONNECT_ALLOW_INSECURE)
  const named =
    init.credentialsFile ??
    first(env, 'MESSAGING_CREDENTIALS_FILE', 'NATS_CREDENTIALS_FILE', 'PORTAL_CREDENTIALS_FILE')?.value
  const lookup = typeof portal === 'object' ? portal : {}
  const file = named ?? (portal === false ? undefined : await newestPortalCredentials(lookup, { env, cwd }))
  const credentials = file === undefined ? undefined : await readCredentialsFile(file, options)
  if (credentials) checkDevice(credentials, init, env, allowInsecure)

  const asked = portal === false ? (init.backend ?? backendOf(env.MESSAGING_BACKEND)) : 'nats'
  const chosen = urlsOf(init, env, asked, credentials, portal !== false)
  const { backend, urls } = chosen
  // With addresses from elsewhere, TLS of the other section serves as well, as upstream takes it.
  const other = backend === 'zenoh' && chosen.from !== 'default' ? credentials?.nats : undefined
  const section = credentials?.[backend] ?? other
  if (credentials && !section) {
    throw unusable(credentials.path, `it has no section '${backend}', and ${backend} is what carries the messages here`)
  }
  const auth = backend === 'nats' ? authOf(section, credentials, env) : undefined
  const tls = tlsOf(section, credentials, env)
  if (backend === 'nats' && !allowInsecure) checkSecure(urls, auth, tls)

  const jwtEnd = auth ? checkAuth(auth.value, auth.from, now) : undefined
  const beside = credentials?.path
  const checked = tls ? await checkTls(tls.value, { cwd, beside, source: tls.from, now }) : undefined
  const ends = [jwtEnd, checked?.endsAt].filter((end) => end !== undefined)
  const deviceId = init.deviceId ?? (first(env, 'DEVICE_ID')?.value || credentials?.deviceId)
  const tenant = tenantOf(init, env, credentials)
  return {
    backend,
    urls,
    ...(deviceId ? { deviceId } : {}),
    ...(tenant ? { tenant } : {}),
    ...(auth ? { auth: auth.value } : {}),
    ...(auth && credentials && section?.auth?.jwt && section.auth.nkeySeed ? { authFile: credentials.path } : {}),
    ...(checked ? { tls: checked.tls } : {}),
    allowInsecure,
    from: {
      urls: chosen.from,
      ...(auth ? { credentials: auth.from } : credentials ? { credentials: credentials.path } : {}),
      ...(tls ? { tls: tls.from } : {}),
    },
    ...(ends.length > 0 ? { expiresAt: Math.min(...ends) } : {}),
  }
}

type Env = Readonly<Record<string, string | undefined>>

interface Sourced<T> {
  readonly value: T
  readonly from: string
}

/** The first variable that is set; an empty one counts as not set. */
function first(env: Env, ...names: readonly string[]): Sourced<string> | undefined {
  const from = names.find((name) => env[name])
  return from === undefined ? undefined : { value: env[from] as string, from }
}

function urlsOf(
  init: MessagingInit,
  env: Env,
  asked: Backend | undefined,
  credentials: Credentials | undefined,
  isPortal: boolean,
): { readonly backend: Backend; readonly urls: readonly string[]; readonly from: string } {
  const said = init.urls === undefined ? undefined : { value: [init.urls].flat().join(','), from: 'option' }
  const found = said ?? (isPortal ? undefined : first(env, 'MESSAGING_URLS', 'NATS_URL', 'ZENOH_CONNECT'))
  if (found) {
    const urls = found.value.split(',').flatMap((url) => url.trim() || [])
    // Upstream takes this variable for Zenoh whatever else is said.
    const backend = found.from === 'ZENOH_CONNECT' ? 'zenoh' : (asked ?? schemeOf(urls[0]))
    return { backend, urls, from: found.from }
  }
  // Upstream's choice of a section: the backend that is named, else Zenoh's, else that of NATS.
  const backend = asked ?? (credentials?.zenoh ? 'zenoh' : credentials?.nats ? 'nats' : 'zenoh')
  const section = credentials?.[backend]
  if (credentials && section && section.urls.length > 0) return { backend, urls: section.urls, from: credentials.path }
  if (isPortal) return { backend, urls: [portalUrl], from: 'default' }
  return { backend, urls: backend === 'nats' ? ['nats://127.0.0.1:4222'] : [], from: 'default' }
}

/** Upstream's rule: what begins like NATS is NATS, all else is Zenoh. */
function schemeOf(url = ''): Backend {
  if (/^mqtts?:/i.test(url)) throw invalid(`The address ${url}`, 'MQTT is not spoken here: use NATS or Zenoh')
  return /^(nats|tls):\/\//i.test(url) ? 'nats' : 'zenoh'
}

function backendOf(name: string | undefined): Backend | undefined {
  if (name === undefined || name === '') return undefined
  const lower = name.toLowerCase()
  if (lower === 'nats' || lower === 'zenoh') return lower
  throw invalid(`MESSAGING_BACKEND '${name}'`, 'it is nats or zenoh')
}

function authOf(
  section: CredentialsSection | undefined,
  credentials: Credentials | undefined,
  env: Env,
): Sourced<NatsAuth> | undefined {
  const jwt = section?.auth?.jwt ?? first(env, 'NATS_JWT')?.value
  const nkeySeed = section?.auth?.nkeySeed ?? first(env, 'NATS_NKEY_SEED')?.value
  const from = section?.auth && credentials ? credentials.path : 'NATS_JWT and NATS_NKEY_SEED'
  if (jwt !== undefined) return { value: { jwt, ...(nkeySeed === undefined ? {} : { nkeySeed }) }, from }
  return nkeySeed === undefined ? undefined : { value: { nkeySeed }, from }
}

/** A path of the environment counts before one of the file, and that before a text of the file. */
function tlsOf(
  section: CredentialsSection | undefined,
  credentials: Credentials | undefined,
  env: Env,
): Sourced<TlsMaterial> | undefined {
  const given = section?.tls ?? {}
  const fromEnv = (part: string) => first(env, `MESSAGING_TLS_${part}_FILE`, `NATS_TLS_${part}_FILE`)
  const named = { ca: fromEnv('CA'), cert: fromEnv('CERT'), key: fromEnv('KEY') }
  const parts = (['ca', 'cert', 'key'] as const).flatMap((part): [string, string][] => {
    const file = named[part]?.value ?? given[`${part}File`]
    if (file !== undefined) return [[`${part}File`, file]]
    const text = given[part]
    return text === undefined ? [] : [[part, text]]
  })
  if (parts.length === 0) return undefined
  const variable = (named.ca ?? named.cert ?? named.key)?.from
  return { value: Object.fromEntries(parts), from: variable ?? credentials?.path ?? 'option' }
}

/** Upstream's check at start: it concerns NATS alone. */
function checkSecure(
  urls: readonly string[],
  auth: Sourced<NatsAuth> | undefined,
  tls: Sourced<TlsMaterial> | undefined,
): void {
  const missing = (reason: string, next: string) =>
    deviceConnectError('BP_DEVICE_CONNECT_CREDENTIALS_MISSING', { details: { reason }, next })
  if (!auth) {
    throw missing(
      'nothing says who this device is to the broker',
      'Name a credentials file (--credentials or MESSAGING_CREDENTIALS_FILE), or allow a broker without with --allow-insecure.',
    )
  }
  if (!('jwt' in auth.value)) throw unusable(auth.from, 'there is a seed (nkey_seed), but no JWT')
  if (auth.value.nkeySeed === undefined)
    throw unusable(auth.from, 'there is a JWT, but no seed (nkey_seed) to sign with')
  const hasCa = tls?.value.ca !== undefined || tls?.value.caFile !== undefined
  if (urls.some((url) => url.startsWith('tls://')) && !hasCa) {
    throw missing(
      'a tls:// address needs the certificate of an authority to trust',
      "Name it with MESSAGING_TLS_CA_FILE, or trust this system's authorities with --allow-insecure.",
    )
  }
}

function checkDevice({ deviceId, path }: Credentials, init: MessagingInit, env: Env, allowInsecure: boolean): void {
  const asked = init.deviceId ?? (env.DEVICE_ID || undefined)
  if (allowInsecure || deviceId === undefined || asked === undefined || asked === deviceId) return
  throw deviceConnectError('BP_DEVICE_CONNECT_CREDENTIALS_MISMATCH', { details: { source: path, deviceId, asked } })
}

function tenantOf(init: MessagingInit, env: Env, credentials: Credentials | undefined): string | undefined {
  const asked = init.tenant ?? (env.TENANT || undefined)
  return asked === undefined || asked === 'default' ? (credentials?.tenant ?? asked) : asked
}

function isTrue(text = ''): boolean {
  return ['1', 'true', 'yes'].includes(text.toLowerCase())
}
