// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are quoted code
import { type Mutation, rulesOf } from './mutation.ts'

/** Safety rules of `@backplane/transport-zenoh`. */
export const transportZenoh: readonly Mutation[] = rulesOf('transport-zenoh', [
  {
    rule: 'one member of a queue group takes a message',
    file: 'src/queue-group.ts',
    find: 'const decide = () => (this.#mine(identity) ? take() : leave())',
    replace: 'const decide = () => take()',
    tests: ['src/queue-group.test.ts'],
  },
])
