/** Plugins of both conventions under a host. */
import { execFileSync } from 'node:child_process'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHost, type Manifest } from '@backplane/core'
import { memoryConfig } from '@backplane/core/memory'
import { describe, expect, onTestFinished, test } from 'vitest'
import { signedBytes } from '../src/host/signature.ts'
import { type WasmRuntimeInit, wasmRuntime } from '../src/host/wasm-runtime.ts'
import { extismModule, text } from './extism.ts'
import { wat } from './wat.ts'

const failing = (code: string) => expect.objectContaining({ code })
const functions: WasmRuntimeInit['functions'] = {
  'extism:host/user': { reflect: (call, handle) => call.store(call.bytes(handle as bigint)) },
}

function testHost(init: WasmRuntimeInit = {}) {
  const host = createHost({ identity: { deviceId: 'box-1' }, runtimes: [wasmRuntime({ functions, ...init })] })
  onTestFinished(() => host.stop())
  return host
}

const extism = (more: Partial<Manifest> = {}): Manifest => ({
  id: 'guest',
  permissions: { host: ['reflect'] },
  ...more,
})

describe.each([{ worker: true }, { worker: false }])('%o', (mode) => {
  test('an Extism module: bytes in, bytes out, its exports advertised', async () => {
    const host = testHost(mode)
    await host.load({ manifest: extism(), module: extismModule })
    expect(host.advertisement.functions.map((each) => each.name)).toContain('echo')
    expect(text((await host.call('guest.echo', { input: 'hello' })) as Uint8Array)).toBe('hello')
    await expect(host.call('guest.fail', { input: 'no good' })).rejects.toThrow('no good')
    await expect(host.call('guest.spin', {}, { timeoutMs: 100 })).rejects.toEqual(failing('BP_TIMEOUT'))
    expect(text((await host.call('guest.echo', { input: 'on' })) as Uint8Array)).toBe('on')
  })

  test('a VYRA module: arguments by name, state handed over in a swap', async () => {
    const host = testHost(mode)
    const counter = wat(`(module (global $n (mut i32) (i32.const 0))
      (func (export "init") (param i32) (global.set $n (local.get 0)))
      (func (export "increment") (param i32) (result i32) (global.set $n (i32.add (global.get $n) (local.get 0))) (global.get $n))
      (func (export "get_state") (result i32) (global.get $n)) (func (export "set_state") (param i32) (global.set $n (local.get 0))))`)
    const args = (name: string) => [{ name, type: 'i32' }]
    const wasm = {
      exports: [
        { name: 'init', args: args('count') },
        { name: 'increment', args: args('by') },
        'get_state',
        { name: 'set_state', args: args('count') },
      ],
      initial_state: { count: { type: 'i32', default: 40 } },
    }
    const source = { manifest: { id: 'counter', wasm }, module: counter }
    await host.load(source)
    expect(host.advertisement.functions.map((each) => each.name)).toEqual(['increment'])
    expect(await host.call('counter.increment', { by: 2 })).toEqual({ result: 42 })
    await host.reload('counter', source)
    expect(host.plugin('counter')?.generation).toBe(2)
    expect(await host.call('counter.increment', { by: 1 })).toEqual({ result: 43 })
  })

  test('an Extism module hands its variables over in a swap', async () => {
    const host = testHost(mode)
    const source = { manifest: extism(), module: extismModule }
    await host.load(source)
    await host.call('guest.put', { input: 'kept' })
    await host.reload('guest', source)
    expect(host.plugin('guest')?.generation).toBe(2)
    expect(text((await host.call('guest.get')) as Uint8Array)).toBe('kept')
  })

  test('what is not granted is not there: the import is named', async () => {
    const host = testHost(mode)
    await expect(host.load({ manifest: { id: 'guest' }, module: extismModule })).rejects.toThrow(
      /extism:host\/user\.reflect/,
    )
    expect(host.plugins()).toEqual([])
  })

  test('limits of the manifest hold', async () => {
    const host = testHost(mode)
    await host.load({
      manifest: extism({ limits: { memory_mb: 1 }, wasm: { limits: { fuel: 100_000 } } }),
      module: extismModule,
    })
    await expect(host.call('guest.grow')).rejects.toEqual(failing('BP_WASM_MEMORY_LIMIT'))
    await expect(host.call('guest.spin')).rejects.toEqual(failing('BP_WASM_OUT_OF_FUEL'))
    expect(host.plugin('guest')?.unenforced).toEqual([])
  })
})

test.each([
  ['less than the manifest asks for', 100_000, 1e9],
  ['more than the manifest asks for', 1e9, 100_000],
])('the smaller limit counts: the host allows %s', async (_, allowed, asked) => {
  const host = testHost({ worker: false, limits: { fuel: allowed } })
  await host.load({ manifest: extism({ wasm: { limits: { fuel: asked } } }), module: extismModule })
  const failed = await host.call('guest.spin').catch((error) => error)
  expect(failed).toEqual(failing('BP_WASM_OUT_OF_FUEL'))
  expect(failed.details).toMatchObject({ limit: 'fuel', value: 100_000 })
})

