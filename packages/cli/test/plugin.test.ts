import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { run } from './command.ts'

// Each test starts processes, on machines that may be slow.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

const plugin = [
  process.execPath,
  '--conditions=@backplane/source',
  join(import.meta.dirname, '../../../examples/kv/plugin.ts'),
]

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'backplane-plugin-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

describe('plugin inspect', () => {
  test('says what a go-plugin binary negotiated and offers', async () => {
    const { code, out } = await run(['plugin', 'inspect', '--', ...plugin], { cwd: dir })
    expect(code).toBe(0)
    expect(out).toMatch(/^Protocol +grpc, version 1$/m)
    expect(out).toMatch(/^AutoMTLS +yes$/m)
    expect(out).toMatch(/^Health +SERVING$/m)
    expect(out).toMatch(/^proto\.KV\/Get +unary +proto\.GetRequest +proto\.GetResponse$/m)
  })

  test('says it in JSON to programs, and leaves no process behind', async () => {
    const { code, out } = await run(['plugin', 'inspect', '--json', '--', ...plugin], { cwd: dir })
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      protocol: 'grpc',
      version: 1,
      services: [{ name: 'proto.KV', methods: [{ name: 'Get', kind: 'unary' }, { name: 'Put' }] }],
    })
  })

  test('starts it with the variables that it is given', async () => {
    const wants = ['/bin/sh', '-c', `test "$WANTED" = a=b && exec ${plugin.join(' ')}; echo "not wanted" >&2; exit 3`]
    const inspect = (...flags: string[]) => run(['plugin', 'inspect', ...flags, '--', ...wants], { cwd: dir })
    expect(await inspect('--env', 'OTHER=1', '--env', 'WANTED=a=b')).toMatchObject({ code: 0 })
    expect(await inspect()).toMatchObject({ code: 1, err: expect.stringContaining('BP_HANDSHAKE_EXITED') })
  })

  test.each([
    ['a program that is not there', ['./nope'], 'BP_HANDSHAKE_SPAWN'],
    ['a program that is no plugin', ['/bin/echo', 'hello'], 'BP_HANDSHAKE_LINE'],
    ['a plugin that wants another cookie', ['/bin/sh', '-c', 'echo "no cookie" >&2; exit 1'], 'BP_HANDSHAKE_EXITED'],
  ])('says what is wrong with %s', async (_, command, wanted) => {
    const { code, out, err } = await run(['plugin', 'inspect', '--', ...command], { cwd: dir })
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain(`[${wanted}]\nNext: `)
  })

  test.each([
    ['no command', ['plugin', 'inspect']],
    ['another action', ['plugin', 'look', '--', 'x']],
    ['a variable without a value', ['plugin', 'inspect', '--env', 'K', '--', 'x']],
    ['a variable without a name', ['plugin', 'inspect', '--env', '=v', '--', 'x']],
    ['a cookie without a value', ['plugin', 'inspect', '--cookie', 'K', '--', 'x']],
  ])('refuses %s', async (_, args) => {
    expect(await run(args, { cwd: dir })).toMatchObject({ code: 2, err: expect.stringContaining('BP_CLI_USAGE') })
  })
})
