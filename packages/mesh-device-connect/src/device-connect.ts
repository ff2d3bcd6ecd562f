import type { Mesh, MeshComponents, Params, TransportFactory } from '@backplane/core'
import type { BroadcastOptions } from './broadcast.ts'
import { Member } from './member.ts'
import type { BroadcastReply, ReplyOptions } from './replies.ts'
import { checkOwnId, checkTenant, invalid } from './subjects.ts'

/** Options of {@link deviceConnect}. */
export interface DeviceConnectInit {
  /** What carries the messages. */
  readonly transport: TransportFactory
  /**
   * How devices find each other. `d2d`: by presence alone, with no registry.
   * @default 'd2d'
   */
  readonly discovery?: 'd2d'
  /** After how many seconds of silence the device counts as gone; heartbeats come three times as often. @default 15 */
  readonly ttlSeconds?: number
  /** More facts for `status` (`battery`, `error_state`, ...), asked for each time it is announced. Must not throw. @default none */
  readonly status?: () => Params
  /** Least time between two announcements of changes, in milliseconds; the first goes at once. @default 100 */
  readonly debounceMs?: number
  /** How long a rival with the same device id has to answer before it counts as absent, in milliseconds. @default 1000 */
  readonly claimTimeoutMs?: number
  /** How many events may wait for a slow transport. @default 10000 */
  readonly maxWaitingEvents?: number
}

/** What {@link deviceConnect} needs from its host. */
export type DeviceConnectComponents = MeshComponents

/** A {@link Mesh} that speaks Device Connect, with what only Device Connect has. */
export interface DeviceConnectMesh extends Mesh {
  /**
   * Calls a function of many devices and gives their replies as they come, until `timeoutMs` is over or all `targets` have
   * answered. Rejects with `BP_DISCONNECTED`, `BP_VALUE_INVALID`, `BP_INVALID_ARGUMENT` (a `where` that is no CEL) or
   * `BP_ABORTED`; a device that fails is a reply with `ok: false`.
   */
  broadcast(name: string, params?: Params, options?: BroadcastOptions): AsyncGenerator<BroadcastReply, void, void>
  /**
   * Gives the replies to a broadcast of somebody else, or of another time, by its correlation id. What came before it
   * listened is lost, so begin before the broadcast, or let that have a `fireAt`. Rejects as {@link broadcast}.
   */
  awaitReplies(correlationId: string, options?: ReplyOptions): AsyncGenerator<BroadcastReply, void, void>
}

/**
 * Makes a host a device of a Device Connect network, over any transport; without a handler (`serve`) it is a mere client
 * that others do not see. Not for a network of another protocol: write another `Mesh` for that.
 *
 * The factory throws `BP_INVALID_ARGUMENT` for a device id or tenant that does not fit Device Connect's subjects.
 *
 * @example
 * ```ts
 * import { silentLogger, systemClock } from '@backplane/core'
 * import { deviceConnect } from '@backplane/mesh-device-connect'
 * import { natsTransport } from '@backplane/transport-nats'
 *
 * const join = deviceConnect({ transport: natsTransport({ servers: 'nats://127.0.0.1:4222' }) })
 * const mesh = join({ identity: { deviceId: 'client-1' }, logger: silentLogger, clock: systemClock })
 * await mesh.connect()
 * console.log(await mesh.invoke('plugin-host-1', 'get_status'))
 * await mesh.close()
 * ```
 */
export function deviceConnect(init: DeviceConnectInit): (components: DeviceConnectComponents) => DeviceConnectMesh {
  const { ttlSeconds = 15, debounceMs = 100, claimTimeoutMs = 1_000, maxWaitingEvents = 10_000 } = init
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1) {
    throw invalid('ttlSeconds', 'it must be a whole number of seconds, at least 1')
  }
  return (components) => {
    checkOwnId(components.identity.deviceId)
    checkTenant(components.identity.tenant ?? 'default')
    const status = init.status ?? (() => ({}))
    const settings = { ttlSeconds, status, debounceMs, claimTimeoutMs, maxWaitingEvents }
    return new Member(components, init.transport, settings)
  }
}
