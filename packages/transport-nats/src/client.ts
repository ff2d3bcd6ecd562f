import { type BackplaneError, coreError, messageOf } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import type { Authenticator, ConnectionOptions, NatsConnection } from '@nats-io/transport-node'
import { type NatsCredentials, type NatsTls, parseCreds } from './credentials.ts'
import { natsError } from './errors.ts'
import { guardParser, internals } from './library-internals.ts'
import { SubscriptionLimits, subscriptionLimit } from './subscription-limits.ts'

/** A message as the client library hands it over; reading `headers` parses them. */
export interface NatsMessage {
  readonly subject: string
  readonly reply?: string
  readonly data: Uint8Array
  readonly headers?: { readonly code: number; get(name: string): string } | undefined
}

/**
 * What goes back instead of an answer: the error headers of NATS micro services, understood by clients in any language.
 */
interface Refusal {
  /** Decimal, as HTTP's. */
  readonly code: string
  readonly reason: string
}

/** Header names of an error answer, from the NATS micro services protocol (ADR-32). */
export const errorHeader = 'Nats-Service-Error'
export const errorCodeHeader = 'Nats-Service-Error-Code'

/** What a connection tells. */
export interface ClientEvents {
  disconnected(reason: string | undefined): void
  reconnecting(): void
  reconnected(): void
  /** The broker does not allow a publish on this subject. */
  publishForbidden(subject: string, reason: string): void
  error(error: unknown): void
  /** The server asks its clients to leave. */
  leaving(): void
  /** The library gave up for good. */
  ended(error: unknown): void
}

/** What {@link openClient} connects with. */
export interface ClientInit {
  /** `host:port`, in the order in which to try them. */
  readonly servers: readonly string[]
  readonly name: string
  /** Asked at each dial. */
  readonly credentials: (() => NatsCredentials) | undefined
  /** `false` for none, also where the server offers it. */
  readonly tls: NatsTls | false | undefined
  /** The server offers TLS and does without. */
  readonly tlsOptional: boolean
  /** How long one dial may take, reconnects included. */
  readonly dialTimeoutMs: number
  readonly pingIntervalMs: number
  readonly maxPingsOut: number
  /** Gives how long after a dial the next one may begin, by how many have failed; counted from 1. */
  readonly backoffMs: (attempt: number) => number
  readonly events: ClientEvents
}

/** One connection of the client library, which renews itself. */
export interface NatsClient {
  readonly server: string
  /** The broker's limit; the last known one while there is no connection. */
  readonly maxPayload: number
  publish(subject: string, payload: Uint8Array, reply?: string): void
  /** Throws `BP_NATS_SERVER` where the server carries no headers, in which the refusal would stand. */
  refuse(reply: string, refusal: Refusal): void
  /**
   * Says in place of the broker that nobody serves what was asked. Does nothing where the server carries no headers.
   */
  sayNobody(reply: string): void
  /**
   * `forbidden` is called when the broker does not allow it, or has no room for one more; it is over then. Neither
   * callback may throw.
   */
  subscribe(
    pattern: string,
    queue: string | undefined,
    deliver: (message: NatsMessage) => void,
    forbidden: (reason: string) => void,
  ): NatsDeclaration
  /** Resolves when the broker has worked off everything sent before; rejects when the connection goes. */
  flush(): Promise<void>
  /** Changes to another server, where one is known. */
  move(): void
  close(): Promise<void>
}

/** One subscription on the broker. */
interface NatsDeclaration {
  /** Ends it at once: what is on its way is dropped. */
  unsubscribe(): void
  /** Ends it; what comes until the broker knows is still delivered. Resolves then, or when the connection goes. */
  drain(): Promise<void>
}

const nothing = new Uint8Array()
/** In characters. */
const longestReason = 1024
/** What the header names and the code take of a message. */
const roomForNames = 100

