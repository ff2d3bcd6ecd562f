import type { Device, Mesh, MeshComponents, MeshOptions, Params, TraceContext, TransportFactory } from '@backplane/core'
import type { BroadcastOptions } from './broadcast.ts'
import type { BroadcastReply, ReplyOptions } from './replies.ts'

/**
 * How devices find each other. `d2d` (or `p2p`): each announces itself to all. `infra`: each registers with the
 * network's registry service, and is found there; it announces itself all the same, for those that look by presence.
 */
export type DiscoveryMode = 'd2d' | 'p2p' | 'infra'

/** Options of `deviceConnect`. */
export interface DeviceConnectInit {
  /** What carries the messages. */
  readonly transport: TransportFactory
  /**
   * How devices find each other: by presence alone, or in a registry. These are the values of Device Connect's
   * `DEVICE_CONNECT_DISCOVERY_MODE`, where `p2p` is another word for `d2d`; but a mesh reads no environment.
   * @default 'd2d'
   */
  readonly discovery?: DiscoveryMode
  /** After how many seconds of silence the device counts as gone; heartbeats come three times as often. @default 15 */
  readonly ttlSeconds?: number
  /**
   * More facts for `status` (`battery`, `error_state`, ...), asked for each time it is announced. Must not throw.
   * @default none
   */
  readonly status?: () => Params
  /** Least time between two announcements of changes, in milliseconds; the first goes at once. @default 100 */
  readonly debounceMs?: number
  /**
   * How long a rival with the same device id has to answer before it counts as absent, in milliseconds.
   * @default 1000
   */
  readonly claimTimeoutMs?: number
  /**
   * With a registry: the longest wait before registering when it joins, in milliseconds, so that a fleet that starts at
   * once does not ask at once. `connect` does not wait for it. @default 2000
   */
  readonly registerJitterMs?: number
  /** With a registry: how many records one page of its answers has. @default 100 */
  readonly pageSize?: number
  /** Device types, of each of which one must be there before `connect` resolves. @default none */
  readonly dependsOn?: readonly string[]
  /** How long `connect` waits for each of `dependsOn`, in milliseconds, beyond its own time limit. @default 30000 */
  readonly dependsTimeoutMs?: number
  /**
   * Gives the trace that is under way, for calls and events that are given none: `activeTrace` of `@backplane/host`,
   * where OpenTelemetry is in use. @default none
   */
  readonly trace?: () => TraceContext | undefined
  /** How many events may wait for a slow transport. @default 10000 */
  readonly maxWaitingEvents?: number
}

/** What `deviceConnect` needs from its host. */
export type DeviceConnectComponents = MeshComponents

/** A {@link Mesh} that speaks Device Connect, with what only Device Connect has. */
export interface DeviceConnectMesh extends Mesh {
  /**
   * Finds devices and gives each as soon as it is known: a large registry answers page by page, and anyone who has seen
   * enough leaves the loop. `timeoutMs` is for all of it. Rejects as `discover`: with `BP_INVALID_ARGUMENT` (no
   * selector), `BP_DISCONNECTED`, `BP_ABORTED`, `BP_DEVICE_CONNECT_REGISTRY_UNAVAILABLE` or
   * `BP_DEVICE_CONNECT_REGISTRY_REFUSED`.
   */
  devices(selector?: string, options?: MeshOptions): AsyncGenerator<Device, void, void>
  /**
   * Gives the first device that a selector finds, now or as soon as one comes. Rejects with `BP_TIMEOUT` after
   * `timeoutMs` (10 s where none is given), and as {@link devices}.
   */
  waitFor(selector: string, options?: MeshOptions): Promise<Device>
  /**
   * Calls a function of many devices and gives their replies as they come, until `timeoutMs` is over or all `targets`
   * have answered. Rejects with `BP_DISCONNECTED`, `BP_VALUE_INVALID`, `BP_INVALID_ARGUMENT` (a `where` that is no CEL)
   * or `BP_ABORTED`; a device that fails is a reply with `ok: false`.
   */
  broadcast(name: string, params?: Params, options?: BroadcastOptions): AsyncGenerator<BroadcastReply, void, void>
  /**
   * Gives the replies to a broadcast of somebody else, or of another time, by its correlation id. What came before it
   * listened is lost, so begin before the broadcast, or let that have a `fireAt`. Rejects as {@link broadcast}.
   */
  awaitReplies(correlationId: string, options?: ReplyOptions): AsyncGenerator<BroadcastReply, void, void>
}
