// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are quoted code
import { type Mutation, rulesOf } from './mutation.ts'

/** Safety rules of `@backplane/core`. */
export const core: readonly Mutation[] = rulesOf('core', [
  {
    rule: 'the value and default of a password item are hidden',
    file: 'src/runtime/masking.ts',
    find: "fields.type === 'password' || ",
    replace: '',
    tests: ['src/runtime/masking.test.ts'],
  },
  {
    rule: 'a change for a plugin that is not up is pending',
    file: 'src/slot.ts',
    find: "if (!current) return 'pending'",
    replace: 'if (!current) return undefined',
    tests: ['src/host.test.ts'],
  },
  {
    rule: 'a change that comes while an instance starts reaches it',
    file: 'src/slot.ts',
    find: 'if (!change || !current) return',
    replace: 'return',
    tests: ['src/host.test.ts'],
  },
  {
    rule: 'records of a plugin are rationed',
    file: 'src/rationed-logger.ts',
    find: 'return ++count <= perSecond',
    replace: 'return ++count > 0',
    tests: ['src/plugin-logger.test.ts'],
  },
  {
    rule: 'calls at a time are limited',
    file: 'src/admission.ts',
    find: 'if (inFlight >= this.#concurrency)',
    replace: 'if (inFlight > this.#concurrency)',
    tests: ['src/host.test.ts', 'src/slot.test.ts'],
  },
  {
    rule: 'calls a second are limited',
    file: 'src/admission.ts',
    find: 'if (this.#tokens < 1) return',
    replace: 'if (this.#tokens < 0) return',
    tests: ['src/host.test.ts', 'src/slot.test.ts'],
  },
  {
    rule: 'secrets are hidden by their name',
    file: 'src/runtime/masking.ts',
    find: 'walk(one, isHeld || isSecretName(name), depth + 1)',
    replace: 'walk(one, isHeld, depth + 1)',
    tests: ['src/runtime/masking.test.ts'],
  },
  {
    rule: 'values of an environment are hidden',
    file: 'src/runtime/masking.ts',
    find: 'isEnvironment(name, one) ? environment(one) : walk(',
    replace: 'walk(',
    tests: ['src/runtime/masking.test.ts'],
  },
  {
    rule: 'what follows an option with the name of a secret is hidden',
    file: 'src/runtime/masking.ts',
    find: 'isSecret || isOption(value[at - 1])',
    replace: 'isSecret',
    tests: ['src/runtime/masking.test.ts'],
  },
  {
    rule: 'no value is too deep to be hidden',
    file: 'src/runtime/masking.ts',
    find: 'if (depth > 50) return mask',
    replace: 'if (depth > 50) return value',
    tests: ['src/runtime/masking.test.ts'],
  },
  {
    rule: 'details of errors hold no secret',
    file: 'src/runtime/masking.ts',
    find: 'if (JSON.stringify(masked, lenientReplacer) === JSON.stringify(said, lenientReplacer)) return error\n    return BackplaneError.revive(masked)',
    replace: 'return error',
    tests: ['src/runtime/masking.test.ts'],
  },
  {
    rule: 'private keys are hidden by their form',
    file: 'src/runtime/masking.ts',
    find: '(?:PRIVATE KEY|NKEY SEED)',
    replace: '(?:NKEY SEED)',
    tests: ['src/runtime/masking.test.ts'],
  },
  {
    rule: 'a password in an address is hidden',
    file: 'src/runtime/masking.ts',
    find: '`$1${mask}@`',
    replace: "'$&'",
    tests: ['src/runtime/masking.test.ts'],
  },
  {
    rule: 'one that does not answer is given up',
    file: 'src/liveness.ts',
    find: 'this.#after(timeoutMs / 2, () => this.#late(asking))',
    replace: '{}',
    tests: ['src/liveness.test.ts'],
  },
])
