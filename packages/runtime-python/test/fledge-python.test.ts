/** What the adapter for Fledge plugins and its host's side have in common. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { fledgeErrorCatalogue } from '../src/index.ts'
import { pythonsHere } from './pythons.ts'

const run = promisify(execFile)
const tests = join(import.meta.dirname, 'fledge-python')
const options = { cwd: tests, timeout: 60_000, env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' } }

test('the worker and the host have the same texts for the same codes', async () => {
  const [python] = pythonsHere().values()
  const code =
    'import harness, json; from backplane_worker.adapters.fledge_errors import CATALOGUE; print(json.dumps(CATALOGUE))'
  const { stdout } = await run(python as string, ['-c', code], options)
  // Only the host looks at folders; Python's texts double the braces that they mean.
  const { BP_FLEDGE_FOLDER_AMBIGUOUS: _, ...catalogue } = fledgeErrorCatalogue
  const theirs = Object.entries(JSON.parse(stdout) as Record<string, [string, string]>).map(
    ([name, [message, next]]) => [name, { message, next: next.replaceAll('{{', '{').replaceAll('}}', '}') }],
  )
  expect(Object.fromEntries(theirs)).toEqual(catalogue)
})
