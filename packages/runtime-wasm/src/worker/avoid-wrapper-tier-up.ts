import { setFlagsFromString } from 'node:v8'

/**
 * Keeps V8 13 (that of Node 24) from compiling the wrappers of functions that WebAssembly imports: it frees them in a
 * way that can end the whole process while threads run (docs/architecture.md, "Isolation levels"). Call it before a
 * thread is made. A call from WebAssembly to JavaScript takes 28 ns then rather than 5 ns.
 */
export function avoidWrapperTierUp(): void {
  if (process.versions.v8.startsWith('13.')) setFlagsFromString('--wasm-wrapper-tiering-budget=2147483647')
}
