/**
 * `npm run mutate [-- FILTER...]`: breaks each safety rule of the packages, one at a time, and says which no test misses.
 *
 * The rules stand in `mutations.ts`: a file, the exact text that is the rule, what it becomes, and the tests that must fail
 * then. They are broken in a copy, so the work tree stays as it is. A rule whose text is not found any more, or not once, is
 * stale and counts as a failure: a list that no longer matches the code protects nothing. Ends with 1 for any survivor.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Mutation, mutations } from './mutations.ts'
import { root } from './workspace.ts'

/** How one mutation ended: a test failed, none did, its text is not there, or its tests do not even pass without it. */
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

/** Whether the tests pass in the copy. */
function pass(copy: string, tests: readonly string[]): boolean {
  const { status } = spawnSync(
    join(root, 'node_modules/.bin/vitest'),
    ['run', ...tests, '--bail=1', '--reporter=dot'],
    {
      cwd: copy,
      stdio: 'ignore',
      timeout: 300_000,
      env: { ...process.env, NO_COLOR: '1' },
    },
  )
  return status === 0
}

function fateOf(copy: string, { file, find, replace, tests }: Mutation): Fate {
  const path = join(copy, file)
  const text = readFileSync(path, 'utf8')
  const mutant = broken(text, { find, replace })
  if (mutant === undefined) return 'stale'
  writeFileSync(path, mutant)
  try {
    return pass(copy, tests) ? 'survived' : 'killed'
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
  const sound = new Map<string, boolean>()
  for (const mutation of chosen) {
    const key = mutation.tests.join(' ')
    if (!sound.has(key)) sound.set(key, pass(copy, mutation.tests))
    const fate = sound.get(key) ? fateOf(copy, mutation) : 'unsound'
    fates.set(fate, (fates.get(fate) ?? 0) + 1)
    console.log(`${fate.padEnd(8)} ${mutation.file}: ${mutation.rule}`)
    if (fate !== 'killed') console.log(`         ${mutation.find.trim()}\n         looked for by ${key}`)
  }
  console.log([...fates].map(([fate, count]) => `${count} ${fate}`).join(', '))
  process.exitCode = chosen.length > 0 && fates.get('killed') === chosen.length ? 0 : 1
}
