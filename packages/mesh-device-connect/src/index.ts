/**
 * Device Connect over any transport: commands, events, presence, broadcast, discovery and invocation.
 *
 * @packageDocumentation
 */
export {
  type MeshDeviceConnect,
  type MeshDeviceConnectComponents,
  type MeshDeviceConnectInit,
  meshDeviceConnect,
} from './mesh-device-connect.ts'
