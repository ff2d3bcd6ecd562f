import { Engine } from './engine.ts'

/** Keeps compiled modules, to be shared between plugins. */
export interface WasmEngine {
  /** Forgets what it has compiled; what runs goes on. */
  clear(): void
}

/** Makes an engine. Not needed for one plugin: each has its own then. */
export function engine(): WasmEngine {
  return new Engine()
}

/** The engine behind the interface. */
export function engineOf(given: WasmEngine | undefined): Engine {
  return given instanceof Engine ? given : new Engine()
}
