// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are quoted code
import { type Mutation, rulesOf } from './mutation.ts'

/** Safety rules of `@backplane/runtime-worker`. */
export const runtimeWorker: readonly Mutation[] = rulesOf('runtime-worker', [
  {
    rule: 'a value beyond the limit is not sent to the worker',
    file: 'src/process-line.ts',
    find: 'if (frame.length > limit) ',
    replace: 'if (false && (frame.length > limit)) ',
    tests: ['test/worker.test.ts'],
  },
  {
    rule: 'a message that refers to bytes that are not there is refused',
    file: 'src/frames.ts',
    find: "if (!part) throw new SyntaxError('it refers to bytes that are not there')",
    replace: "if (false && (!part)) throw new SyntaxError('it refers to bytes that are not there')",
    tests: ['src/frames.test.ts'],
  },
  {
    rule: 'a plugin sees the variables that were named, and no others',
    file: 'src/worker-runtime.ts',
    find: 'const env = variables([...(init.env ?? harmless), ...(manifest.permissions?.env ?? [])])',
    replace: 'const env = variables(Object.keys(process.env))',
    tests: ['test/worker.test.ts'],
  },
  {
    rule: 'a process whose answer is overdue is ended',
    file: 'src/overdue.ts',
    find: 'if (this.#timers.get(id) === timer) this.#process.kill',
    replace: 'if (false) this.#process.kill',
    tests: ['test/worker.test.ts'],
  },
  {
    rule: 'limits of memory are set before the program runs',
    file: 'src/limits.ts',
    find: 'if (memory_mb !== undefined && isLinux) ',
    replace: 'if (false) ',
    tests: ['test/worker.test.ts'],
  },
])
