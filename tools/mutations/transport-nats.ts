// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are quoted code
import { type Mutation, rulesOf } from './mutation.ts'

/** Safety rules of `@backplane/transport-nats`. */
export const transportNats: readonly Mutation[] = rulesOf('transport-nats', [
  {
    rule: 'refuses with BP_NO_RESPONDER',
    file: 'src/service-errors.ts',
    find: 'if (headers.code === 503 && data.length === 0) ',
    replace: 'if (false && (headers.code === 503 && data.length === 0)) ',
    tests: ['test/chaos.test.ts', 'test/transport.test.ts'],
  },
  {
    rule: 'a caller cannot make the host publish where it may not',
    file: 'src/reply-subjects.ts',
    find: 'if (replySubjects.some((pattern) => matchSubject(pattern, reply))) return true',
    replace: 'return true',
    tests: ['test/transport.test.ts'],
  },
  {
    rule: 'refusals of reply subjects do not flood the log',
    file: 'src/reply-subjects.ts',
    find: 'rationedLogger(logger, linesPerSecond, clock)',
    replace: 'logger',
    tests: ['test/transport.test.ts'],
  },
])
