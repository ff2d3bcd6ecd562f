/** Holds the shape of the repository: who may import whom, what a package declares, and what no file may say. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { importCircles } from './import-circles.ts'
import { filesUnder, type Manifest, type Package, packages, readJson, repository, root } from './workspace.ts'

const all = packages()
const workspace = readJson<Manifest>(join(root, 'package.json'))

/** Siblings that a package may import; every other package may import `core` alone. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  'grpc-fast': [],
  'handshake-grpc': ['core', 'grpc-fast'],
  'runtime-python': ['core', 'runtime-worker'],
  'transport-nats': ['core', 'nats-broker'],
  host: all.map(({ id }) => id).filter((id) => id !== 'cli'),
  cli: all.map(({ id }) => id),
}

/** Packages that know nothing of plugins, so that they need not import `core`. */
const standAlone = ['core', 'grpc-fast']

/**
 * Memos of what follows from an object alone, and one wrapper that changes a single method of whatever mesh it is
 * given.
 */
const foreignState = [
  'config-manager/src/frozen.ts',
  'handshake-grpc/src/runtime/values.ts',
  'host/src/masking-mesh.ts',
]

/**
 * Files whose types need each other, so that they import one another in a circle; none does so at run time. Only a pair
 * that cannot be told apart belongs here: a new entry says why.
 */
const circlesOfTypes: Readonly<Record<string, readonly string[]>> = {
  // A slot is made from its components, and they make a context for a slot.
  core: ['src/slot-components.ts src/slot.ts'],
  'runtime-node': ['src/authoring/context.ts src/authoring/plugin.ts'],
  'runtime-python': ['src/mesh-ties.ts src/python-home.ts src/python-runtime.ts'],
  'runtime-wasm': [
    'src/component/system-interfaces.ts src/component/system-streams.ts',
    'src/extism/foreground.ts src/extism/plugin.ts src/worker/answer.ts src/worker/protocol.ts ' +
      'src/worker/thread-handle.ts src/worker/threads.ts',
    'src/extism/guest.ts src/extism/host-imports.ts src/extism/link.ts',
    'src/module/additions.ts src/module/instrument-body.ts src/module/instrument.ts',
    'src/wasi/file-table.ts src/wasi/path-functions.ts src/wasi/poll.ts src/wasi/wasi.ts',
    'src/wasi/files.ts src/wasi/within.ts',
    'src/vyra/runtime.ts src/vyra/stub.ts',
  ],
}

/** Circles at run time that are still there. This list may only shrink. */
const circlesAtRunTime: Readonly<Record<string, readonly string[]>> = {
  'runtime-wasm': ['src/wasi/file-table.ts src/wasi/path-functions.ts', 'src/vyra/runtime.ts src/vyra/stub.ts'],
}

interface Source {
  /** The path within the package. */
  readonly path: string
  readonly text: string
  readonly imports: readonly string[]
}

