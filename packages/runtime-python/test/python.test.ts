/** Runs the worker's own tests with every Python that is promised and here. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { pythonsHere, pythonsMissing } from './pythons.ts'

const run = promisify(execFile)
const suites = ['python', 'fledge-python'].map((folder) => join(import.meta.dirname, folder))

for (const version of pythonsMissing()) process.stderr.write(`NOT CHECKED: there is no Python ${version} here\n`)

test.each([...pythonsHere()])('Python %s', { timeout: 90_000 }, async (_, python) => {
  for (const suite of suites) {
    const options = { cwd: suite, timeout: 60_000, env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' } }
    const args = ['-W', 'error', '-m', 'unittest', 'discover', '--start-directory', suite]
    const failed = (error: { stderr?: string }) => ({ stderr: error.stderr ?? String(error) })
    const { stderr } = await run(python, args, options).catch(failed)
    expect(stderr).toMatch(/\nOK( \(skipped=\d+\))?\n$/)
  }
})
