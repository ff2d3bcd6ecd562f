/**
 * In-memory implementations of the contracts, with knobs for latency and faults: for tests, and for hosts that are
 * alone.
 *
 * @packageDocumentation
 */
export { type MemoryConfig, memoryConfig } from './config.ts'
export type {
  FunctionDefinition,
  FunctionHandler,
  FunctionModule,
  FunctionPlugin,
  FunctionPluginContext,
} from './function-plugin.ts'
export { type FunctionRuntimeInit, functionRuntime } from './function-runtime.ts'
export type { MemoryLineInit } from './line.ts'
export { type ManualClock, manualClock } from './manual-clock.ts'
export { type MemoryMeshInit, memoryMesh } from './mesh.ts'
export { type MemoryNetwork, type MemoryNetworkInit, memoryNetwork } from './network.ts'
export { type MemoryTransportInit, memoryTransport } from './transport.ts'
