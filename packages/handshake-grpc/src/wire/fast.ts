import { type FastTarget, fastChannel } from '@backplane/grpc-fast'
import { splitHostPort } from '../handshake/line.ts'
import { grpcJsWire, lingerMs } from './grpc-js.ts'
import type { DialInit, DialTarget, DialTls, Wire, WireChannel } from './wire.ts'

/**
 * The options of a grpc-js channel that mean the same to this wire, or nothing to one that has a single place to
 * connect to.
 */
const understood: ReadonlySet<string> = new Set([
  'grpc.max_receive_message_length',
  'grpc.max_send_message_length',
  'grpc.default_authority',
  'grpc.primary_user_agent',
  'grpc.initial_reconnect_backoff_ms',
  'grpc.max_reconnect_backoff_ms',
  'grpc.keepalive_time_ms',
  'grpc.keepalive_timeout_ms',
  'grpc.keepalive_permit_without_calls',
  'grpc.use_local_subchannel_pool',
  'grpc.enable_http_proxy',
  'grpc.enable_channelz',
])

/**
 * The wire whose channels are straight on sockets (`@backplane/grpc-fast`): a start and a call cost less than over
 * grpc-js's own. Servers, and channels with options that only grpc-js's own has, are grpc-js's.
 */
export function fastWire(): Wire {
  const whole = grpcJsWire()
  return {
    dial: (target, init) => {
      const ours = Object.keys(init.options ?? {}).every((name) => understood.has(name))
      return ours ? dial(target, init) : whole.dial(target, init)
    },
    server: (options) => whole.server(options),
  }
}

/** Go's clients read as much metadata; a status may carry long details. */
const maxMetadataBytes = 16 * 1024 * 1024

async function dial(target: DialTarget, { tls, options = {}, connectTimeoutMs }: DialInit): Promise<WireChannel> {
  const authority = options['grpc.default_authority'] ?? (tls && (tls.serverName ?? 'localhost'))
  const userAgent = options['grpc.primary_user_agent']
  const channel = fastChannel({
    target: 'open' in target ? target : placeOf(target.network, target.address),
    ...(tls && { tls: () => tlsOptions(tls) }),
    ...(authority !== undefined && { authority }),
    ...(userAgent !== undefined && { userAgent }),
    // Messages have no size limit: go-plugin's hosts have none either. A negative number says so in grpc-js's options.
    maxReceiveBytes: limit(options['grpc.max_receive_message_length']),
    maxSendBytes: limit(options['grpc.max_send_message_length']),
    maxMetadataBytes,
    connectTimeoutMs,
    keepAliveTimeMs: options['grpc.keepalive_time_ms'],
    keepAliveTimeoutMs: options['grpc.keepalive_timeout_ms'],
    keepAliveWithoutCalls: options['grpc.keepalive_permit_without_calls'] === 1,
    // A plugin is on this machine: what does not answer at once is worth asking again soon, or is gone.
    minReconnectMs: options['grpc.initial_reconnect_backoff_ms'] ?? 100,
    maxReconnectMs: options['grpc.max_reconnect_backoff_ms'] ?? 1000,
  })
  return {
    channel,
    // Under TLS a plugin may still refuse this side's certificate when the socket is connected; without, the first call
    // need not wait for the plugin's settings.
    connected: () => channel.connect({ early: !tls }),
    settled: () => channel.connect(),
    close() {
      channel.close()
      // Answers under way have their time.
      setTimeout(() => channel.destroy(), lingerMs).unref()
    },
  }
}

function limit(bytes: number | undefined): number {
  return bytes === undefined || bytes < 0 ? Number.POSITIVE_INFINITY : bytes
}

function placeOf(network: string, address: string): FastTarget {
  return network === 'unix' ? { path: address } : splitHostPort(address)
}

function tlsOptions(tls: DialTls) {
  const { ca, identity } = tls.certificates?.current ?? tls
  return {
    servername: tls.serverName ?? 'localhost',
    ...(ca !== undefined && { ca }),
    ...(identity && { cert: identity.cert, key: identity.key }),
  }
}
