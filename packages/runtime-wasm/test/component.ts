import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools'
import { componentize } from 'componentize-qjs'
import { wat } from './wat.ts'

/** Makes a component of a core module in text; only for tests. */
export async function component(wit: string, module: string): Promise<Uint8Array<ArrayBuffer>> {
  const binary = await componentEmbed({ binary: wat(module), witSource: wit })
  return new Uint8Array(await componentNew(binary, []))
}

/** Makes a component of JavaScript, which runs in the QuickJS that is put into it; only for tests. */
export async function scriptComponent(
  wit: string,
  script: string,
  init: { readonly wasi?: boolean } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const dir = mkdtempSync(join(tmpdir(), 'backplane-runtime-wasm-'))
  try {
    const witPath = join(dir, 'world.wit')
    writeFileSync(witPath, wit)
    const how = { sync: true, optSize: true, stubWasi: !init.wasi }
    return new Uint8Array((await componentize({ witPath, jsSource: script, ...how })).component)
  } finally {
    rmSync(dir, { recursive: true })
  }
}
