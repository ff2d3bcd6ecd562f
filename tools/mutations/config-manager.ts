// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are quoted code
import { type Mutation, rulesOf } from './mutation.ts'

/** Safety rules of `@backplane/config-manager`. */
export const configManager: readonly Mutation[] = rulesOf('config-manager', [
  {
    rule: 'a secret is not kept where there is no place for secrets',
    file: 'src/secrets.ts',
    find: 'if (!secrets) ',
    replace: 'if (false && (!secrets)) ',
    tests: ['test/keeping.test.ts'],
  },
  {
    rule: 'a password sent back as **** leaves the secret as it is',
    file: 'src/change.ts',
    find: 'if (policy.hidesSecrets && request.given === redacted && isSecretItem(name, item)) return undefined',
    replace: '',
    tests: ['test/keeping.test.ts'],
  },
  {
    rule: 'secrets are hidden where configuration is shown',
    file: 'src/audit.ts',
    find: 'if (!isSecretItem(name, item)) return item',
    replace: 'return item',
    tests: ['test/keeping.test.ts'],
  },
  {
    rule: 'a text with the name of a secret is a secret',
    file: 'src/audit.ts',
    find: "(type === 'string' && isSecretName(name))",
    replace: 'false',
    tests: ['test/keeping.test.ts'],
  },
  {
    rule: 'the default of a password is kept apart',
    file: 'src/secrets.ts',
    find: "const secretProperties = ['value', 'default'] as const",
    replace: "const secretProperties = ['value'] as const",
    tests: ['test/keeping.test.ts'],
  },
  {
    rule: 'a role that an item does not name may not change it',
    file: 'src/change.ts',
    find: 'if (roles.includes(actor.role as string)) return true',
    replace: 'return true',
    tests: ['test/values.test.ts', 'test/hostile.test.ts', 'test/registration.test.ts', 'test/keeping.test.ts'],
  },
  {
    rule: 'an actor without a role may change nothing',
    file: 'src/change.ts',
    find: "actor.admin === true || typeof actor.role === 'string') return true",
    replace: 'true) return true',
    tests: ['test/values.test.ts', 'test/hostile.test.ts', 'test/registration.test.ts', 'test/keeping.test.ts'],
  },
  {
    rule: 'a change on an old revision is refused',
    file: 'src/change.ts',
    find: 'if (expected === undefined || actual === undefined || actual === expected) return',
    replace: 'return',
    tests: ['test/values.test.ts', 'test/transactions.test.ts'],
  },
])
