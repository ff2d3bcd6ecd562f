import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { coreError } from '@backplane/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fakeIo } from '../test/io.ts'
import { interrupt } from './io.ts'
import { runCli } from './run.ts'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'backplane-run-'))
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

async function run(...args: string[]) {
  const process = fakeIo({ cwd })
  const code = await runCli(args, process.io)
  return { code, out: process.out, err: process.err }
}

test('answers --help and --version, and shows help where nothing was asked', async () => {
  expect(await run('--version')).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: '' })
  expect(await run('invoke', '--help')).toMatchObject({ code: 0, out: expect.stringContaining('--params <json>') })
  expect(await run('help')).toMatchObject({ code: 0, out: expect.stringContaining('Exit codes:') })
  expect(await run()).toMatchObject({ code: 2, out: '', err: expect.stringContaining('Usage:') })
})

test.each([
  [['nonsense'], "Unknown command 'nonsense'"],
  [['up', '--nonsense'], "Unknown option '--nonsense'"],
  [['invoke'], "Missing required argument 'function'"],
  [['invoke', 'f', '--params'], "Option '--params <json>' argument missing"],
  [['invoke', 'f', '--params', '{oops'], '--params {oops: '],
  [['invoke', 'f', '--params', '[1]'], 'it is no JSON object'],
  [['invoke', 'f', '--timeout', 'soon'], "--timeout: 'soon' is no number"],
  [['events', '--count', '1.5'], "--count: '1.5' is no whole number"],
  [['up', '--log-level', 'loud'], '--log-level'],
])('ends with 2 for %j', async (args, words) => {
  const { code, out, err } = await run(...args)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toContain(words)
  expect(err).toMatch(/\[BP_CLI_USAGE\]\nNext: .+\n$/)
})

test('says in JSON, too, what cannot be parsed', async () => {
  const { code, err } = await run('up', '--nonsense', '--json')
  expect(code).toBe(2)
  expect(JSON.parse(err)).toMatchObject({ error: { code: 'BP_CLI_USAGE', next: expect.any(String) } })
})

test('ends with 130 where it was interrupted, with 0 where it was asked to end', async () => {
  for (const [name, code] of [
    [interrupt, 130],
    ['SIGTERM', 0],
  ] as const) {
    const signal = AbortSignal.abort(coreError('BP_ABORTED', { details: { name } }))
    const process = fakeIo({ cwd, signal })
    expect(await runCli(['discover', '--nats', 'nats://127.0.0.1:1'], process.io)).toBe(code)
    expect(process.err).toBe('')
  }
})

test('writes a plugin that validate accepts, and never over another', async () => {
  expect(await run('new', 'garage-door')).toMatchObject({
    code: 0,
    out: expect.stringContaining('npx backplane validate garage-door\n'),
  })
  expect(await run('validate', 'garage-door', '--json')).toMatchObject({
    code: 0,
    out: expect.stringContaining('"functions":["greet"]'),
    err: '',
  })
  writeFileSync(join(cwd, 'garage-door', 'plugin.mjs'), 'mine')
  expect(await run('new', 'garage-door')).toMatchObject({ code: 1, err: expect.stringContaining('BP_CLI_EXISTS') })
  expect(readdirSync(join(cwd, 'garage-door')).sort()).toEqual(['README.md', 'manifest.json', 'plugin.mjs'])
})

test('writes nothing for an id that is none, or to where it cannot', async () => {
  for (const name of ['../outside', 'host', '.hidden'])
    expect(await run('new', name)).toMatchObject({ code: 2, err: expect.stringContaining('BP_PLUGIN_ID_INVALID') })
  writeFileSync(join(cwd, 'file'), '')
  const unwritable = { code: 1, err: expect.stringContaining('BP_CLI_UNWRITABLE') }
  expect(await run('new', 'fine', '--dir', 'file')).toMatchObject(unwritable)
  expect(readdirSync(cwd)).toEqual(['file'])
})
