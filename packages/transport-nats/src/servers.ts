import type { BackplaneError } from '@backplane/core'
import { invalidArgument } from '@backplane/core/transport'
import type { NatsCredentials } from './credentials.ts'

/** One server, as it was written. */
export interface ServerAddress {
  readonly host: string
  readonly port: number
  /** `tls://`. */
  readonly tls: boolean
  /** From `nats://user:password@host` or `nats://token@host`. */
  readonly credentials?: NatsCredentials
}

const defaultPort = 4222
const hostName = /^(\[[\da-f:.]+\]|[\p{L}\p{N}._-]+)$/iu

/**
 * Reads `nats://host:port`, `tls://host`, `host:port` or `host`. Throws `BP_INVALID_ARGUMENT`, without repeating a
 * password.
 */
export function parseServer(text: string): ServerAddress {
  const url = urlOf(text)
  if (!url || !hostName.test(url.hostname)) throw invalid('it is not an address like nats://host:4222')
  if (url.protocol !== 'nats:' && url.protocol !== 'tls:') {
    throw invalid(`'${url.protocol}//' is not supported; use nats:// or tls://`)
  }
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
  const port = url.port === '' ? defaultPort : Number(url.port)
  const user = decoded(url.username)
  const password = decoded(url.password)
  const credentials = user === '' ? undefined : password === '' ? { token: user } : { user, password }
  return { host, port, tls: url.protocol === 'tls:', ...(credentials ? { credentials } : {}) }
}

/** The form that has no secret in it. */
export function addressOf({ host, port, tls }: ServerAddress): string {
  return `${tls ? 'tls' : 'nats'}://${hostPort({ host, port })}`
}

/** `host:port`, with brackets around IPv6. */
export function hostPort({ host, port }: Pick<ServerAddress, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function urlOf(text: string): URL | undefined {
  if (typeof text !== 'string') return undefined
  try {
    return new URL(text.includes('://') ? text : `nats://${text}`)
  } catch {
    return undefined
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid('its user or password has a % that is not followed by two digits (write %25 for it)')
  }
}

function invalid(reason: string): BackplaneError {
  return invalidArgument('natsTransport option servers', reason)
}
