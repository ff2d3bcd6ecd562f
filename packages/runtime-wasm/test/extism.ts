import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type ExtismPluginInit, extismPlugin, type WasmPlugin } from '../src/extism/plugin.ts'
import { wat } from './wat.ts'

/** The guest of `fixtures/extism.wat`. */
export const extismModule = wat(readFileSync(join(import.meta.dirname, 'fixtures/extism.wat'), 'utf8'))

/** Its one import of the user's namespace, giving back what it is given. */
export const reflect: NonNullable<ExtismPluginInit['functions']> = {
  'extism:host/user': { reflect: (call, handle) => call.store(call.bytes(handle as bigint)) },
}

/** Loads it; closed when the test is over. */
export async function testPlugin(init: ExtismPluginInit = {}, manifest: object = {}): Promise<WasmPlugin> {
  const plugin = await extismPlugin({ wasm: [{ data: extismModule }], ...manifest }, { functions: reflect, ...init })
  onTestFinished(() => plugin.close())
  return plugin
}

export const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