/** Connects by the client library, which is loaded only now. This file and `library-internals.ts` alone know it. */
export async function openClient(init: ClientInit): Promise<NatsClient> {
  const library = await import('@nats-io/transport-node')
  const { servers, name, credentials, tls, dialTimeoutMs, pingIntervalMs, maxPingsOut, events } = init
  const authenticator = credentials && authenticatorOf(library, credentials)
  let attempt = 0
  let waitMs = 0
  /** The server that is not to be dialled again at once. */
  let left: string | undefined
  const options: ConnectionOptions = {
    servers: [...servers],
    noRandomize: true,
    name,
    timeout: dialTimeoutMs,
    pingInterval: pingIntervalMs,
    maxPingOut: maxPingsOut,
    maxReconnectAttempts: -1,
    // An operator may mend the credentials while we wait: never give up by ourselves.
    ignoreAuthErrorAbort: true,
    // The delay is asked for several times per attempt, and must be the same each time: it changes only here, before
    // each dial.
    reconnectToServer: (known) => {
      waitMs = init.backoffMs(++attempt)
      const other = left === undefined ? undefined : known.find(({ listen }) => listen !== left)
      left = undefined
      return other ?? null
    },
    reconnectDelayHandler: () => waitMs,
    noAsyncTraces: true,
    ...(authenticator ? { authenticator } : {}),
    ...(tls === false ? { tls: null } : tls ? { tls: tlsOptions(tls) } : {}),
  }
  const connection = await dial(library, options).catch((thrown) => {
    throw connectFailure(library, thrown, init)
  })
  const reset = () => {
    attempt = 0
    waitMs = init.backoffMs(1)
  }
  reset()
  const client = new LibraryClient(library, connection, servers, (server) => {
    left = server
  })
  watch(library, connection, {
    ...events,
    reconnected: () => {
      reset()
      client.refresh()
      events.reconnected()
    },
  })
  guardParser(connection, (error) => events.error(error))
  return client
}

type Library = typeof import('@nats-io/transport-node')

/**
 * Connects for the first time. With reconnecting on, the library would not notice that a server hangs up on it before
 * it is through (too many connections, a certificate it does not like) and wait until its time is over; so it goes on
 * only once there is a connection.
 */
async function dial(library: Library, options: ConnectionOptions): Promise<NatsConnection> {
  const connection = await library.connect({ ...options, reconnect: false })
  const live = internals(connection)?.options
  if (live?.reconnect === false) {
    live.reconnect = true
    return connection
  }
  await connection.close()
  return library.connect({ ...options, reconnect: true })
}

class LibraryClient implements NatsClient {
  readonly #library: Library
  readonly #connection: NatsConnection
  readonly #servers: readonly string[]
  readonly #leave: (server: string) => void
  readonly #limits: SubscriptionLimits
  #maxPayload = 0

  constructor(
    library: Library,
    connection: NatsConnection,
    servers: readonly string[],
    leave: (server: string) => void,
  ) {
    this.#library = library
    this.#connection = connection
    this.#servers = servers
    this.#leave = leave
    this.#limits = new SubscriptionLimits(internals(connection))
    this.refresh()
  }

  get server(): string {
    return this.#connection.getServer()
  }

  get maxPayload(): number {
    return this.#maxPayload
  }

  refresh(): void {
    this.#maxPayload = this.#connection.info?.max_payload ?? this.#maxPayload
  }

  publish(subject: string, payload: Uint8Array, reply?: string): void {
    if (reply === undefined) this.#connection.publish(subject, payload)
    else this.#connection.publish(subject, payload, { reply })
  }

  refuse(reply: string, { code, reason }: Refusal): void {
    if (!this.#carriesHeaders) {
      const why = `it carries no headers, so the caller cannot be told: ${reason}`
      throw natsError('BP_NATS_SERVER', { details: { address: this.server, reason: why } })
    }
    const headers = this.#library.headers()
    // A header is one line, and must fit into the broker's limit with what is around it, at three bytes a character.
    const room = Math.max(0, Math.min(longestReason, Math.floor((this.#maxPayload - roomForNames) / 3)))
    headers.set(errorHeader, reason.replaceAll(/[\r\n]+/g, ' ').slice(0, room))
    headers.set(errorCodeHeader, code)
    this.#connection.publish(reply, nothing, { headers })
  }

  sayNobody(reply: string): void {
    if (!this.#carriesHeaders) return
    this.#connection.publish(reply, nothing, { headers: this.#library.headers(503, 'No Responders') })
  }

  get #carriesHeaders(): boolean {
    return this.#connection.info?.headers === true
  }

  subscribe(
    pattern: string,
    queue: string | undefined,
    deliver: (message: NatsMessage) => void,
    forbidden: (reason: string) => void,
  ): NatsDeclaration {
    const subscription = this.#connection.subscribe(pattern, {
      ...(queue === undefined ? {} : { queue }),
      callback: (error, message) => {
        if (error) forbidden(messageOf(error))
        else deliver(message)
      },
    })
    const end = () => {
      forget()
      subscription.unsubscribe()
    }
    const forget = this.#limits.watch((reason) => {
      end()
      forbidden(reason)
    })
    const drain = async () => {
      forget()
      await subscription.drain()
    }
    return { unsubscribe: end, drain }
  }

  flush(): Promise<void> {
    const flushed = this.#connection.flush()
    this.#limits.flushing(flushed)
    return flushed
  }

