// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are quoted code
import { type Mutation, rulesOf } from './mutation.ts'

/** Safety rules of `@backplane/nats-broker`. */
export const natsBroker: readonly Mutation[] = rulesOf('nats-broker', [
  {
    rule: 'refuses with BP_PORT_IN_USE',
    file: 'src/broker.ts',
    find: "if (code === 'EADDRINUSE') ",
    replace: "if (false && (code === 'EADDRINUSE')) ",
    tests: ['test/broker.test.ts'],
  },
  {
    rule: 'a busy client works no longer than its slice',
    file: 'src/turns.ts',
    find: 'if (worker.work(new Slice(Math.min(end, began + clientMs)))) this.#enter(worker)',
    replace: 'if (worker.work(new Slice(Math.min(end, began + 10 * clientMs)))) this.#enter(worker)',
    tests: ['src/turns.test.ts'],
  },
  {
    rule: 'a client in line is not served at once',
    file: 'src/turns.ts',
    find: 'if (this.#inLine.has(worker)) return\n',
    replace: '',
    tests: ['src/turns.test.ts'],
  },
])
