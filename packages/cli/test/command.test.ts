import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { putPlugin, run, up } from './command.ts'

// Each test starts processes, on machines that may be slow.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'backplane-command-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

describe('usage', () => {
  test.each([
    ['an unknown command', ['upp']],
    ['an unknown option', ['list', '--colour']],
    ['a missing argument', ['invoke']],
    ['parameters that are no JSON', ['invoke', 'f', '--params', '{name:1}']],
    ['parameters that are no object', ['invoke', 'f', '--params', '[1]']],
    ['a port that is none', ['up', '--broker-port', 'x']],
    ['a preset that is none', ['up', '--preset', 'nope']],
  ])('%s', async (_, args) => {
    const { code, out, err } = await run(args, { cwd: dir })
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^Error: .*\[BP_CLI_USAGE\]\nNext: .+/s)
  })

  test('--json gives errors as one object', async () => {
    const { code, err } = await run(['invoke', 'f', '--params', 'x', '--json'], { cwd: dir })
    expect(code).toBe(2)
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'BP_CLI_USAGE', next: expect.any(String) } })
  })

  test('help and version are no errors', async () => {
    for (const args of [['--help'], ['up', '--help'], ['--version']]) {
      expect(await run(args, { cwd: dir })).toMatchObject({ code: 0, err: '' })
    }
  })
})

test('colours only where they are wanted', async () => {
  const wrong = ['invoke', 'f', '--params', 'x']
  const colored = '\u001B['
  expect((await run(wrong, { cwd: dir })).err).not.toContain(colored)
  expect((await run(wrong, { cwd: dir, env: { FORCE_COLOR: '1' } })).err).toContain(colored)
  expect((await run(wrong, { cwd: dir, env: { FORCE_COLOR: '1', NO_COLOR: '1' } })).err).not.toContain(colored)
})

describe('settings', () => {
  const idOf = async (args: readonly string[], env: Record<string, string> = {}) => {
    const plugins = join(dir, 'plugins')
    await using host = await up(plugins, ['--broker-port', '0', ...args], { cwd: dir, env })
    host.process.kill('SIGTERM')
    return JSON.parse((await host.process.ended).out).deviceId
  }

  test('flags count before the environment, that before the file, that before defaults', async () => {
    expect(await idOf([])).toBe('plugin-host-1')
    await writeFile(join(dir, 'backplane.json'), '{"deviceId":"from-file"}')
    expect(await idOf([])).toBe('from-file')
    expect(await idOf([], { DEVICE_ID: 'from-env' })).toBe('from-env')
    expect(await idOf([], { DEVICE_ID: 'a', BACKPLANE_DEVICE_ID: 'from-own-env' })).toBe('from-own-env')
    expect(await idOf(['--device-id', 'from-flag'], { BACKPLANE_DEVICE_ID: 'from-env' })).toBe('from-flag')
  })

  test('a config file that cannot be used is said so, and nothing starts', async () => {
    for (const text of ['{', '[]', '{"devicId":"x"}']) {
      await writeFile(join(dir, 'backplane.json'), text)
      expect(await run(['up'], { cwd: dir })).toMatchObject({
        code: 2,
        out: '',
        err: expect.stringContaining('BP_CLI_CONFIG'),
      })
    }
  })

  test('nothing is loaded by itself with --no-auto-load, nor with its variable', async () => {
    await putPlugin(dir, 'one', 'export default { functions: { one: () => 1 } }')
    await using first = await up(dir, ['--broker-port', '0', '--no-auto-load'])
    expect(first.loaded).toEqual([])
    await using second = await up(dir, ['--broker-port', '0'], { env: { DC_PLUGIN_AUTO_LOAD: 'false' } })
    expect(second.loaded).toEqual([])
    expect((await run(['load', 'one', ...second.nats])).code).toBe(0)
  })

  test('what was loaded and unloaded is kept in the state folder', async () => {
    await putPlugin(dir, 'one', 'export default { functions: { one: () => 1 } }')
    await putPlugin(dir, 'two', 'export default { functions: { two: () => 2 } }')
    const args = ['--broker-port', '0', '--state-dir', join(dir, '.state')]
    {
      await using host = await up(dir, args)
      expect((await run(['unload', 'one', ...host.nats])).code).toBe(0)
    }
    await using host = await up(dir, args)
    expect(host.loaded.map(({ id }) => id)).toEqual(['two'])
  })
})

describe('a new plugin', () => {
  test('works as it is written: validate, up, invoke', async () => {
    expect(await run(['new', 'garage-door'], { cwd: dir })).toMatchObject({ code: 0, err: '' })
    const checked = await run(['validate', 'garage-door', '--json'], { cwd: dir })
    expect(JSON.parse(checked.out)).toMatchObject({
      ok: true,
      plugin_id: 'garage-door',
      errors: [],
      functions: ['greet'],
    })
    await using host = await up(dir)
    const answer = await run(['invoke', 'greet', '--params', '{"name":"you"}', ...host.nats])
    expect(answer).toEqual({ code: 0, out: '{"message":"Hello, you!"}\n', err: '' })
  })

  test('is never written over something, nor outside', async () => {
    await run(['new', 'mine'], { cwd: dir })
    expect(await run(['new', 'mine'], { cwd: dir })).toMatchObject({
      code: 1,
      err: expect.stringContaining('BP_CLI_EXISTS'),
    })
    expect(await run(['new', '../mine'], { cwd: dir })).toMatchObject({
      code: 2,
      err: expect.stringContaining('BP_PLUGIN_ID_INVALID'),
    })
  })
})

test('validate knows plugins without a manifest', async () => {
  const code = (type: string) => `
def plugin_info():
    return {'name': 'x', 'version': '1', 'type': '${type}', 'mode': 'poll', 'interface': '1.0', 'config': {}}
def plugin_init(config): return {}
def plugin_poll(handle): pass
`
  for (const [name, type] of [
    ['level', 'south'],
    ['odd', 'storage'],
  ] as const) {
    await mkdir(join(dir, name))
    await writeFile(join(dir, name, `${name}.py`), code(type))
  }
  const { code: ended, out } = await run(['validate', 'level', '--json'], { cwd: dir })
  expect(ended).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ ok: true, plugin_id: 'level', functions: ['poll'], warnings: [] })
  const odd = await run(['validate', 'odd'], { cwd: dir })
  expect([odd.code, odd.out]).toEqual([
    expect.toSatisfy((code) => code !== 0),
    expect.stringContaining('BP_FLEDGE_INFO_INVALID'),
  ])
})

test('validate says what is wrong with a folder, by path', async () => {
  await putPlugin(dir, 'bad', '', { version: 1 })
  const { code, out, err } = await run(['validate', 'bad'], { cwd: dir })
  expect(code).toBe(1)
  expect(out).toContain('version: must be string')
  expect(err).toContain('BP_CLI_NOT_VALID')
  await putPlugin(dir, 'throws', `throw new Error('on purpose')`)
  expect((await run(['validate', 'throws'], { cwd: dir })).out).toContain('on purpose')
  expect((await run(['validate', 'nowhere'], { cwd: dir })).out).toContain('not a directory')
  await putPlugin(dir, 'settings', 'export default { functions: {} }', {
    config: { period: { type: 'integer', default: '5', minimum: '10' } },
  })
  expect((await run(['validate', 'settings'], { cwd: dir })).out).toMatch(/BP_CONFIG_INVALID\]\n +next: /)
})
