// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are quoted code
import { type Mutation, rulesOf } from './mutation.ts'

/** Safety rules of `@backplane/runtime-wasm`. */
export const runtimeWasm: readonly Mutation[] = rulesOf('runtime-wasm', [
  {
    rule: 'refuses with BP_WASM_HASH',
    file: 'src/extism/sources.ts',
    find: 'if (actual !== expected.toLowerCase()) ',
    replace: 'if (false && (actual !== expected.toLowerCase())) ',
    tests: ['test/linking.test.ts', 'test/host.test.ts'],
  },
  {
    rule: 'a pipe or a device is no plugin file',
    file: 'src/module/read-file.ts',
    find: 'if (!about.isFile()) ',
    replace: 'if (false && (!about.isFile())) ',
    tests: ['src/module/read-file.test.ts'],
  },
  {
    rule: 'a limit with a slip in its name is refused',
    file: 'src/sandbox/limits.ts',
    find: "if (!Object.hasOwn(defaults, name)) throw invalid(name, 'there is no such limit')",
    replace: "if (false && (!Object.hasOwn(defaults, name))) throw invalid(name, 'there is no such limit')",
    tests: ['src/sandbox/limits.test.ts'],
  },
  {
    rule: 'a limit that is no number is refused',
    file: 'src/sandbox/limits.ts',
    find: "if (typeof value !== 'number' || Number.isNaN(value) || value < 0) throw invalid(name, 'it must be a number >= 0')",
    replace:
      "if (false && (typeof value !== 'number' || Number.isNaN(value) || value < 0)) throw invalid(name, 'it must be a number >= 0')",
    tests: ['src/sandbox/limits.test.ts'],
  },
  {
    rule: "the host's limits cap what a manifest asks for",
    file: 'src/host/wasm-runtime.ts',
    find: 'Math.min(limits[name] ?? value, value)',
    replace: 'value',
    tests: ['test/host.test.ts'],
  },
  {
    rule: 'elements of all tables together are limited',
    file: 'src/sandbox/meter.ts',
    find: 'bounds.initial, this.elements)',
    replace: 'bounds.initial, 0)',
    tests: ['test/linking.test.ts', 'test/defects.test.ts', 'src/sandbox/engine.test.ts', 'test/budgets.test.ts'],
  },
  {
    rule: 'the footprint of all modules together is limited',
    file: 'src/sandbox/meter.ts',
    find: 'if (this.#footprint > footprintBytes) {',
    replace: 'if (false) {',
    tests: ['test/budgets.test.ts'],
  },
  {
    rule: 'the footprint of a module is limited before it is compiled',
    file: 'src/module/instrument.ts',
    find: 'if (shape.footprint > footprintBytes) {',
    replace: 'if (false) {',
    tests: ['src/module/instrument.test.ts'],
  },
  {
    rule: 'elements of the tables of a module are limited',
    file: 'src/module/instrument.ts',
    find: 'if (elements > tableElements) {',
    replace: 'if (false) {',
    tests: ['src/module/instrument.test.ts', 'src/sandbox/engine.test.ts', 'test/budgets.test.ts'],
  },
  {
    rule: 'a module cannot name what the sandbox adds',
    file: 'src/module/instrument.ts',
    find: 'if (taken) {',
    replace: 'if (false) {',
    tests: ['src/module/instrument.test.ts', 'src/sandbox/engine.test.ts'],
  },
  {
    rule: 'a call that waits for its own plugin is refused',
    file: 'src/sandbox/nesting.ts',
    find: 'if (outer.nested === 0 && this.#blocked + 1 >= this.#instances) throw this.#refusal()',
    replace: '',
    tests: ['test/nesting.test.ts'],
  },
  {
    rule: 'only trusted keys sign',
    file: 'src/host/signature.ts',
    find: 'if (!trusted.includes(signature.key)) throw refuse(`the key ${signature.key} is not trusted here`)',
    replace: '',
    tests: ['test/host.test.ts'],
  },
  {
    rule: 'what was changed after it was signed is refused',
    file: 'src/host/signature.ts',
    find: "if (!holds) throw refuse('the module or its manifest has been changed')",
    replace: '',
    tests: ['test/host.test.ts'],
  },
])
