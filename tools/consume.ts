/**
 * `npm run consume`: uses the built packages as a stranger would, from packed tarballs in scratch projects.
 *
 * - each package alone, with nothing but what it declares: every entry point by `import` and by `require`, and its commands,
 *   on every Node that is supported;
 * - all of them together: types under several TypeScript versions and resolutions, and the README snippets on every Node.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ts from 'typescript'
import { must, run } from './process.ts'
import { type CheckResult, writeReport } from './report.ts'
import { missingOutput, snippetsOf } from './snippets.ts'
import { type NodeRelease, nodeReleases } from './toolchains.ts'
import { type Manifest, type Package, packages, readJson, root } from './workspace.ts'

/** What became of one use of a package. */
export interface Use {
  /** What was used: a package's name, or `types` or `README snippets` of all. */
  readonly what: string
  /** How: the Node, the module format, the compiler. */
  readonly how: string
  readonly ok: boolean
  readonly output: string
}

/** Where scratch projects take the packages from. */
export interface Supply {
  /** The `dependencies` that bring in these packages. */
  dependencies(of: readonly Package[]): Record<string, string>
  /** The text of the scratch project's `.npmrc`. */
  readonly npmrc: string
}

const compilers = { 'TypeScript 5.9': '5.9.3', 'TypeScript 6': '6.0.3', 'TypeScript 7': '7.0.2' }
const resolutions = { nodenext: { module: 'nodenext' }, bundler: { module: 'esnext', moduleResolution: 'bundler' } }

/** Packs every package into `folder`; its dependencies come along as tarballs too. */
export async function packed(of: readonly Package[], folder: string): Promise<Supply> {
  const args = ['pack', '--pack-destination', folder, ...of.flatMap(({ id }) => ['-w', `packages/${id}`])]
  await must('npm', args, { cwd: root })
  const tarball = ({ id, manifest }: Package) => `file:${join(folder, `backplane-${id}-${manifest.version}.tgz`)}`
  return {
    npmrc: '',
    dependencies: (wanted) => {
      const all = closure(wanted, of)
      return Object.fromEntries(all.map((pkg) => [pkg.manifest.name, tarball(pkg)]))
    },
  }
}

/** Installs the packages into scratch projects and uses them there. */
export async function consume(of: readonly Package[], supply: Supply, report: (use: Use) => void): Promise<void> {
  const nodes = await nodeReleases()
  const home = mkdtempSync(join(tmpdir(), 'backplane-consume-'))
  try {
    const jobs = of.map((pkg) => () => consumeOne(pkg, supply, nodes, join(home, pkg.id), report))
    await inTurns(2, [() => consumeAll(of, supply, nodes, join(home, 'all'), report), ...jobs])
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

type Report = (use: Use) => void

async function consumeOne(pkg: Package, supply: Supply, nodes: readonly NodeRelease[], cwd: string, report: Report) {
  const what = pkg.manifest.name
  const installation = await install(cwd, supply.npmrc, supply.dependencies([pkg]))
  if (!installation.ok) return report({ what, how: 'install', ...installation })

  const specifiers = pkg.entries.map(({ specifier }) => specifier)
  const [lines, requires] = [
    specifiers.map((name) => `await import('${name}')`),
    specifiers.map((name) => `require('${name}')`),
  ]
  const prove = (values: readonly string[]) =>
    `for (const exports of [${values.join(', ')}])\n  if (Object.keys(exports).length === 0) throw new Error('no exports')\n`
  writeFileSync(join(cwd, 'import.mjs'), prove(lines))
  writeFileSync(join(cwd, 'require.cjs'), prove(requires))
  for (const node of nodes) {
    const on = (how: string, args: readonly string[]) =>
      use(report, what, `Node ${major(node)} ${how}`, node.path, args, cwd)
    await on('import', ['import.mjs'])
    await on('require', ['require.cjs'])
    for (const [command, file] of commands(pkg)) {
      await on(command, [join('node_modules', what, file), '--help'])
    }
  }
}

async function consumeAll(
  of: readonly Package[],
  supply: Supply,
  nodes: readonly NodeRelease[],
  cwd: string,
  report: Report,
) {
  const tools = Object.values(compilers).map((version) => [`typescript-${version}`, `npm:typescript@${version}`])
  const types = readJson<Manifest>(join(root, 'package.json')).devDependencies?.['@types/node'] ?? '*'
  const wanted = { ...supply.dependencies(of), ...Object.fromEntries(tools), '@types/node': types }
  const installation = await install(cwd, supply.npmrc, wanted)
  if (!installation.ok) return report({ what: 'all packages', how: 'install', ...installation })

  const specifiers = of.flatMap(({ entries }) => entries.map(({ specifier }) => specifier))
  const esm = specifiers.map(
    (name, index) => `import * as m${index} from '${name}'\nexport const v${index}: object = m${index}\n`,
  )
  const cjs = specifiers.map(
    (name, index) => `import m${index} = require('${name}')\nexport const v${index}: object = m${index}\n`,
  )
  const options = { noEmit: true, strict: true, target: 'es2023', types: ['node'], skipLibCheck: false }
  for (const [resolution, how] of Object.entries(resolutions)) {
    const folder = join(cwd, resolution)
    mkdirSync(folder)
    writeFileSync(join(folder, 'esm.mts'), esm.join(''))
    if (resolution === 'nodenext') writeFileSync(join(folder, 'cjs.cts'), cjs.join(''))
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...options, ...how } }))
    for (const [compiler, version] of Object.entries(compilers)) {
      const tsc = join('node_modules', `typescript-${version}`, 'bin', 'tsc')
      await use(report, 'types', `${compiler} ${resolution}`, process.execPath, [tsc, '-p', folder], cwd)
    }
  }

  const snippets = of.flatMap(({ id }) => snippetsOf(`packages/${id}/README.md`)).filter(({ runs }) => runs)
  for (const [index, { place, code }] of snippets.entries()) {
    const folder = join(cwd, `snippet-${index}`)
    mkdirSync(folder)
    writeFileSync(join(folder, 'run.mjs'), compiled(code))
    for (const node of nodes) {
      const { ok, output } = await run(node.path, ['run.mjs'], { cwd: folder, timeoutMs: 30_000 })
      const missing = ok ? missingOutput(code, output) : undefined
      const detail = missing === undefined ? output : `'${missing}' is missing in:\n${output}`
      report({ what: place, how: `Node ${major(node)}`, ok: ok && missing === undefined, output: detail })
    }
  }
}

