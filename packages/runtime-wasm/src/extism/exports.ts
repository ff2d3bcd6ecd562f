import type { CompiledModule } from '../sandbox/engine.ts'

const kinds = ['function', 'table', 'memory', 'global', 'tag'] as const

/** One export of a module, by the names that `WebAssembly.Module.exports` has for kinds. */
export interface ModuleExport {
  readonly name: string
  readonly kind: (typeof kinds)[number]
}

/** What the main module exports, in its order; nothing that instrumenting has added. */
export function exportsOf(modules: readonly CompiledModule[]): ModuleExport[] {
  const main = modules.find(({ name }) => name === 'main')
  return (main?.shape.exports ?? []).map(({ name, kind }) => ({ name, kind: kinds[kind] as ModuleExport['kind'] }))
}
