/**
 * WebAssembly plugins for a Backplane host, with limits that hold.
 *
 * @packageDocumentation
 */
export { type RuntimeWasmErrorCode, runtimeWasmErrorCatalogue } from './errors.ts'
export { type ExtismPluginInit, extismPlugin } from './extism/plugin.ts'
