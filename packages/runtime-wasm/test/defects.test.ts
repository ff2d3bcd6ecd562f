/**
 * What goes wrong in Extism's JavaScript SDK (1.0.3 and 2.0.0-rc13, found by running them), each in its number, does
 * not here.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ExtismPluginInit, extismPlugin } from '../src/extism/plugin.ts'
import { extismModule, reflect, testPlugin, text } from './extism.ts'
import { wat } from './wat.ts'

const modes: [string, ExtismPluginInit][] = [
  ['foreground', {}],
  ['worker', { worker: true }],
]
const failing = (code: string) => expect.objectContaining({ code })

describe.each(modes)('%s', (_, mode) => {
  test('1: memory.max_pages holds, in JSON text and in an object', async () => {
    const data = Buffer.from(extismModule).toString('base64')
    const json = JSON.stringify({ wasm: [{ data }], memory: { max_pages: 5 } })
    await using plugin = await extismPlugin(json, { ...mode, functions: reflect })
    await expect(plugin.call('grow')).rejects.toEqual(failing('BP_WASM_MEMORY_LIMIT'))
    const other = await testPlugin(mode, { memory: { maxPages: 5 } })
    await expect(other.call('grow')).rejects.toEqual(failing('BP_WASM_MEMORY_LIMIT'))
  })

  test('2: timeoutMs of the manifest holds', async () => {
    const plugin = await testPlugin(mode, { timeoutMs: 2000 })
    await expect(plugin.call('spin')).rejects.toEqual(failing('BP_TIMEOUT'))
    expect(text(await plugin.call('echo', 'on'))).toBe('on')
  })

  test('3: the limit counts the memory of the plugin and what it shares with its host', async () => {
    const plugin = await testPlugin({ ...mode, limits: { memoryPages: 20 } })
    const pages: number[] = []
    await plugin.call('hoard', '', { stats: (stats) => pages.push(stats.memoryPages) })
    expect(pages[0]).toBeLessThanOrEqual(20)
    expect(pages[0]).toBeGreaterThan(15)
    await expect(plugin.call('grow')).rejects.toEqual(failing('BP_WASM_MEMORY_LIMIT'))
  })

  test('4: output is what the plugin set, not the whole block', async () => {
    expect(text(await (await testPlugin(mode)).call('part', 'abcdef'))).toBe('b')
  })

  test('5: reset clears the variables', async () => {
    const plugin = await testPlugin(mode)
    await plugin.call('put', 'kept')
    expect(text(await plugin.call('get'))).toBe('kept')
    await plugin.reset()
    expect(text(await plugin.call('get'))).toBe('')
  })

  test('6: a host function that throws fails its call, and the plugin goes on', async () => {
    const functions = {
      'extism:host/user': {
        reflect: () => {
          throw new Error('the host is out of order')
        },
      },
    }
    const plugin = await testPlugin({ ...mode, functions })
    await expect(plugin.call('reflect')).rejects.toThrow('the host is out of order')
    expect(text(await plugin.call('echo', 'on'))).toBe('on')
  })

  test('7: calls leave no memory behind', async () => {
    const plugin = await testPlugin(mode)
    const input = new Uint8Array(1 << 20)
    const pages: number[] = []
    for (let i = 0; i < 40; i++) await plugin.call('same', input, { stats: (stats) => pages.push(stats.memoryPages) })
    expect(pages.at(-1)).toBe(pages[1])
  })

  test('8: configuration has no names but its own', async () => {
    const plugin = await testPlugin({ ...mode, config: { mine: 'yes' } })
    expect(text(await plugin.call('config', 'mine'))).toBe('yes')
    for (const name of ['constructor', '__proto__', 'toString', ''])
      expect(text(await plugin.call('config', name))).toBe('')
  })

  test('9: a redirect to a host that is not allowed is not followed', async () => {
    const other = await server((_, answer) => answer.end('secret'))
    const first = await server((request, answer) => {
      if (request.url === '/away') answer.writeHead(302, { location: other.replace('127.0.0.1', 'localhost') }).end()
      else if (request.url === '/here') answer.writeHead(302, { location: '/plain' }).end()
      else answer.end('open')
    })
    const plugin = await testPlugin({ ...mode, allowedHosts: ['127.0.0.*'] })
    const ask = async (url: string) => text(await plugin.call('fetch', JSON.stringify({ url })))
    expect(await ask(`${first}/plain`)).toBe('open')
    expect(await ask(`${first}/here`)).toBe('open')
    await expect(ask(`${first}/away`)).rejects.toEqual(failing('BP_PERMISSION_DENIED'))
    await expect(ask(other.replace('127.0.0.1', 'localhost'))).rejects.toEqual(failing('BP_PERMISSION_DENIED'))
    await expect((await testPlugin(mode)).call('fetch', JSON.stringify({ url: first }))).rejects.toEqual(
      failing('BP_PERMISSION_DENIED'),
    )
  })

  test('10 and 11: calls at once wait for their turn, each with its own answer', async () => {
    const functions = {
      'extism:host/user': {
        reflect: async (
          call: { bytes(h: bigint): Uint8Array; store(b: Uint8Array): bigint },
          handle: number | bigint,
        ) => {
          const bytes = call.bytes(handle as bigint)
          await new Promise((resolve) => setTimeout(resolve, bytes.length % 5))
          return call.store(bytes)
        },
      },
    }
    const plugin = await testPlugin({ ...mode, functions })
    const inputs = Array.from({ length: 40 }, (_, i) => 'x'.repeat(i))
    expect((await Promise.all(inputs.map((input) => plugin.call('reflect', input)))).map(text)).toEqual(inputs)
  })

  test('12: a loop is ended by its timeout, through calls to its host as well', async () => {
    const plugin = await testPlugin(mode)
    await expect(plugin.call('spin', '', { timeoutMs: 20 })).rejects.toEqual(failing('BP_TIMEOUT'))
    await expect(plugin.call('spin_host', '', { timeoutMs: 20 })).rejects.toEqual(failing('BP_TIMEOUT'))
    expect(text(await plugin.call('echo', 'on'))).toBe('on')
  })

  test('13: an ordinary function may give a promise', async () => {
    const functions = { 'extism:host/user': { reflect: () => Promise.resolve('later') } }
    const plugin = await testPlugin({ ...mode, functions })
    expect(text(await plugin.call('reflect'))).toBe('later')
  })

  test('14: variables are bounded', async () => {
    const plugin = await testPlugin(mode)
    await expect(plugin.call('put', new Uint8Array((1 << 20) + 1))).rejects.toEqual(failing('BP_WASM_SIZE_LIMIT'))
    await plugin.call('put', 'small')
    await plugin.call('remove')
    expect(text(await plugin.call('get'))).toBe('')
  })

  test('16: variables stay with the plugin, without a way to the host and back', async () => {
    const plugin = await testPlugin(mode)
    for (let i = 0; i < 200; i++) await plugin.call('put', String(i))
    expect(text(await plugin.call('get'))).toBe('199')
  })

  test('17: reading beyond the input gives 0', async () => {
    expect(text(await (await testPlugin(mode)).call('beyond', ''))).toBe('000')
  })

  test('18: a path with ro: can be read and not written', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'backplane-runtime-wasm-'))
    onTestFinished(() => rmSync(dir, { recursive: true }))
    writeFileSync(join(dir, 'a.txt'), 'from a file')
    const module = wat(filesGuest)
    await using plugin = await extismPlugin(
      { wasm: [{ data: module }], allowed_paths: { [`ro:${dir}`]: '/data' } },
      { ...mode, wasi: true },
    )
    expect(text(await plugin.call('read'))).toBe('from a file')
    await expect(plugin.call('create')).rejects.toMatchObject({ details: { code: 69 } })
    await expect(plugin.call('escape')).rejects.toMatchObject({ details: { code: 63 } })
  })
})

test('15: the process ends soon after close', () => {
  const script = `
    import { extismPlugin } from ${JSON.stringify(join(import.meta.dirname, '../src/extism/plugin.ts'))}
    const data = Buffer.from('${Buffer.from(wat('(module (func (export "f")))')).toString('base64')}', 'base64')
    const plugin = await extismPlugin(data, { worker: true, limits: { timeoutMs: 60000 } })
    await plugin.call('f')
    await plugin.close()
    console.log('closed')`
  const args = ['--conditions=@backplane/source', '--input-type=module', '--eval', script]
  // A timer that outlived close would keep the process for a minute.
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 12_000 })
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'closed\n' })
})

type Handler = Parameters<typeof createServer>[1]

async function server(handle: NonNullable<Handler>): Promise<string> {
  const listening = createServer(handle as never)
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    listening.closeAllConnections()
    listening.close()
  })
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
}

const filesGuest = `(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "a.txt") (data (i32.const 16) "new.txt") (data (i32.const 32) "../x")
  (func (export "read") (result i32) (local $n i32) (local $i i32) (local $h i64)
    (if (local.tee $n (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 64))) (then (return (local.get $n))))
    (i32.store (i32.const 72) (i32.const 1024)) (i32.store (i32.const 76) (i32.const 100))
    (if (local.tee $n (call $read (i32.load (i32.const 64)) (i32.const 72) (i32.const 1) (i32.const 80))) (then (return (local.get $n))))
    (local.set $n (i32.load (i32.const 80)))
    (local.set $h (call $alloc (i64.extend_i32_u (local.get $n))))
    (loop $next
      (call $store (i64.add (local.get $h) (i64.extend_i32_u (local.get $i))) (i32.load8_u offset=1024 (local.get $i)))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (call $output (local.get $h) (i64.extend_i32_u (local.get $n))) (i32.const 0))
  (func (export "create") (result i32)
    (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 7) (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 64)))
  (func (export "escape") (result i32)
    (call $open (i32.const 3) (i32.const 0) (i32.const 32) (i32.const 4) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 64))))`
