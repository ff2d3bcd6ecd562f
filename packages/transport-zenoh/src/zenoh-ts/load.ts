import { readFileSync } from 'node:fs'
import nodeModule, { type LoadHookContext, type ResolveHookContext } from 'node:module'
import { messageOf } from '@backplane/core'
import { zenohError } from '../errors.ts'
import type { ZenohTs } from './shapes.ts'

/** Marks the modules of the copy that is loaded here, which is not the one that an application imports by itself. */
const mark = '?backplane'

/**
 * Loads `@eclipse-zenoh/zenoh-ts`, which is an optional peer, when it is first needed.
 *
 * The library writes to `console` while it connects and whenever a late answer comes, and has no switch for it. So its
 * modules are loaded as a copy of their own in which the name `console` is a silent one; the global one is left alone.
 * Its WebAssembly is instantiated by hand in that copy, since importing it makes Node print a warning. Where a bundler
 * has drawn the library in, this does not apply, and it is as noisy as it is.
 *
 * Rejects with `BP_ZENOH_NODE_TOO_OLD` or `BP_ZENOH_CLIENT_MISSING`.
 */
export async function loadZenohTs(): Promise<ZenohTs> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  // From these on Node has what the library needs: ES modules of WebAssembly without a flag.
  if (major < 22 || (major === 22 && minor < 19) || major === 23 || (major === 24 && minor < 5))
    throw zenohError('BP_ZENOH_NODE_TOO_OLD', { details: { version: process.versions.node } })
  const hooks = nodeModule.registerHooks({ resolve, load })
  try {
    return (await import('@eclipse-zenoh/zenoh-ts')) as unknown as ZenohTs
  } catch (thrown) {
    throw zenohError('BP_ZENOH_CLIENT_MISSING', { details: { reason: messageOf(thrown) }, cause: thrown })
  } finally {
    hooks.deregister()
  }
}

/** Node's own types leave WebAssembly to those of the browser. */
interface WebAssemblyModules {
  Module: (new (
    bytes: Uint8Array,
  ) => object) & {
    imports(module: object): { module: string }[]
    exports(module: object): { name: string }[]
  }
}

type Hooks = Parameters<typeof nodeModule.registerHooks>[0]
type Resolved = ReturnType<NonNullable<Hooks['resolve']>>
type Loaded = ReturnType<NonNullable<Hooks['load']>>

function resolve(
  specifier: string,
  context: ResolveHookContext,
  next: (specifier: string, context?: Partial<ResolveHookContext>) => Resolved,
): Resolved {
  const resolved = next(specifier, context)
  const whole = /\/@eclipse-zenoh\/zenoh-ts\/dist\/[^?]*$/.test(resolved.url)
  return whole ? { ...resolved, url: resolved.url + mark } : resolved
}

function load(
  url: string,
  context: LoadHookContext,
  next: (url: string, context?: Partial<LoadHookContext>) => Loaded,
): Loaded {
  if (!url.endsWith(mark)) return next(url, context)
  const file = new URL(url.slice(0, -mark.length))
  if (file.pathname.endsWith('.wasm')) return { format: 'module', shortCircuit: true, source: instantiating(file) }
  const silent = 'const console = { log() {}, info() {}, warn() {}, error() {}, debug() {} };'
  return { format: 'module', shortCircuit: true, source: silent + readFileSync(file, 'utf8') }
}

/** A module with the exports of a WebAssembly file whose imports all come from its `_bg.js`. */
function instantiating(file: URL): string {
  const bytes = readFileSync(file)
  const { Module } = Reflect.get(globalThis, 'WebAssembly') as WebAssemblyModules
  const module = new Module(bytes)
  const from = [...new Set(Module.imports(module).map((entry) => entry.module))]
  const names = Module.exports(module).map(({ name }) => name)
  return [
    ...from.map((specifier, index) => `import * as from${index} from ${JSON.stringify(specifier)};`),
    `const bytes = Uint8Array.from(atob('${bytes.toString('base64')}'), (each) => each.charCodeAt(0));`,
    `const imports = { ${from.map((specifier, index) => `${JSON.stringify(specifier)}: from${index}`).join(', ')} };`,
    'const { instance } = await WebAssembly.instantiate(bytes, imports);',
    ...names.map((name) => `export const ${name} = instance.exports.${name};`),
  ].join('\n')
}
