import { copyFile } from 'node:fs/promises'
import { defineConfig } from 'tsup'

/**
 * The one build description of every published package: ESM and CommonJS with declarations for each, and the licence.
 *
 * @param entry - entry points, by output name: `library({ index: 'src/index.ts', broker: 'src/broker/index.ts' })`
 */
export function library(entry: Record<string, string> = { index: 'src/index.ts' }) {
  return defineConfig({
    entry,
    format: ['esm', 'cjs'],
    dts: true,
    target: 'node22',
    platform: 'node',
    // The sources come along once, in `src`; maps only point to them.
    sourcemap: true,
    esbuildOptions: (options) => {
      options.sourcesContent = false
    },
    clean: true,
    // Some modules of Node (`node:sqlite`) have no other name.
    removeNodeProtocol: false,
    tsconfig: '../../tsconfig.build.json',
    onSuccess: () => copyFile('../../LICENSE', 'dist/LICENSE'),
  })
}
