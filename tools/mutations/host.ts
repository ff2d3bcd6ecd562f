// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are quoted code
import { type Mutation, rulesOf } from './mutation.ts'

/** Safety rules of `@backplane/host`. */
export const host: readonly Mutation[] = rulesOf('host', [
  {
    rule: 'nothing is installed where that is off',
    file: 'src/management.ts',
    find: 'if (install && !this.#init.installs) ',
    replace: 'if (false && (install && !this.#init.installs)) ',
    tests: ['test/management.test.ts'],
  },
  {
    rule: 'an id that could leave its folder is refused',
    file: 'src/plugin-folder.ts',
    find: 'if (!plainName.test(id)) ',
    replace: 'if (false && (!plainName.test(id))) ',
    tests: ['src/plugin-folder.test.ts'],
  },
  {
    rule: 'lists show no secrets of manifests',
    file: 'src/management.ts',
    find: 'withoutPaths(maskValue(raw)) as Value',
    replace: 'withoutPaths(raw) as Value',
    tests: ['test/management.test.ts'],
  },
  {
    rule: 'records of one text are rationed',
    file: 'src/rationed-logger.ts',
    find: 'return ration.count <= most',
    replace: 'return true',
    tests: ['src/rationed-logger.test.ts'],
  },
  {
    rule: 'one stranger with ever new texts fills no table',
    file: 'src/rationed-logger.ts',
    find: 'rations.has(kind) || rations.size < mostTexts ? kind : level',
    replace: 'kind',
    tests: ['src/rationed-logger.test.ts'],
  },
  {
    rule: 'a table is counted as what it costs',
    file: 'src/params/budget.ts',
    find: 'this.spend(times * (count > 128 ? count * 8 : count))',
    replace: '',
    tests: ['src/params/budget.test.ts'],
  },
  {
    rule: 'lists do not tell where things lie',
    file: 'src/management.ts',
    find: 'withoutPaths(maskValue(raw)) as Value',
    replace: 'maskValue(raw) as Value',
    tests: ['test/management.test.ts'],
  },
])
