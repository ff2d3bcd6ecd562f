import { defineConfig } from 'tsup'

/**
 * The one build description of every published package: ESM and CommonJS with declarations for each.
 *
 * @param entry - entry points, by output name (`{ index: 'src/index.ts' }`)
 */
export function library(entry: Record<string, string> = { index: 'src/index.ts' }) {
  return defineConfig({
    entry,
    format: ['esm', 'cjs'],
    dts: true,
    target: 'node22',
    platform: 'node',
    sourcemap: true,
    clean: true,
    tsconfig: '../../tsconfig.build.json',
  })
}
