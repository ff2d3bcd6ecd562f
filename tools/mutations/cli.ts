// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are quoted code
import { type Mutation, rulesOf } from './mutation.ts'

/** Safety rules of `@backplane/cli`. */
export const cli: readonly Mutation[] = rulesOf('cli', [
  {
    rule: 'an id that could leave its folder is refused',
    file: 'src/commands/new.ts',
    find: "if (!pluginId.test(name) || name === 'host') ",
    replace: "if (false && (!pluginId.test(name) || name === 'host')) ",
    tests: ['src/run.test.ts', 'test/command.test.ts'],
  },
  {
    rule: 'text that others chose cannot obey a terminal',
    file: 'src/shown.ts',
    find: 'return text.replace(unsafe, escaped)',
    replace: 'return text',
    tests: ['src/shown.test.ts'],
  },
  {
    rule: 'text that others chose keeps to its line',
    file: 'src/shown.ts',
    find: "plainText(String(value)).replaceAll('\\n', '\\\\n')",
    replace: 'plainText(String(value))',
    tests: ['src/shown.test.ts'],
  },
  {
    rule: 'log records hold no secret by name',
    file: 'src/reporter.ts',
    find: 'maskValue(given) as Record<string, unknown>',
    replace: 'given',
    tests: ['src/reporter.test.ts'],
  },
  {
    rule: 'nothing of the environment stays where others can read it',
    file: 'src/hide-environment.ts',
    find: 'left.fill(0, at, end)',
    replace: '',
    tests: ['test/hidden-environment.test.ts'],
  },
  {
    rule: 'passwords of the command line are not shown',
    file: 'src/hide-environment.ts',
    find: 'const shown = withoutAddressees(args.bytes)',
    replace: 'const shown = args.bytes',
    tests: ['test/hidden-environment.test.ts'],
  },
  {
    rule: 'what was hidden is still there for the command itself',
    file: 'src/hide-environment.ts',
    find: 'if (value !== undefined) process.env[name] = value',
    replace: '',
    tests: ['test/hidden-environment.test.ts'],
  },
])
