/**
 * `npm run mutate [-- FILTER...]`: breaks each safety rule of the packages, one at a time, and says which no test
 * misses.
 *
 * The rules stand in `mutations/`, package by package: a file, the exact text that is the rule, what it becomes, and
 * the tests that must fail then. They are broken in a copy, so the work tree stays as it is. A rule whose text is not
 * found any more, or not once, is stale and counts as a failure: a list that no longer matches the code protects
 * nothing. Ends with 1 for any survivor.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { mutations } from './mutations/index.ts'
import type { Mutation } from './mutations/mutation.ts'
import { root } from './workspace.ts'

/** How one mutation ended: a test failed, none did, its text is not there, or no test can tell. */
type Fate = 'killed' | 'survived' | 'stale' | 'unsound'

/** Gives a text with the rule broken, or nothing where the rule is not there exactly once. */
export function broken(text: string, { find, replace }: Pick<Mutation, 'find' | 'replace'>): string | undefined {
  const at = text.indexOf(find)
  if (at < 0 || text.indexOf(find, at + 1) >= 0) return undefined
  return text.slice(0, at) + replace + text.slice(at + find.length)
}

/** Copies what is under version control, and links what is installed: packages of this repository to their copies. */
function copyOfWorkspace(): string {
  const copy = mkdtempSync(join(tmpdir(), 'backplane-mutate-'))
  const { stdout } = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  for (const file of stdout.split('\0').filter((name) => name !== '')) {
    mkdirSync(dirname(join(copy, file)), { recursive: true })
    cpSync(join(root, file), join(copy, file), { force: true })
  }
  link(join(root, 'node_modules'), join(copy, 'node_modules'))
  for (const name of readdirSync(join(root, 'packages'))) {
    const installed = join(root, 'packages', name, 'node_modules')
    try {
      readdirSync(installed)
    } catch {
      continue
    }
    symlinkSync(installed, join(copy, 'packages', name, 'node_modules'))
  }
  return copy
}

function link(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const name of readdirSync(from)) {
    // Links to workspaces are relative: as they are, they lead to the copy.
    if (name === '@backplane') cpSync(join(from, name), join(to, name), { recursive: true, verbatimSymlinks: true })
    else symlinkSync(join(from, name), join(to, name))
  }
}

/** What came of a run of tests. */
interface Outcome {
  readonly passed: boolean
  /** The name of the first test that failed. */
  readonly failed?: string
  /** The beginning of what was said where none did and the run failed all the same. */
  readonly said?: string
}

interface Verdict {
  readonly fate: Fate
  /** The test that failed, or what is wrong. */
  readonly why?: string
}

/** Runs tests in the copy. */
function runTests(copy: string, tests: readonly string[]): Outcome {
  const report = join(copy, 'mutate-report.json')
  rmSync(report, { force: true })
  const { status, stderr } = spawnSync(
    join(root, 'node_modules/.bin/vitest'),
    ['run', ...tests, '--bail=1', '--reporter=json', `--outputFile=${report}`],
    { cwd: copy, encoding: 'utf8', timeout: 300_000, env: { ...process.env, NO_COLOR: '1' } },
  )
  if (status === 0) return { passed: true }
  const [failed] = failuresOf(report)
  return failed === undefined ? { passed: false, said: stderr.slice(0, 400) } : { passed: false, failed }
}

/**
 * Names of tests that failed. A file that cannot even be read has none, so a slip in a rule is not taken for a test.
 */
function failuresOf(report: string): readonly string[] {
  try {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
      testResults: readonly { assertionResults: readonly { status: string; fullName: string }[] }[]
    }
    const all = testResults.flatMap(({ assertionResults }) => assertionResults)
    return all.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName)
  } catch {
    return []
  }
}

/** Whether tests pass as they are, and what fails where not; a second try, since a busy machine fails tests by time. */
function soundness(copy: string, tests: readonly string[]): Outcome {
  const first = runTests(copy, tests)
  return first.passed ? first : runTests(copy, tests)
}

function verdictOf(copy: string, { file, find, replace, tests }: Mutation): Verdict {
  const path = join(copy, file)
  const text = readFileSync(path, 'utf8')
  const mutant = broken(text, { find, replace })
  if (mutant === undefined) return { fate: 'stale' }
  writeFileSync(path, mutant)
  try {
    const { passed, failed, said } = runTests(copy, tests)
    if (passed) return { fate: 'survived' }
    return failed === undefined ? { fate: 'unsound', why: `no test failed: ${said}` } : { fate: 'killed', why: failed }
  } finally {
    writeFileSync(path, text)
  }
}

if (import.meta.main) {
  const filters = process.argv.slice(2)
  const chosen = mutations.filter(({ rule, file }) => filters.every((one) => `${file} ${rule}`.includes(one)))
  const copy = copyOfWorkspace()
  process.on('exit', () => rmSync(copy, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))
  const fates = new Map<Fate, number>()
  // A test that fails anyway would call every mutant dead.
  const sound = new Map<string, Outcome>()
  for (const mutation of chosen) {
    const key = mutation.tests.join(' ')
    const before = sound.get(key) ?? soundness(copy, mutation.tests)
    sound.set(key, before)
    const { fate, why = '' } = before.passed
      ? verdictOf(copy, mutation)
      : { fate: 'unsound' as const, why: `fails without it: ${before.failed ?? before.said}` }
    fates.set(fate, (fates.get(fate) ?? 0) + 1)
    console.log(`${fate.padEnd(8)} ${mutation.file}: ${mutation.rule}${why && `\n         ${why}`}`)
    if (fate !== 'killed') console.log(`         ${mutation.find.trim()}\n         looked for by ${key}`)
  }
  console.log([...fates].map(([fate, count]) => `${count} ${fate}`).join(', '))
  process.exitCode = chosen.length > 0 && fates.get('killed') === chosen.length ? 0 : 1
}
