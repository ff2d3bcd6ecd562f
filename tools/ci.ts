/**
 * The steps of `.ci/run`, after the install: each is run whatever became of those before it.
 *
 * A step that leaves a report counts as many checks as its report has; any other step counts as one.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { CheckResult, Report } from './report.ts'
import { readJson, root } from './workspace.ts'

interface Step {
  readonly name: string
  readonly command: readonly string[]
  /** Its report, or the folder of its reports, under `reports/`; without one, the exit code alone counts. */
  readonly report?: string
}

interface Outcome {
  readonly name: string
  readonly passed: number
  readonly failures: readonly CheckResult[]
  readonly seconds: number
}

const reports = join(root, 'reports')
const lockFile = join(root, 'package-lock.json')
const lockBefore = readFileSync(lockFile, 'utf8')
rmSync(reports, { recursive: true, force: true })

const steps: Step[] = [
  { name: 'first run', command: ['node', 'tools/first-run.ts'], report: 'interop/first-run.json' },
  { name: 'lock file', command: ['npm', 'run', 'lock:complete', '--', '--check'] },
  { name: 'lint', command: ['npm', 'run', 'lint'] },
  { name: 'types', command: ['npm', 'run', 'typecheck'] },
  { name: 'public surface', command: ['npm', 'run', 'api'] },
  {
    name: 'tests and examples',
    command: ['npm', 'test', '--', '--reporter=default', '--reporter=./tools/vitest-report.ts'],
    report: 'tests.json',
  },
  { name: 'documentation', command: ['npm', 'run', 'docs'] },
  { name: 'build', command: ['npm', 'run', 'build'] },
  { name: 'package lint', command: ['npm', 'run', 'lint:pkg'] },
  { name: 'consumption', command: ['node', 'tools/consume.ts'], report: 'consumption.json' },
  { name: 'new package', command: ['node', 'tools/try-new-package.ts'], report: 'interop/new-package.json' },
  // Its runner starts with an empty folder.
  { name: 'interop', command: ['npm', 'run', 'interop'], report: 'interop' },
]

const outcomes: Outcome[] = []
const install = process.env.CI_INSTALL ?? 'ok'
outcomes.push(single('install', install === 'ok', 0, install))

for (const { name, command, report } of steps) {
  console.log(`\n== ${name}`)
  const began = performance.now()
  const { status, signal } = spawnSync(command[0]!, command.slice(1), {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: 2_400_000,
    env: { ...process.env, ...(report?.endsWith('.json') ? { BACKPLANE_REPORT: join(reports, report) } : {}) },
  })
  const seconds = (performance.now() - began) / 1000
  const ended = `it ended with ${signal ?? status}`
  const checks = report === undefined ? [] : checksIn(join(reports, report))
  const passed = checks.filter(({ outcome }) => outcome === 'passed').length
  const failures = checks.filter(({ outcome }) => outcome === 'failed')
  // What failed without a failed check is a failure all the same; nothing to count is one only if it failed.
  if (checks.length === 0 || (status !== 0 && failures.length === 0)) {
    const whole = single(name, status === 0, seconds, ended)
    outcomes.push({ ...whole, passed: whole.passed + passed })
  } else {
    outcomes.push({ name, passed, failures, seconds })
  }
}
spawnSync('npm', ['install'], { cwd: root, stdio: 'inherit' })
const unchanged = readFileSync(lockFile, 'utf8') === lockBefore
outcomes.push(single('lock file unchanged by npm install', unchanged, 0, 'npm install changed package-lock.json'))

console.log('\n== outcome')
for (const { name, passed, failures, seconds } of outcomes) {
  const mark = failures.length === 0 ? 'ok    ' : 'FAILED'
  console.log(`${mark} ${name}: ${passed} passed, ${failures.length} failed (${seconds.toFixed(0)} s)`)
}
// Last, for anyone who sees only the end of what is printed.
const failures = outcomes.flatMap(({ failures }) => failures)
for (const { name, detail } of failures) console.log(`FAILED ${name}${detail ? `: ${shortened(detail)}` : ''}`)
console.log(`${outcomes.reduce((sum, { passed }) => sum + passed, 0)} passed, ${failures.length} failed`)
process.exitCode = failures.length > 0 ? 1 : 0

/** The outcome of what is one check as a whole. */
function single(name: string, ok: boolean, seconds: number, detail: string): Outcome {
  return ok
    ? { name, passed: 1, failures: [], seconds }
    : { name, passed: 0, failures: [{ name, outcome: 'failed', detail }], seconds }
}

/** The checks of a report, or of all reports in a folder; none, when the step ended before it wrote one. */
function checksIn(path: string): CheckResult[] {
  if (!existsSync(path)) return []
  const files = path.endsWith('.json') ? [path] : readdirSync(path).map((file) => join(path, file))
  return files.flatMap((file) => readJson<Report>(file).checks)
}

function shortened(detail: string): string {
  const lines = detail.trim().split('\n')
  return [...lines.slice(0, 3), ...(lines.length > 3 ? ['…'] : [])].join('\n  ')
}
