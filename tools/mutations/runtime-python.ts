import { type Mutation, rulesOf } from './mutation.ts'

/** Safety rules of `@backplane/runtime-python`. */
export const runtimePython: readonly Mutation[] = rulesOf('runtime-python', [
  {
    rule: 'a plugin sees the variables that its manifest names, and no others',
    file: 'src/python-home.ts',
    find: '...environmentOf([...(this.#init.env ?? harmless), ...(manifest.permissions?.env ?? [])]),',
    replace: '...environmentOf(Object.keys(process.env)),',
    tests: ['test/capability.test.ts'],
  },
])