  move(): void {
    const known = new Set([...this.#servers, ...(this.#connection.info?.connect_urls ?? [])])
    known.delete(this.server)
    if (known.size === 0) return
    this.#leave(this.server)
    this.#connection.reconnect().catch(() => {})
  }

  async close(): Promise<void> {
    await this.#connection.close()
    // The library leaves the socket of a dial that is under way to itself; a server that says nothing would hold it
    // open.
    internals(this.#connection)?.transport?.discard?.()
  }
}

/** Turns the library's stream of status changes into calls. */
async function watch(library: Library, connection: NatsConnection, events: ClientEvents): Promise<void> {
  let stale = false
  /** What the server said last; what it says before it hangs up is why it does. */
  let said: string | undefined
  for await (const status of connection.status()) {
    switch (status.type) {
      case 'staleConnection':
        stale = true
        break
      case 'disconnect':
        events.disconnected(said ?? (stale ? 'the server did not answer pings' : undefined))
        stale = false
        said = undefined
        break
      case 'reconnecting':
        events.reconnecting()
        break
      case 'reconnect':
        said = undefined
        events.reconnected()
        break
      case 'ldm':
        events.leaving()
        break
      case 'error': {
        const { error } = status
        // Told to the subscriber.
        if (subscriptionLimit.test(error.message)) break
        if (!(error instanceof library.PermissionViolationError)) said = error.message
        if (!(error instanceof library.PermissionViolationError)) events.error(error)
        else if (error.operation === 'publish') events.publishForbidden(error.subject, error.message)
        break
      }
    }
  }
  events.ended(await connection.closed())
}

/** The credentials are asked for at each dial, so that renewed ones are taken. */
function authenticatorOf(library: Library, credentials: () => NatsCredentials): Authenticator {
  const authenticator: Authenticator = (nonce) => authenticatorFor(library, credentials())(nonce)
  try {
    // The library would find a broken seed only in the middle of connecting.
    authenticator('probe')
  } catch (thrown) {
    const details = { of: '', reason: `the seed is not an NKey seed (${messageOf(thrown)})` }
    throw natsError('BP_CREDENTIALS_INVALID', { details, cause: thrown })
  }
  return authenticator
}

function authenticatorFor(library: Library, credentials: NatsCredentials): Authenticator {
  if ('user' in credentials) return library.usernamePasswordAuthenticator(credentials.user, credentials.password)
  if ('token' in credentials) return library.tokenAuthenticator(credentials.token)
  const { jwt, nkeySeed } = 'creds' in credentials ? parseCreds(credentials.creds) : { jwt: undefined, ...credentials }
  const seed = nkeySeed === undefined ? undefined : new TextEncoder().encode(nkeySeed)
  return jwt === undefined ? library.nkeyAuthenticator(seed) : library.jwtAuthenticator(jwt, seed)
}

function tlsOptions({ checkHostname = true, ...tls }: NatsTls): NonNullable<ConnectionOptions['tls']> {
  return checkHostname ? tls : Object.assign({ checkServerIdentity: () => undefined }, tls)
}

function connectFailure(library: Library, thrown: unknown, init: ClientInit): BackplaneError {
  const { AuthorizationError, UserAuthenticationExpiredError, TimeoutError } = library
  const { dialTimeoutMs: timeoutMs } = init
  const address = init.servers.join(', ')
  const details = { address, reason: reasonOf(library, thrown, init) }
  if (thrown instanceof AuthorizationError || thrown instanceof UserAuthenticationExpiredError) {
    return contractError('BP_AUTH_FAILED', { details, cause: thrown })
  }
  if (thrown instanceof TimeoutError) {
    return coreError('BP_TIMEOUT', { details: { what: `Connecting to ${address}`, timeoutMs }, cause: thrown })
  }
  return contractError('BP_CONNECT_FAILED', { details, cause: thrown })
}

function reasonOf({ ConnectionError }: Library, thrown: unknown, { tls, tlsOptional }: ClientInit): string {
  const code = (thrown as { code?: string })?.code ?? ''
  const message = messageOf(thrown)
  // The library calls it so when it has run out of servers; a dial that is really refused has a cause.
  const unexplained = thrown instanceof ConnectionError && thrown.message === 'connection refused' && !thrown.cause
  if (unexplained || ['EPIPE', 'ECONNRESET'].includes(code)) return 'the server hung up on the login; its log says why'
  if (tls !== false && tls?.handshakeFirst && /wrong version number|packet length|record/i.test(message)) {
    return `the server does not begin with TLS: leave out tls.handshakeFirst (${message})`
  }
  if (!/certificate|self.signed|issuer|altname/i.test(`${message} ${code}`)) return message
  const untrusted = `${message} (tls.ca or tls.caFile says which certificates to trust)`
  return tlsOptional ? `${untrusted}; this server does without TLS as well: tls: false` : untrusted
}
