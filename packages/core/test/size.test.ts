import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { buildSync } from 'esbuild'
import { expect, it } from 'vitest'

it('costs whoever imports the main entry at most 10 kB, minified and gzipped', () => {
  const entry = join(import.meta.dirname, '../src/index.ts')
  const { outputFiles } = buildSync({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2023',
    write: false,
  })
  expect(gzipSync(outputFiles[0]!.contents, { level: 9 }).length).toBeLessThanOrEqual(10_000)
})
