import type { Duplex } from 'node:stream'
import type { ConnectionOptions } from 'node:tls'
import { FastChannelError } from './errors.ts'

/** What a channel connects to: a Unix socket or Windows pipe, a TCP port, or whatever `open` gives each time. */
export type FastTarget =
  | { readonly path: string }
  | { readonly host: string; readonly port: number }
  | { readonly open: () => Promise<Duplex> | Duplex }

/** Options of {@link fastChannel}. */
export interface FastChannelInit {
  /** What it connects to. */
  readonly target: FastTarget
  /**
   * Turns TLS on. Options of `tls.connect`; a function is asked at every connection, so that certificates can change.
   * Set `servername` where the target's name is not the certificate's.
   */
  readonly tls?: ConnectionOptions | (() => ConnectionOptions)
  /** `:authority` of the calls. @default `localhost` for sockets and streams, else host and port */
  readonly authority?: string
  /** What the channel calls itself to servers. @default 'grpc-fast-node' */
  readonly userAgent?: string
  /**
   * A longer message of the server, in bytes, fails its call with RESOURCE_EXHAUSTED; `Infinity` for no limit.
   * @default 4 MiB
   */
  readonly maxReceiveBytes?: number
  /** A longer message to the server, in bytes, fails its call with RESOURCE_EXHAUSTED. @default Infinity */
  readonly maxSendBytes?: number
  /**
   * The largest metadata of the server that is read, in bytes: names, values, and 32 for each (RFC 9113, section
   * 6.5.2). A call whose headers or trailers are larger fails with RESOURCE_EXHAUSTED; others go on. @default 64 KiB
   */
  readonly maxMetadataBytes?: number
  /**
   * How long one attempt to connect may take, in milliseconds: TLS and the server's first HTTP/2 frame included.
   * @default 20_000
   */
  readonly connectTimeoutMs?: number
  /**
   * After so long without a byte of the server, in milliseconds, it is sent an HTTP/2 PING. Servers may refuse clients
   * that ask often: Go's take one in five minutes unless they are told otherwise. The time doubles when a server says
   * so.
   * @default Infinity: never
   */
  readonly keepAliveTimeMs?: number
  /** A connection whose PING is not answered within this time, in milliseconds, is given up. @default 20_000 */
  readonly keepAliveTimeoutMs?: number
  /** Whether PINGs are sent also while there is no call. @default false */
  readonly keepAliveWithoutCalls?: boolean
  /**
   * Pause after the first failed attempt to connect, in milliseconds, up to a fifth more or less; it grows by 1.6 each
   * time.
   * @default 1000
   */
  readonly minReconnectMs?: number
  /** The longest such pause, in milliseconds. @default 120_000 */
  readonly maxReconnectMs?: number
}

/** More would be more than a timer of Node takes, which then waits not at all; a pause may be a fifth longer. */
const longestPauseMs = 2 ** 30

/** The options with every default filled in. */
export interface ChannelSettings {
  readonly target: FastTarget
  readonly tls: (() => ConnectionOptions) | undefined
  /** What the channel says that it is connected to. */
  readonly name: string
  readonly authority: string
  readonly userAgent: string
  readonly maxReceiveBytes: number
  readonly maxSendBytes: number
  readonly maxMetadataBytes: number
  readonly connectTimeoutMs: number
  readonly keepAliveTimeMs: number
  readonly keepAliveTimeoutMs: number
  readonly keepAliveWithoutCalls: boolean
  readonly minReconnectMs: number
  readonly maxReconnectMs: number
}

/**
 * Fills in the defaults.
 *
 * @throws FastChannelError `GRPC_FAST_OPTION`
 */
export function settingsOf(init: FastChannelInit): ChannelSettings {
  const { target, tls } = init
  const number = (name: keyof FastChannelInit, fallback: number): number => {
    const value = init[name] ?? fallback
    if (typeof value === 'number' && value >= 0) return value
    throw new FastChannelError(
      'GRPC_FAST_OPTION',
      `${name} must be a number that is not negative, not ${String(value)}`,
    )
  }
  const authority = init.authority ?? ('port' in target ? hostPort(target) : 'localhost')
  if (!/^[\x21-\x7e]+$/.test(authority)) {
    throw new FastChannelError('GRPC_FAST_OPTION', `authority is not a host name: ${JSON.stringify(authority)}`)
  }
  return {
    target,
    tls: tls && (typeof tls === 'function' ? tls : () => tls),
    name: 'path' in target ? `unix:${target.path}` : 'port' in target ? hostPort(target) : 'stream',
    authority,
    userAgent: init.userAgent ?? 'grpc-fast-node',
    maxReceiveBytes: number('maxReceiveBytes', 4 * 1024 * 1024),
    maxSendBytes: number('maxSendBytes', Number.POSITIVE_INFINITY),
    maxMetadataBytes: number('maxMetadataBytes', 64 * 1024),
    connectTimeoutMs: number('connectTimeoutMs', 20_000),
    keepAliveTimeMs: keepAliveTime(number('keepAliveTimeMs', Number.POSITIVE_INFINITY)),
    keepAliveTimeoutMs: Math.min(number('keepAliveTimeoutMs', 20_000), longestPauseMs),
    keepAliveWithoutCalls: init.keepAliveWithoutCalls ?? false,
    minReconnectMs: number('minReconnectMs', 1000),
    maxReconnectMs: Math.min(number('maxReconnectMs', 120_000), longestPauseMs),
  }
}

/** Times longer than a timer of Node takes mean never, which is as good. */
export function keepAliveTime(ms: number): number {
  return ms > longestPauseMs ? Number.POSITIVE_INFINITY : ms
}

function hostPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
