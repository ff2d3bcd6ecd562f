import { defineConfig } from 'vitest/config'

/** Tests run on source: the `@backplane/source` condition makes every sibling import resolve to its `src`. */
export default defineConfig({
  ssr: { resolve: { conditions: ['@backplane/source'] } },
  test: {
    include: ['packages/*/{src,test}/**/*.test.ts', 'examples/*/**/*.test.ts', '{tools,bench}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/fixtures/**'],
    testTimeout: 15_000,
    // What is polled comes at once, or a moment later on a busy machine.
    expect: { poll: { timeout: 10_000 } },
  },
})
