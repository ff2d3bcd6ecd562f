// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are quoted code
import { type Mutation, rulesOf } from './mutation.ts'

/** Safety rules of `@backplane/runtime-python`. */
export const runtimePython: readonly Mutation[] = rulesOf('runtime-python', [
  {
    rule: 'a value beyond the limit is not sent to the worker',
    file: 'src/worker/worker-process.ts',
    find: 'if (frame.length > limit) ',
    replace: 'if (false && (frame.length > limit)) ',
    tests: ['test/faults.test.ts'],
  },
  {
    rule: 'a message that refers to bytes that are not there is refused',
    file: 'src/worker/frames.ts',
    find: "if (!part) throw new SyntaxError('it refers to bytes that are not there')",
    replace: "if (false && (!part)) throw new SyntaxError('it refers to bytes that are not there')",
    tests: ['test/protocol.test.ts'],
  },
])
