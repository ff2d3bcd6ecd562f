/**
 * `npm run interop [-- NAME…]`: runs the interop scripts (`interop/NAME/run.ts` or `run.py`), one after the other,
 * against peers that this project did not write. What a script may use stands at the top of `harness.ts`.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from '../tools/report.ts'
import { readJson, root } from '../tools/workspace.ts'

const here = import.meta.dirname
const reports = join(root, 'reports', 'interop')
const known = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && scriptOf(entry.name))
  .map((entry) => entry.name)
  .sort()
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`No interop script named ${unknown.join(', ')}. There are: ${known.join(', ') || 'none'}.`)
  process.exit(2)
}
if (wanted.length === 0) rmSync(reports, { recursive: true, force: true })

const total = { passed: 0, failed: 0, skipped: 0 }
for (const name of wanted.length > 0 ? wanted : known) {
  const path = join(reports, `${name}.json`)
  rmSync(path, { force: true })
  console.log(`\n== ${name}`)
  const script = scriptOf(name)!
  const command = script.endsWith('.py')
    ? ['python3', script]
    : [process.execPath, '--conditions=@backplane/source', script]
  const { status } = spawnSync(command[0]!, command.slice(1), {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: 15 * 60_000,
    env: { ...process.env, BACKPLANE_REPORT: path },
  })
  const report = existsSync(path) ? readJson<Report>(path) : undefined
  total.passed += report?.passed ?? 0
  total.failed += report?.failed ?? 0
  total.skipped += report?.skipped ?? 0
  if (status !== 0 && !report?.failed && !report?.skipped) {
    console.log(`FAIL ${name}: ended with ${status} and ${report ? 'no failed check' : 'no report'}`)
    total.failed += 1
  }
}

console.log(`\ninterop: ${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
if (total.skipped > 0) console.log('*** SKIPPED CHECKS: see above ***')
process.exitCode = total.failed > 0 ? 1 : 0

function scriptOf(name: string): string | undefined {
  return ['run.ts', 'run.py'].map((file) => join(here, name, file)).find((path) => existsSync(path))
}
