// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are quoted code
import { type Mutation, rulesOf } from './mutation.ts'

/** Safety rules of `@backplane/runtime-node`. */
export const runtimeNode: readonly Mutation[] = rulesOf('runtime-node', [
  {
    rule: 'a worker sees the variables that its manifest names, and no others',
    file: 'src/worker/plugin-worker.ts',
    find: 'const names = [...harmless, ...(permissions.env ?? [])]',
    replace: 'const names = Object.keys(process.env)',
    tests: ['test/isolations.test.ts', 'test/worker.test.ts'],
  },
])
