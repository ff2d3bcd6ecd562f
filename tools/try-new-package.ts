/** Makes a package by `npm run new:package` in a clone of the last commit, and runs every check over it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { interop } from '../interop/harness.ts'
import { must } from './process.ts'
import { root } from './workspace.ts'

const name = 'greeting-card'
const cwd = mkdtempSync(join(tmpdir(), 'backplane-new-package-'))
const path = `${join(cwd, 'node_modules', '.bin')}:${process.env.PATH}`
const npm = (...args: string[]) => must('npm', args, { cwd, env: { PATH: path, FORCE_COLOR: undefined } })
const long = { timeoutMs: 300_000 }

try {
  await interop('new-package', async ({ check }) => {
    await must('git', ['clone', '--quiet', root, cwd], { cwd: root })
    await npm('ci')
    if (!(await check('is made by one command', () => npm('run', 'new:package', '--', name), long))) return
    await check('passes lint', () => npm('run', 'lint'), long)
    await check('passes the type check', () => npm('run', 'typecheck'), long)
    await check(
      'passes its own tests and those of the repository',
      () => npm('test', '--', `packages/${name}/`, 'tools/'),
      long,
    )
    await check('has the public surface that it reports', () => npm('run', 'api'), long)
    await check('passes the package lint', () => npm('run', 'lint:pkg', '--', '-p', `@backplane/${name}`), long)
    await check('leaves the lock file complete', () => npm('run', 'lock:complete', '--', '--check'))
  })
} finally {
  rmSync(cwd, { recursive: true, force: true })
}
