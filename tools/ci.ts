/**
 * The steps of `.ci/run`, after the install: each is run whatever became of those before it.
 *
 * A step that leaves a report counts as many checks as its report has; any other step counts as one.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readJson, root } from './workspace.ts'

interface Count {
  readonly passed: number
  readonly failed: number
}

interface Step {
  readonly name: string
  readonly command: readonly string[]
  /** Reads what the step's report says; without one, the exit code alone counts. */
  readonly count?: () => Count | undefined
}

interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly { status: string; assertionResults: readonly unknown[] }[]
}

const reports = join(root, 'reports')
const lockFile = join(root, 'package-lock.json')
const lockBefore = readFileSync(lockFile, 'utf8')
rmSync(reports, { recursive: true, force: true })

const steps: Step[] = [
  { name: 'first run', command: ['node', 'tools/first-run.ts'], count: () => counted('interop/first-run.json') },
  { name: 'lint', command: ['npm', 'run', 'lint'] },
  { name: 'types', command: ['npm', 'run', 'typecheck'] },
  { name: 'public surface', command: ['npm', 'run', 'api'] },
  {
    name: 'tests and examples',
    command: ['npm', 'test', '--', ...jsonTo('tests.json')],
    count: () => vitest('tests.json'),
  },
  { name: 'documentation', command: ['npm', 'run', 'docs'] },
  { name: 'build', command: ['npm', 'run', 'build'] },
  { name: 'package lint', command: ['npm', 'run', 'lint:pkg'] },
  { name: 'consumption', command: ['node', 'tools/consume.ts'], count: () => counted('consumption.json') },
  {
    name: 'new package',
    command: ['node', 'tools/try-new-package.ts'],
    count: () => counted('interop/new-package.json'),
  },
  { name: 'interop', command: ['npm', 'run', 'interop'], count: interop },
]

const done: (Count & { name: string; seconds: number })[] = []
const note = (name: string, { passed, failed }: Count, seconds = 0) => done.push({ name, passed, failed, seconds })

const install = process.env.CI_INSTALL ?? 'ok'
note(install === 'ok' ? 'install' : `install: ${install}`, install === 'ok' ? yes() : no())
for (const { name, command, count } of steps) {
  console.log(`\n== ${name}`)
  const began = performance.now()
  const { status } = spawnSync(command[0]!, command.slice(1), {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: 1_200_000,
  })
  const counts = count?.() ?? (status === 0 ? yes() : no())
  const silent = status !== 0 && counts.failed === 0
  note(name, silent ? { ...counts, failed: 1 } : counts, (performance.now() - began) / 1000)
}
spawnSync('npm', ['install'], { cwd: root, stdio: 'inherit' })
note('lock file unchanged by npm install', readFileSync(lockFile, 'utf8') === lockBefore ? yes() : no())

console.log('\n== outcome')
for (const { name, passed, failed, seconds } of done) {
  const outcome = failed === 0 ? 'ok    ' : 'FAILED'
  console.log(`${outcome} ${name}: ${passed} passed, ${failed} failed (${seconds.toFixed(0)} s)`)
}
const total = (key: keyof Count) => done.reduce((sum, count) => sum + count[key], 0)
process.exitCode = total('failed') > 0 ? 1 : 0
console.log(`${total('passed')} passed, ${total('failed')} failed`)

function yes(): Count {
  return { passed: 1, failed: 0 }
}

function no(): Count {
  return { passed: 0, failed: 1 }
}

function jsonTo(file: string): string[] {
  return ['--reporter=default', '--reporter=json', `--outputFile.json=${join(reports, file)}`]
}

/** What a vitest report counts; a file that could not even be collected is one failure. */
function vitest(file: string): Count | undefined {
  if (!existsSync(join(reports, file))) return undefined
  const { numPassedTests, numFailedTests, testResults } = readJson<VitestReport>(join(reports, file))
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  )
  return { passed: numPassedTests, failed: numFailedTests + broken.length }
}

function counted(file: string): Count | undefined {
  const path = join(reports, file)
  return existsSync(path) ? readJson<Count>(path) : undefined
}

/** The sum over the interop scripts, whose runner starts with an empty folder; a skipped check is a failed one where interop is required. */
function interop(): Count | undefined {
  const home = join(reports, 'interop')
  if (!existsSync(home)) return undefined
  const all = readdirSync(home).map((file) => readJson<Count & { skipped: number }>(join(home, file)))
  const required = process.env.BACKPLANE_INTEROP === 'required'
  return {
    passed: all.reduce((sum, { passed }) => sum + passed, 0),
    failed: all.reduce((sum, { failed, skipped }) => sum + failed + (required ? skipped : 0), 0),
  }
}
