/**
 * `npm run new:package -- NAME ["One sentence of description."]`: a package with the whole file set, which passes every
 * check.
 *
 * NAME is a noun in kebab case, without the scope. What comes out greets; replace it, keep its shape.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { repository, root } from './workspace.ts'

const [name = '', description = `A ${name.replaceAll('-', ' ')} for plugin hosts built with Backplane.`] =
  process.argv.slice(2)
const folder = join(root, 'packages', name)

if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) stop(`'${name}' is not a package name: npm run new:package -- my-noun`)
if (existsSync(folder)) stop(`packages/${name} exists already: choose another name, or remove it first.`)

const camel = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
const pascal = camel[0]!.toUpperCase() + camel.slice(1)

const manifest = {
  name: `@backplane/${name}`,
  version: '0.0.0',
  description,
  keywords: ['plugin', 'plugin-host', name, 'backplane'],
  homepage: `${repository}/tree/main/packages/${name}#readme`,
  bugs: `${repository}/issues`,
  repository: { type: 'git', url: `git+${repository}.git`, directory: `packages/${name}` },
  license: 'Apache-2.0',
  type: 'module',
  main: './dist/index.cjs',
  module: './dist/index.js',
  types: './dist/index.d.ts',
  exports: {
    '.': {
      '@backplane/source': './src/index.ts',
      import: { types: './dist/index.d.ts', default: './dist/index.js' },
      require: { types: './dist/index.d.cts', default: './dist/index.cjs' },
    },
    './package.json': './package.json',
  },
  files: ['dist', 'src', '!src/**/*.test.ts', 'README.md'],
  sideEffects: false,
  engines: { node: '^22.19.0 || >=24.11.0' },
  publishConfig: { access: 'public' },
  scripts: {
    build: 'tsup',
    test: `vitest run --root ../.. packages/${name}/`,
    'lint:pkg': 'publint --strict && attw --pack . --quiet',
  },
  dependencies: { '@backplane/core': '^0.0.0' },
}

const files: Record<string, string> = {
  'package.json': `${JSON.stringify(manifest, null, 2)}\n`,

  'tsup.config.ts': `import { library } from '../../tools/tsup.ts'

export default library()
`,

  'README.md': `# @backplane/${name}

${description}

## Install

\`\`\`sh
npm install @backplane/${name}
\`\`\`

## Example

\`\`\`ts
import { ${camel} } from '@backplane/${name}'

const create = ${camel}({ greeting: 'Good morning' })
const greeter = create({ logger: console })

console.log(greeter.greet('plugin')) // prints: Good morning, plugin!
\`\`\`

## Options

| option | default | meaning |
| --- | --- | --- |
| \`greeting\` | \`'Hello'\` | what comes before the name |

## API

The whole public surface, with types: [api/index.api.md](${repository}/blob/main/packages/${name}/api/index.api.md).
`,

  'src/index.ts': `/**
 * ${description}
 *
 * @packageDocumentation
 */
export { type ${pascal}, type ${pascal}Components, type ${pascal}Init, ${camel} } from './${name}.ts'
`,

  [`src/${name}.ts`]: `import { coreError } from '@backplane/core'

/** Options of {@link ${camel}}. */
export interface ${pascal}Init {
  /** What comes before the name. @default 'Hello' */
  readonly greeting?: string
}

/** What {@link ${camel}} needs from its host. */
export interface ${pascal}Components {
  /** Takes one line for each greeting. */
  readonly logger: { info(message: string): void }
}

/** Greets by name. */
export interface ${pascal} {
  /** Gives the greeting of \`name\`. Throws \`BP_INVALID_ARGUMENT\` if it is empty. */
  greet(name: string): string
}

/** Makes a greeter. Not for anything but showing the shape of a package. */
export function ${camel}(init: ${pascal}Init = {}): (components: ${pascal}Components) => ${pascal} {
  const greeting = init.greeting ?? 'Hello'
  return ({ logger }) => ({
    greet(name) {
      if (name === '') throw coreError('BP_INVALID_ARGUMENT', { details: { what: 'name', reason: 'it is empty' } })
      logger.info(\`greeting \${name}\`)
      return \`\${greeting}, \${name}!\`
    },
  })
}
`,

  [`src/${name}.test.ts`]: `import { expect, test } from 'vitest'
import { ${camel} } from './${name}.ts'

const silent = { logger: { info() {} } }

test('greets by name, with the greeting it was given', () => {
  expect(${camel}()(silent).greet('plugin')).toBe('Hello, plugin!')
  expect(${camel}({ greeting: 'Hi' })(silent).greet('plugin')).toBe('Hi, plugin!')
})

test('refuses an empty name', () => {
  expect(() => ${camel}()(silent).greet('')).toThrow(expect.objectContaining({ code: 'BP_INVALID_ARGUMENT' }))
})
`,

  [`../../.changeset/${name}-first-version.md`]: `---
'@backplane/${name}': minor
---

${description}
`,
}

for (const [path, text] of Object.entries(files)) {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
run('npm', ['install'])
run('biome', ['check', '--write', `packages/${name}`])
run('node', ['tools/api.ts', '--update', name])
console.log(
  `packages/${name} is there. Check it: npm run lint && npm run typecheck && npx vitest run packages/${name}/`,
)

function run(command: string, args: string[]) {
  execFileSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
}

function stop(reason: string): never {
  console.error(reason)
  process.exit(2)
}
