/**
 * WebAssembly plugins with limits that hold: memory, fuel, time, depth and calls to the host, in this thread or in
 * workers. Runs modules of the Extism and of the VYRA convention and WIT components, alone or under a Backplane host.
 * Nothing of the host is seen but what is granted.
 *
 * @packageDocumentation
 */
export { assemblyBindings, type BindingsSource } from './bindings.ts'
export {
  type ComponentFunctions,
  type ComponentHostCall,
  type ComponentHostFunction,
  type ComponentPlugin,
  type ComponentPluginInit,
  componentPlugin,
} from './component/plugin.ts'
export { type RuntimeWasmErrorCode, runtimeWasmErrorCatalogue } from './errors.ts'
export type { ModuleExport } from './extism/exports.ts'
export type { HostCall, HostFunction, HostFunctions, HostResult } from './extism/host-functions.ts'
export type { LogLevel } from './extism/host-imports.ts'
export type { ExtismManifest, ManifestLike, WasmSource } from './extism/manifest.ts'
export {
  type ExtismPluginInit,
  type ExtismWasiInit,
  extismPlugin,
  type WasmCallOptions,
  type WasmPlugin,
} from './extism/plugin.ts'
export { signedBytes } from './host/signature.ts'
export { type WasmRuntimeComponents, type WasmRuntimeInit, wasmRuntime } from './host/wasm-runtime.ts'
export { type CallModuleInit, callModule, inspectModule, type ModuleReport } from './inspect.ts'
export { fuelVersion } from './module/instrument.ts'
export type { WasmLimits } from './sandbox/limits.ts'
export type { CallStats } from './sandbox/meter.ts'
export { engine, type WasmEngine } from './sandbox/shared-engine.ts'
export { starterFiles } from './starter.ts'
export { type FacadeAudit, type FacadeInit, PluginFacade } from './vyra/facade.ts'
export {
  BaseHostFunctions,
  NullHostFunctions,
  TransportHostFunctions,
  type TransportHostInit,
  type VyraClient,
  type VyraPublisher,
} from './vyra/host-functions.ts'
export { type PluginPool, type PluginPoolInit, pluginPool } from './vyra/pool.ts'
export { createPluginRuntime, type PluginRuntimeInit, type VyraCallOptions, type VyraRuntime } from './vyra/runtime.ts'
export type { AllowedPath, AllowedPaths } from './wasi/mounts.ts'
