import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pluginClient, reattachFromJson } from '../src/index.ts'
import { StderrTail } from '../src/log/tail.ts'
import { eventually, type LogRecord, recorder, script, testPlugin } from './plugin.ts'

const trace = Array.from({ length: 500 }, (_, at) => `goroutine ${at}: somewhere`)

describe('the stderr of a plugin that crashed', () => {
  it.each([
    'panic: out of cheese',
    'fatal error: all goroutines are asleep - deadlock!',
    'SIGSEGV: segmentation violation',
    "thread 'main' panicked at src/main.rs:2:5:",
    'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
  ])('keeps what it began with: %s', (first) => {
    const tail = new StderrTail()
    for (const line of ['before', first, ...trace]) tail.push(line)
    expect(tail.crash).toBe(first)
    expect(tail.lines[0]).toBe(first)
    expect(tail.lines[1]).toBe(trace[0])
    expect(tail.lines.at(-1)).toBe(trace.at(-1))
    expect(tail.lines).toContain('(461 lines)')
    expect(tail.lines.length).toBeLessThan(50)
  })

  it.each(['a panic: no', '\tpanic: nested', 'Fatal error: no', 'http: panic serving x', ''])(
    'takes %j for no crash',
    (line) => {
      const tail = new StderrTail()
      tail.push(line)
      expect(tail.crash).toBeUndefined()
      expect(tail.lines).toEqual([line])
    },
  )

  it('tells of the last of several', () => {
    const tail = new StderrTail()
    for (const line of ['panic: caught', 'going on', 'panic: the end', 'x']) tail.push(line)
    expect(tail.lines).toEqual(['panic: the end', 'x'])
  })

  it('is in the error of a start that failed, its first line in the message', async () => {
    const text = `echo 'panic: no such key' >&2; seq 1 500 >&2; exit 2`
    const error = await pluginClient(script(text))
      .start()
      .catch((thrown) => thrown)
    expect(error.code).toBe('BP_HANDSHAKE_EXITED')
    expect(error.message).toMatch(/: panic: no such key$/)
    expect(error.details.stderr[0]).toBe('panic: no such key')
    expect(error.details.stderr.at(-1)).toBe('500')
  })

  it.each([
    [-9, "panic: TypeError: thrown by nobody's call"],
    [-10, 'panic: rejected'],
    [-11, 'panic: a text'],
  ])('of a TypeScript plugin is an error in the log (%d)', async (Input, first) => {
    const records: LogRecord[] = []
    await using client = pluginClient(testPlugin(), { logger: recorder(records) })
    const test = await client.dispense('test')
    const error = await test.Double!({ Input }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'BP_HANDSHAKE_PROCESS_EXITED' })
    expect((error as Error).message).toContain(first)
    await client.exited
    expect(client.ending).toBe(`code 1: ${first}`)
    expect(records).toContainEqual({ level: 'error', fields: {}, message: first })
  })
})

it("keeps a plugin's log keys from taking the place of the record's own", async () => {
  const records: LogRecord[] = []
  const line = JSON.stringify({
    '@level': 'trace',
    '@message': 'said',
    level: 60,
    time: 0,
    pid: 1,
    msg: 'x',
    plugin: 'y',
  })
  const client = pluginClient(script(`echo '${line}' >&2; exit 1`), { logger: recorder(records) })
  await client.start().catch(() => {})
  const said = records.find(({ message }) => message === 'said')
  expect(said).toEqual({
    level: 'debug',
    fields: { _level: 'trace', _time: 0, _pid: 1, _msg: 'x', _plugin: 'y' },
    message: 'said',
  })
})

it('says that a folder is wrong, not the program', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'cwd-')), 'file')
  writeFileSync(file, '')
  for (const [cwd, text] of [
    [`${file}-not`, /the folder that it should run in, .*file-not, is not there/],
    [file, /what it should run in, .*file, is not a folder/],
  ] as const) {
    const error = await pluginClient({ ...script('true'), cwd })
      .start()
      .catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'BP_HANDSHAKE_SPAWN', message: expect.stringMatching(text) })
  }
})

it('names the entries of a reattach configuration', () => {
  const entry = { Protocol: 'grpc', Pid: 1, Test: true, Addr: { Network: 'unix', String: '/tmp/x' } }
  const json = JSON.stringify({ 'a/b': entry, c: entry, other: 1 })
  expect(() => reattachFromJson(json)).toThrow(/entries for "a\/b", "c", of which a name must pick one/)
  expect(() => reattachFromJson(json, 'd')).toThrow(/no entry "d" with an Addr; it has entries for "a\/b", "c"/)
  expect(() => reattachFromJson(json, 'toString')).toThrow(/no entry "toString"/)
  expect(() => reattachFromJson('{}')).toThrow(/it has no Addr$/)
})

describe.skipIf(process.platform === 'win32')('a host script that ends by a signal', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends its plugins by their own means first: %s', async (signal) => {
    const file = join(import.meta.dirname, 'fixtures/host.ts')
    const host = spawn(process.execPath, ['--conditions=@backplane/source', file, 'gentle'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    host.stdout.on('data', (chunk) => {
      out += chunk
    })
    await eventually(() => out.includes('\n'), 60_000)
    host.kill(signal)
    const ended = await new Promise((resolve) => host.once('close', (_code, name) => resolve(name)))
    expect(ended).toBe(signal)
    expect(out.split('\n')[1]).toBe('{"code":0}')
  })
})