describe.each(all.map((pkg) => [pkg.id, pkg] as const))('packages/%s', (id, pkg) => {
  const files = filesUnder(pkg.folder)
  const sources = files.filter((path) => path.startsWith('src/') && isScript(path) && !isTest(path)).map(read(pkg))
  const tests = files.filter((path) => isScript(path) && isTest(path)).map(read(pkg))
  const imported = packagesOf(sources)
  const { manifest } = pkg

  test('imports only the siblings that the architecture allows', () => {
    const siblings = siblingsOf(imported)
    expect(siblings.filter((sibling) => !(mayImport[id] ?? ['core']).includes(sibling))).toEqual([])
    if (!standAlone.includes(id)) expect(siblings).toContain('core')
  })

  test('imports itself and the files of siblings by no other way than relative paths within its src', () => {
    const outside = sources.flatMap(({ path, imports }) =>
      imports.filter((name) => name === manifest.name || escapesSource(path, name)).map((name) => `${path}: ${name}`),
    )
    expect(outside).toEqual([])
  })

  test.each([
    ['run-time', circlesAtRunTime[id] ?? []],
    ['any', circlesOfTypes[id] ?? []],
  ] as const)('has no circle of imports (%s) but those that are listed', (kind, listed) => {
    const circles = importCircles(sources, kind).map((circle) => circle.join(' '))
    expect(circles.sort()).toEqual([...listed].sort())
  })

  test('declares what its source imports, and nothing else', () => {
    const { dependencies = {}, peerDependencies = {}, optionalDependencies = {} } = manifest
    const declared = Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies })
    expect(imported.filter((name) => !declared.includes(name))).toEqual([])
    const text = sources.map((source) => source.text).join('\n')
    expect(Object.keys(dependencies).filter((name) => !text.includes(name))).toEqual([])
  })

  test('declares what its tests import, but for siblings', () => {
    const { dependencies, devDependencies, peerDependencies, optionalDependencies } = manifest
    const declared = { ...dependencies, ...devDependencies, ...peerDependencies, ...optionalDependencies }
    const known = Object.keys({ ...declared, ...workspace.devDependencies })
    const strangers = packagesOf(tests).filter((name) => !name.startsWith('@backplane/') && !known.includes(name))
    expect(strangers).toEqual([])
  })

  test('has the file set of a package', () => {
    const wanted = ['README.md', 'package.json', 'tsup.config.ts', 'src/index.ts']
    const reports = pkg.entries.map((entry) => `api/${entry.name}.api.md`)
    expect([...wanted, ...reports].filter((path) => !files.includes(path))).toEqual([])
    expect(tests, 'no test at all').not.toEqual([])
  })

  test('has the manifest of a package', () => {
    expect(manifest).toMatchObject({
      name: `@backplane/${id}`,
      description: expect.stringMatching(/.{20,}\.$/),
      license: 'Apache-2.0',
      type: 'module',
      sideEffects: false,
      engines: workspace.engines,
      publishConfig: { access: 'public' },
      homepage: `${repository}/tree/main/packages/${id}#readme`,
      bugs: `${repository}/issues`,
      repository: { type: 'git', url: `git+${repository}.git`, directory: `packages/${id}` },
      // Source maps point to the source, which comes along once.
      files: expect.arrayContaining(['dist', 'src', '!src/**/*.test.ts', 'README.md']),
      scripts: expect.objectContaining({
        build: expect.any(String),
        test: `vitest run --root ../.. packages/${id}/`,
        'lint:pkg': 'publint --strict && attw --pack . --quiet',
      }),
    })
    for (const [key, target] of Object.entries(manifest.exports ?? {})) {
      if (typeof target === 'string') continue
      const out = `./dist/${key === '.' ? 'index' : key.slice(2).replaceAll('/', '-')}`
      expect(target, `exports["${key}"]`).toEqual({
        '@backplane/source': expect.stringMatching(/^\.\/src\/.*\.ts$/),
        import: { types: `${out}.d.ts`, default: `${out}.js` },
        require: { types: `${out}.d.cts`, default: `${out}.cjs` },
      })
      expect(Object.keys(target)[0], 'the source condition comes first').toBe('@backplane/source')
    }
    expect(manifest.exports).toMatchObject({ './package.json': './package.json' })
    // How tools that know no `exports` find the types of a sub-path.
    const subPaths = pkg.entries.filter(({ key }) => key !== '.')
    const types = subPaths.map(({ key, name }) => [key.slice(2), [`./dist/${name}.d.ts`]])
    expect(manifest.typesVersions).toEqual(types.length > 0 ? { '*': Object.fromEntries(types) } : undefined)
  })

  test('asks for the siblings of this workspace by a caret range', () => {
    const { dependencies, devDependencies, peerDependencies } = manifest
    const asked = { ...dependencies, ...devDependencies, ...peerDependencies }
    for (const [name, range] of Object.entries(asked)) {
      const sibling = all.find((other) => other.manifest.name === name)
      if (sibling) expect(`${name}@${range}`).toBe(`${name}@^${sibling.manifest.version}`)
    }
  })

  test('throws no error without a code, keeps no mutable state in a module, re-exports in entry points only', () => {
    const entries = pkg.entries.map((entry) => entry.source)
    const found = sources.flatMap(({ path, text }) => [
      ...matches(path, text, /throw new (Error|TypeError|RangeError)\(/),
      ...matches(path, text, /^(export )?(let|var) /m),
      ...(entries.includes(join(pkg.folder, path)) ? [] : matches(path, text, /^export \* from/m)),
    ])
    expect(found).toEqual([])
  })

  test('keeps no map in a module, and overwrites no method of an object that was made elsewhere', () => {
    const found = sources.flatMap(({ path, text }) => [
      ...matches(path, text, /^(export )?const \w+.*= new (Weak)?(Map|Set)(<.*>)?\(\)/m),
      ...matches(path, text, /\b\w+\.bind\((\w+)\)[\s\S]*?Object\.assign\(\1,/),
    ])
    const unknown = found.filter((place) => !foreignState.includes(`${id}/${place.split(':')[0]}`))
    expect(unknown).toEqual([])
  })

  test('has a changeset, or has been released', () => {
    expect(manifest.version !== '0.0.0' || changesets().includes(`'${manifest.name}':`)).toBe(true)
  })
})