test('hash and signature are checked before anything is compiled, permissions included', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const key = Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url').toString('base64')
  const hash = createHash('sha256').update(extismModule).digest('hex')
  const unsigned = extism({ wasm: { hash } })
  const value = sign(null, signedBytes(unsigned, extismModule), privateKey).toString('base64')
  const signed = { ...unsigned, wasm: { hash, signature: { key, value } } }
  const host = testHost({ worker: false, trustedKeys: [key] })
  const refused = async (manifest: Manifest, module: Uint8Array = extismModule) => {
    const error = await host.load({ manifest, module }).then(
      () => undefined,
      (reason) => reason,
    )
    return (error?.cause as { code?: string } | undefined)?.code
  }
  expect(await refused(unsigned)).toBe('BP_WASM_SIGNATURE')
  expect(await refused({ ...signed, permissions: { host: ['*'], network: ['*'] } })).toBe('BP_WASM_SIGNATURE')
  expect(await refused({ ...signed, wasm: { ...signed.wasm, hash: '0'.repeat(64) } })).toBe('BP_WASM_HASH')
  expect(await refused(signed, Uint8Array.of(...extismModule, 0, 1, 0))).toBe('BP_WASM_HASH')
  const other = testHost({ worker: false, trustedKeys: ['AAAA'] })
  await expect(other.load({ manifest: signed, module: extismModule })).rejects.toThrow(/not trusted/)
  await host.load({ manifest: signed, module: extismModule })
  expect(text((await host.call('guest.echo', { input: 'x' })) as Uint8Array)).toBe('x')
})

test('a section with a slip in it is refused by its path', async () => {
  const host = testHost({ worker: false })
  for (const wasm of [
    { limts: {} },
    { limits: { feul: 1 } },
    { abi: 'wit' },
    { instances: 0 },
    { hash: 'x' },
    { exports: 5 },
  ])
    await expect(host.load({ manifest: extism({ wasm }), module: extismModule })).rejects.toThrow(/wasm\./)
})

test('what a manifest names and the module does not have is refused by its path', async () => {
  const host = testHost({ worker: false })
  for (const [wasm, issue] of [
    [{ exports: ['ecko'] }, "wasm.exports: there is no function 'ecko'"],
    [{ exports: [{ name: 'echo', inputs: 'text' }] }, "wasm.exports 'echo': 'inputs' is not known"],
    [{ exports: [{ name: 'echo', input: 'utf8' }] }, "wasm.exports 'echo': 'input' must be one of bytes, text, json"],
    [{ exports: [5] }, 'wasm.exports must be a list of names'],
    [{ hooks: { start: 'ecko' } }, "wasm.hooks.start: there is no function 'ecko'"],
    [{ hooks: { start: 5 } }, 'wasm.hooks.start must be the name'],
    [{ routines: [{ function: 'ecko', interval_ms: 5 }] }, "wasm.routines: there is no function 'ecko'"],
  ] as const) {
    const refused = expect.objectContaining({
      code: 'BP_PLUGIN_LOAD_FAILED',
      message: expect.stringContaining(issue),
      next: expect.stringContaining('backplane validate'),
    })
    await expect(host.load({ manifest: extism({ wasm }), module: extismModule })).rejects.toEqual(refused)
  }
})

test('a configuration hook that never ends is given up, and calls go on', async () => {
  const config = memoryConfig()
  const runtimes = [wasmRuntime()]
  const host = createHost({ identity: { deviceId: 'box-1' }, runtimes, config: () => config })
  onTestFinished(() => host.stop())
  const module = wat(`(module (import "extism:host/env" "input_length" (func (result i64)))
    (func (export "spin") (result i32) (loop (br 0)) unreachable)
    (func (export "ok") (result i32) (i32.const 0)))`)
  const items = { a: { type: 'string', default: 'x', description: 'Any' } } as const
  const limits = { start_timeout_ms: 4000 }
  await host.load({ manifest: { id: 'guest', limits, config: items, wasm: { hooks: { config: 'spin' } } }, module })
  await expect(config.set('guest', { a: 'y' })).rejects.toEqual(failing('BP_CONFIG_REFUSED'))
  expect(await host.call('ok')).toEqual(new Uint8Array())
})

test('an entry point that is no file, or too long, is not read', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'backplane-wasm-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const host = testHost({ worker: false, limits: { moduleBytes: 1000 } })
  const load = (entry_point: string) => host.load({ dir, manifest: { ...extism(), runtime: 'wasm', entry_point } })
  await symlink('/dev/zero', join(dir, 'zero.wasm'))
  await writeFile(join(dir, 'long.wasm'), new Uint8Array(1001))
  execFileSync('mkfifo', [join(dir, 'pipe.wasm')])
  for (const entry of ['zero.wasm', 'pipe.wasm', '.']) await expect(load(entry)).rejects.toThrow('it is no file')
  await expect(load('long.wasm')).rejects.toThrow('1001 bytes')
  await expect(load('none.wasm')).rejects.toMatchObject({ next: expect.stringContaining('npm run build') })
})

test('a guest whose state is lost in a trap ends, and its slot starts it again; one without state goes on', async () => {
  const host = testHost()
  await host.load({ manifest: extism({ id: 'plain' }), module: extismModule })
  const hooks = { start: 'nothing' }
  const restart = { backoff_ms: 1 }
  await host.load({ manifest: extism({ id: 'stateful', restart, wasm: { hooks } }), module: extismModule })
  await expect(host.call('plain.trap')).rejects.toEqual(failing('BP_WASM_TRAP'))
  expect(text((await host.call('plain.echo', { input: 'on' })) as Uint8Array)).toBe('on')
  expect(host.plugin('plain')?.generation).toBe(1)
  const restarted = new Promise((resolve) => host.on((event) => event.type === 'plugin.restarted' && resolve(event)))
  await expect(host.call('stateful.trap')).rejects.toThrow()
  await restarted
  expect(host.plugin('stateful')?.generation).toBe(2)
  expect(text((await host.call('stateful.echo', { input: 'on' })) as Uint8Array)).toBe('on')
})
