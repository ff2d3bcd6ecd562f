/**
 * Device Connect over any transport: commands, events, presence, broadcast, discovery and invocation.
 *
 * @packageDocumentation
 */
export type { BroadcastOptions, BroadcastReply } from './broadcast.ts'
export {
  type DeviceConnectComponents,
  type DeviceConnectInit,
  type DeviceConnectMesh,
  deviceConnect,
} from './device-connect.ts'
export { deviceConnectErrors } from './errors.ts'
export { type Filter, type KeyFilter, parseSelector, type Selector, select } from './selector.ts'