describe('packages/core', () => {
  const core = all.find(({ id }) => id === 'core')!
  const sources = filesUnder(join(core.folder, 'src'))
    .filter((path) => isScript(path) && !isTest(path))
    .map((path) => read(core)(join('src', path)))

  test('imports nothing from outside, Node included', () => {
    const outside = sources.flatMap(({ path, imports }) =>
      imports.filter((name) => !name.startsWith('.')).map((name) => `${path}: ${name}`),
    )
    expect(outside).toEqual([])
  })

  test('uses no global that only Node has', () => {
    expect(sources.flatMap(({ path, text }) => nodeGlobals(path, text))).toEqual([])
  })
})

test('every example is a private workspace with a README, and has a test that runs it', () => {
  const home = join(root, 'examples')
  const files = filesUnder(home)
  const names = [...new Set(files.map((path) => path.split('/')[0]!))]
  const lacking = names.filter((name) => {
    const own = files.filter((path) => path.startsWith(`${name}/`))
    const { private: hidden } = readJson<Manifest>(join(home, name, 'package.json'))
    return !hidden || !own.includes(`${name}/README.md`) || !own.some((path) => path.endsWith('.test.ts'))
  })
  expect(lacking).toEqual([])
})

test('the packages depend on one another without a cycle', () => {
  const edges = new Map(
    all.map(({ id, manifest }) => [
      id,
      siblingsOf(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })),
    ]),
  )
  const walk = (id: string, path: readonly string[]): void => {
    if (path.includes(id)) throw new Error(`a cycle: ${[...path, id].join(' -> ')}`)
    for (const next of edges.get(id) ?? []) walk(next, [...path, id])
  }
  for (const id of edges.keys()) walk(id, [])
})

test('no file names a place of one machine or a package registry', () => {
  const secret = ['', 'work', ''].join('/')
  const patterns = [
    new RegExp(`(^|[^\\w.~-])${secret}`, 'm'),
    new RegExp(`\\.\\./${'shared'}/(design|research|vectors)`),
    new RegExp(`registry\\.(${['npmjs', 'yarnpkg', 'npmmirror'].join('|')})\\.`),
    /"resolved": "https?:/,
  ]
  const found = sourceFiles().flatMap((path) => {
    const text = readFileSync(join(root, path), 'latin1')
    return patterns.flatMap((pattern) => matches(path, text, pattern))
  })
  expect(found).toEqual([])
})

/** Every file that is or could be committed; without git, every file that is not made by a tool. */
function sourceFiles(): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 })
  const files = status === 0 ? stdout.split('\0') : filesUnder(root).filter((path) => !path.startsWith('reports/'))
  return files.filter((path) => path !== '' && existsSync(join(root, path)))
}

function read(pkg: Package): (path: string) => Source {
  return (path) => {
    const text = readFileSync(join(pkg.folder, path), 'utf8')
    const { importedFiles } = ts.preProcessFile(text, true, true)
    return { path, text, imports: importedFiles.map(({ fileName }) => fileName) }
  }
}

function isScript(path: string): boolean {
  return /\.[cm]?[jt]s$/.test(path)
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.startsWith('test/')
}

/** The names of the packages that files import; relative imports and Node's own modules left out. */
function packagesOf(sources: readonly Source[]): string[] {
  const specifiers = sources.flatMap(({ imports }) => imports)
  const names = specifiers
    .filter((name) => !name.startsWith('.') && !name.startsWith('node:') && !builtinModules.includes(name))
    .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'))
  return [...new Set(names)].sort()
}

function siblingsOf(names: readonly string[]): string[] {
  return names.filter((name) => name.startsWith('@backplane/')).map((name) => name.slice('@backplane/'.length))
}

function escapesSource(path: string, specifier: string): boolean {
  return specifier.startsWith('.') && !join(path, '..', specifier).startsWith('src/') && !specifier.endsWith('.json')
}

function matches(path: string, text: string, pattern: RegExp): string[] {
  const match = pattern.exec(text)
  return match ? [`${path}:${text.slice(0, match.index).split('\n').length}: ${match[0].trim()}`] : []
}

function changesets(): string {
  const folder = join(root, '.changeset')
  return filesUnder(folder)
    .filter((path) => path.endsWith('.md'))
    .map((path) => readFileSync(join(folder, path), 'utf8'))
    .join('\n')
}

function nodeGlobals(path: string, text: string): string[] {
  const banned = [
    'Buffer',
    'process',
    'setImmediate',
    'clearImmediate',
    'require',
    '__dirname',
    '__filename',
    'global',
    'NodeJS',
  ]
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && banned.includes(node.text) && standsAlone(node)) {
      found.push(`${path}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}: ${node.text}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** Whether an identifier refers to a variable, rather than naming a member of something. */
function standsAlone(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isQualifiedName(parent)) return parent.left === node
  const named = parent as { name?: ts.Node }
  return named.name !== node
}
