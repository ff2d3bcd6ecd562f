import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configManager } from '@backplane/config-manager'
import { fileStore } from '@backplane/config-manager/file'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runCli } from '../run.ts'

let dir: string
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'cli-config-'))
  await using manager = configManager({ store: fileStore(join(dir, 'config')) })()
  await manager.register('sine', { rate: { description: 'Rate', type: 'integer', default: '1', maximum: '9' } })
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

async function backplane(...args: string[]) {
  const out: string[] = []
  const err: string[] = []
  const io = {
    out: (text: string) => void out.push(text),
    err: (text: string) => void err.push(text),
    errIsTerminal: false,
    colors: false,
    env: {},
    cwd: dir,
    signal: new AbortController().signal,
  }
  const code = await runCli(['config', ...args, '--dir', 'config'], io)
  return { code, out: out.join(''), err: err.join('') }
}

it('lists, reads, changes, compares and brings back configuration in a folder', async () => {
  expect(await backplane('list')).toEqual({ code: 0, out: expect.stringMatching(/^CATEGORY.*\nsine /), err: '' })
  expect(await backplane('export', 'a.json')).toMatchObject({ code: 0 })
  expect(await backplane('set', 'sine', 'rate=5', '--dry-run')).toMatchObject({ code: 0, out: 'rate: 1 -> 5\n' })
  expect(await backplane('get', 'sine', 'rate')).toMatchObject({ out: '1\n' })
  expect(await backplane('set', 'sine', 'rate=5', '--reason', 'too slow')).toMatchObject({ code: 0 })
  expect(await backplane('get', 'sine', '--json')).toMatchObject({ out: '{"rate":5}\n' })
  expect(await backplane('diff', 'a.json')).toMatchObject({ out: 'sine: changed\n  rate: 5 -> 1\n' })
  expect(await backplane('import', 'a.json')).toMatchObject({ code: 0 })
  expect(await backplane('get', 'sine', 'rate')).toMatchObject({ out: '1\n' })
})

it('says what is wrong and what to do', async () => {
  expect(await backplane('set', 'sine', 'rate=99')).toMatchObject({
    code: 1,
    err: expect.stringContaining('the value is above 9'),
  })
  expect(await backplane('nope')).toMatchObject({ code: 2, err: expect.stringMatching(/unknown command 'nope'/i) })
})
