import { type BackplaneError, coreError, type Manifest } from '@backplane/core'
import { classDefinition, type PluginClass } from './class-plugin.ts'
import type { PluginDefinition } from './plugin.ts'

const parts = [
  'functions',
  'events',
  'periodic',
  'subscriptions',
  'setup',
  'teardown',
  'onEvent',
  'configure',
  'health',
  'handOver',
] as const satisfies readonly (keyof PluginDefinition)[]

type Exports = { readonly [name: string]: unknown }

/** Whether a value looks like a plugin: a class, or an object with at least one part of a definition. */
export function isPlugin(value: unknown): value is PluginDefinition | PluginClass {
  if (typeof value === 'function') return isClass(value)
  return typeof value === 'object' && value !== null && parts.some((part) => part in value)
}

/**
 * Finds the plugin among a module's exports: what `class_name` names, else the default export, else the named exports
 * taken together. Throws `BP_PLUGIN_LOAD_FAILED` saying what it found instead.
 */
export function exportedPlugin(module: unknown, manifest: Manifest): PluginDefinition {
  const exports = module as Exports
  const name = manifest.class_name
  const found = name === undefined ? (unwrapped(exports) ?? exports) : named(exports, name)
  if (name !== undefined && found === undefined) {
    throw failed(manifest, `its entry point exports no '${name}' (class_name); it exports ${listed(exports)}`)
  }
  if (typeof found === 'function' && isClass(found)) return classDefinition(found as unknown as PluginClass, manifest)
  if (isPlugin(found)) return found as PluginDefinition
  const where = name === undefined ? 'its entry point' : `'${name}'`
  throw failed(
    manifest,
    `${where} exports no plugin (an object with functions, events, periodic or setup, or a class); it exports ${listed(exports)}`,
  )
}

/** The default export; that of code compiled to CommonJS lies one level deeper. */
function unwrapped(exports: Exports): unknown {
  const outer = exports.default
  const compiled = typeof outer === 'object' && outer !== null && '__esModule' in outer && 'default' in outer
  return compiled ? outer.default : outer
}

function named(exports: Exports, name: string): unknown {
  // CommonJS exports that Node cannot see without running the code are only on the default export.
  const inner = exports.default as Exports | undefined
  return exports[name] ?? (typeof inner === 'object' && inner !== null ? inner[name] : undefined)
}

// Arrow functions and methods cannot be constructed; they have no prototype.
function isClass(value: object): boolean {
  return typeof value === 'function' && typeof value.prototype === 'object' && value.prototype !== null
}

function listed(exports: Exports): string {
  const names = Object.keys(exports)
  return names.length === 0 ? 'nothing' : names.map((name) => `'${name}'`).join(', ')
}

function failed(manifest: Manifest, reason: string): BackplaneError {
  return coreError('BP_PLUGIN_LOAD_FAILED', { details: { plugin: manifest.id, reason } })
}
