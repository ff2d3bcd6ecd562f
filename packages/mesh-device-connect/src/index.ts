/**
 * Device Connect over any transport: commands, events, presence, broadcast, discovery and invocation.
 *
 * It makes a plugin host a device of a Device Connect network, so stock Python agents and devices discover it, call its
 * functions and hear its events, and it discovers and calls them. What carries the messages is any transport of
 * `@backplane/core`: NATS, Zenoh, memory, or one of your own.
 *
 * @packageDocumentation
 */
export type { BroadcastOptions } from './broadcast.ts'
export type {
  DeviceConnectComponents,
  DeviceConnectInit,
  DeviceConnectMesh,
  DiscoveryMode,
} from './contract.ts'
export { deviceConnect } from './device-connect.ts'
export { type DeviceConnectErrorCode, deviceConnectErrorCatalogue } from './errors.ts'
export type { BroadcastReply, ReplyOptions } from './replies.ts'
export { select } from './selector.ts'
export { type Filter, type KeyFilter, parseSelector, type Selector } from './selector-parser.ts'
export { type Subjects, subjectsOf } from './subjects.ts'
