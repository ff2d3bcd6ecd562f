import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll } from 'vitest'

/** Bundles the thread's code, as a user's bundler may: many threads start sooner than from source. */
export async function bundledThread(): Promise<URL> {
  const dir = mkdtempSync(join(tmpdir(), 'backplane-runtime-wasm-'))
  afterAll(() => rmSync(dir, { recursive: true }))
  const outfile = join(dir, 'thread.mjs')
  await build({
    entryPoints: [join(import.meta.dirname, '../src/thread.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    conditions: ['@backplane/source'],
  })
  return pathToFileURL(outfile)
}