async function use(report: Report, what: string, how: string, command: string, args: readonly string[], cwd: string) {
  report({ what, how, ...(await run(command, args, { cwd, timeoutMs: 120_000 })) })
}

function install(cwd: string, npmrc: string, dependencies: Record<string, string>) {
  mkdirSync(cwd, { recursive: true })
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ private: true, dependencies }))
  writeFileSync(join(cwd, '.npmrc'), npmrc)
  return run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'], { cwd })
}

/** Compiles a snippet as its reader would: `await using` is newer than the oldest Node. */
function compiled(code: string): string {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext }
  return ts.transpileModule(code, { compilerOptions }).outputText
}

function commands({ manifest }: Package): [string, string][] {
  return typeof manifest.bin === 'string' ? [['command', manifest.bin]] : Object.entries(manifest.bin ?? {})
}

function major(node: NodeRelease): string {
  return node.version.split('.')[0]!
}

/** The packages, and all of their siblings that they depend on. */
function closure(wanted: readonly Package[], of: readonly Package[]): Package[] {
  const found = new Set(wanted)
  for (const { manifest } of found) {
    const names = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
    for (const sibling of of) if (names.includes(sibling.manifest.name)) found.add(sibling)
  }
  return [...found]
}

async function inTurns(width: number, jobs: (() => Promise<void>)[]): Promise<void> {
  const lane = async () => {
    for (let job = jobs.shift(); job; job = jobs.shift()) await job()
  }
  await Promise.all(Array.from({ length: width }, lane))
}

/** Prints what came of it as a table, writes `reports/NAME.json`, and gives whether all went well. */
export function conclude(name: string, uses: readonly Use[]): boolean {
  const rows = Map.groupBy(uses, ({ what }) => what)
  const width = Math.max(...[...rows.keys()].map((what) => what.length))
  for (const [what, row] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1))) {
    console.log(`${what.padEnd(width)}  ${row.map(({ how, ok }) => `${ok ? 'ok' : 'FAILED'} ${how}`).join(' | ')}`)
  }
  const failures = uses.filter(({ ok }) => !ok)
  for (const { what, how, output } of failures) console.log(`\n${what}, ${how}:\n${output.trim()}`)
  const checks = uses.map(({ what, how, ok, output }): CheckResult => {
    const use = `${what}, ${how}`
    return ok ? { name: use, outcome: 'passed' } : { name: use, outcome: 'failed', detail: output.trim() }
  })
  const { passed, failed } = writeReport(join(root, 'reports', `${name}.json`), name, checks)
  console.log(`\n${passed} passed, ${failed} failed`)
  return failures.length === 0
}

if (import.meta.main) {
  const all = packages()
  const folder = mkdtempSync(join(tmpdir(), 'backplane-tarballs-'))
  const uses: Use[] = []
  try {
    await consume(all, await packed(all, folder), (use) => uses.push(use))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  process.exitCode = conclude('consumption', uses) ? 0 : 1
}
