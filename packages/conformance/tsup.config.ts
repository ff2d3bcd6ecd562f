import { resolve } from 'node:path'
import { defineConfig, type Options } from 'tsup'
import { library } from '../../tools/tsup.ts'

// Both write to `dist` at the same time: neither may clean it.
const both = { ...(library() as Options), clean: false }
const vitest = resolve(import.meta.dirname, 'src/vitest-for-require.ts')

/** As every package, but for `require()`: vitest cannot be required, so something stands in for it there. */
export default defineConfig([
  { ...both, format: ['esm'] },
  {
    ...both,
    format: ['cjs'],
    noExternal: ['vitest'],
    esbuildOptions(options) {
      options.alias = { vitest }
    },
  },
])
