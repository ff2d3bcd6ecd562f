// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are quoted code
import { type Mutation, rulesOf } from './mutation.ts'

/** Safety rules of `@backplane/mesh-device-connect`. */
export const meshDeviceConnect: readonly Mutation[] = rulesOf('mesh-device-connect', [
  {
    rule: 'a clause that is too long is refused',
    file: 'src/where.ts',
    find: 'if (expression.length > longest) throw refused(expression, `it is longer than ${longest} characters`)',
    replace:
      'if (false && (expression.length > longest)) throw refused(expression, `it is longer than ${longest} characters`)',
    tests: ['src/where.test.ts'],
  },
  {
    rule: 'values that are nested too deep are refused',
    file: 'src/where.ts',
    find: "if (depth > deepest) throw invalid('A value', `it is nested more than ${deepest} deep`)",
    replace: "if (false && (depth > deepest)) throw invalid('A value', `it is nested more than ${deepest} deep`)",
    tests: ['src/where.test.ts'],
  },
  {
    rule: 'an id that another device has is not taken',
    file: 'src/identity-claim.ts',
    find: 'if (isTaken) throw identityTaken(identity.deviceId)',
    replace: '',
    tests: ['test/presence.test.ts', 'test/registry.test.ts'],
  },
  {
    rule: 'a broadcast that means others is not run',
    file: 'src/broadcast-listener.ts',
    find: 'if (Array.isArray(targets) && targets.length > 0 && !targets.includes(deviceId)) return undefined',
    replace: '',
    tests: ['test/broadcast.test.ts'],
  },
  {
    rule: 'clauses of all senders together have a budget',
    file: 'src/where-budget.ts',
    find: 'if (this.#all.leftAt(now) <= 0 || own.leftAt(now) <= 0) return undefined',
    replace: 'if (own.leftAt(now) <= 0) return undefined',
    tests: ['src/where-budget.test.ts'],
  },
  {
    rule: 'clauses of one sender have a budget',
    file: 'src/where-budget.ts',
    find: 'if (this.#all.leftAt(now) <= 0 || own.leftAt(now) <= 0) return undefined',
    replace: 'if (this.#all.leftAt(now) <= 0) return undefined',
    tests: ['src/where-budget.test.ts'],
  },
  {
    rule: 'only so many clauses wait',
    file: 'src/where-budget.ts',
    find: 'if (this.#waiting >= mostWaiting) return undefined',
    replace: '',
    tests: ['src/where-budget.test.ts'],
  },
  {
    rule: 'only so many senders are kept',
    file: 'src/where-budget.ts',
    find: 'if (this.#senders.size > mostSenders && oldest !== undefined) this.#senders.delete(oldest)',
    replace: '',
    tests: ['src/where-budget.test.ts'],
  },
  {
    rule: 'a clause that is out of steps cannot go on',
    file: 'src/metered-cel.ts',
    find: 'spend(errorSteps)\n',
    replace: '',
    tests: ['src/where.test.ts'],
  },
  {
    rule: 'newcomers have a place where made-up peers hold all',
    file: 'src/peers.ts',
    find: 'this.#forget(last.id)\n    }',
    replace: 'return false\n    }',
    tests: ['src/peers.test.ts'],
  },
  {
    rule: 'who has been there for long does not give way',
    file: 'src/peers.ts',
    find: '(last && last.since > peer.since ? last : peer)',
    replace: '(last && last.since < peer.since ? last : peer)',
    tests: ['src/peers.test.ts'],
  },
  {
    rule: 'who is asked for does not give way',
    file: 'src/peers.ts',
    find: 'other !== id && !this.#wanted.has(other)',
    replace: 'other !== id',
    tests: ['src/peers.test.ts'],
  },
])
