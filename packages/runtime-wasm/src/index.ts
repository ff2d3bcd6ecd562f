/**
 * WebAssembly plugins for a Backplane host, with limits that hold.
 *
 * @packageDocumentation
 */
export { type RuntimeWasmErrorCode, runtimeWasmErrorCatalogue } from './errors.ts'
