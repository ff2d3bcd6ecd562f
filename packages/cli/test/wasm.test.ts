import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { wat } from '../../runtime-wasm/test/wat.ts'
import { runCli } from '../src/run.ts'

// (module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
const adder = Buffer.from('AGFzbQEAAAABBwFgAn9/AX8DAgEABwcBA2FkZAAACgkBBwAgACABags=', 'base64')
// (module (func (export "spin") (loop (br 0))))
const spinning = Buffer.from('AGFzbQEAAAABBAFgAAADAgEABwgBBHNwaW4AAAoJAQcAA0AMAAsL', 'base64')

const home = mkdtempSync(join(tmpdir(), 'backplane-cli-'))
afterAll(() => rmSync(home, { recursive: true }))

async function backplane(...args: string[]) {
  const cwd = home
  writeFileSync(join(cwd, 'adder.wasm'), adder)
  writeFileSync(join(cwd, 'spin.wasm'), spinning)
  const [said, failed]: [string[], string[]] = [[], []]
  const write = { out: (text: string) => void said.push(text), err: (text: string) => void failed.push(text) }
  const io = { ...write, errIsTerminal: false, colors: false, env: {}, cwd, signal: new AbortController().signal }
  return { code: await runCli(args, io), out: () => said.join(''), err: () => failed.join('') }
}

test('wasm inspect says what a module is', async () => {
  const { code, out } = await backplane('wasm', 'inspect', 'adder.wasm')
  expect(code).toBe(0)
  expect(out()).toMatch(/add\s+i32 i32\s+i32/)
})

test('wasm call runs a function, under limits', async () => {
  const added = await backplane('wasm', 'call', 'adder.wasm', 'add', '--input', '{"0":2,"1":40}')
  expect(added.err()).toBe('')
  expect(JSON.parse(added.out())).toEqual({ result: 42 })
  const spun = await backplane('wasm', 'call', 'spin.wasm', 'spin', '--timeout-ms', '50')
  // As every timeout does.
  expect(spun.code).toBe(4)
  expect(spun.err()).toContain('BP_TIMEOUT')
})

// (module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
//   (memory (export "memory") 1) (data (i32.const 0) "\\10\\00\\00\\00\\02\\00\\00\\00") (data (i32.const 16)
// "\\ff\\00")   (func (export "_start") (drop (call 0 (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))))
const printer = Buffer.from(
  'AGFzbQEAAAABDAJgBH9/f38Bf2AAAAIjARZ3YXNpX3NuYXBzaG90X3ByZXZpZXcxCGZkX3dyaXRlAAADAgEBBQMBAAEHEwIGbWVtb3J5AgAGX3N0YXJ0AAEKDwENAEEBQQBBAUEgEAAaCwsVAgBBAAsIEAAAAAIAAAAAQRALAv8A',
  'base64',
)

test('a WASI program is run as one, and its bytes stay what they are', async () => {
  writeFileSync(join(home, 'printer.wasm'), printer)
  expect((await backplane('wasm', 'inspect', 'printer.wasm')).out()).toContain('wasi')
  const { code, err, out } = await backplane('wasm', 'call', 'printer.wasm', '_start', '--json', '--fuel', '1000')
  expect(err()).toBe('')
  expect([code, JSON.parse(out())]).toMatchObject([0, { output: '/wA=', encoding: 'base64' }])
  const starved = await backplane('wasm', 'call', 'printer.wasm', '_start', '--fuel', '1')
  expect(starved.err()).toContain('BP_WASM_OUT_OF_FUEL')
  const lost = await backplane('wasm', 'call', 'printer.wasm', '_start', '--allow-path', 'nowhere:/data')
  expect(lost.err()).toContain('no such folder')
})

const linked = wat(`(module
  (import "math" "add" (func $add (param i32 i32) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (func (export "run") (result i32) (local $at i64)
    (local.set $at (call $alloc (i64.const 1)))
    (call $store (local.get $at) (call $add (i32.const 2) (i32.const 63)))
    (call $output (local.get $at) (i64.const 1))
    (i32.const 0)))`)

test('wasm call links other modules by the names that they are imported by', async () => {
  writeFileSync(join(home, 'linked.wasm'), linked)
  const { code, err, out } = await backplane('wasm', 'call', 'linked.wasm', 'run', '--link', 'math=adder.wasm')
  expect([err(), code, out()]).toEqual(['', 0, 'A\n'])
  const lost = await backplane('wasm', 'call', 'linked.wasm', 'run', '--link', 'math=nowhere.wasm')
  expect([lost.code === 0, lost.err()]).toEqual([false, expect.stringContaining('nowhere.wasm')])
})

test.each([
  ['--link', 'math=adder.wasm'],
  ['--allow-path', '.:/data'],
  ['--env', 'A=B'],
  ['--config', 'a=b'],
  ['--allow-host', '*'],
])('wasm call refuses %s where the convention of the module knows no such thing', async (flag, value) => {
  const { code, err } = await backplane('wasm', 'call', 'adder.wasm', 'add', flag, value)
  expect(code).toBe(2)
  expect(err()).toContain('a module of the convention vyra takes none')
})

test('what is asked wrongly ends with 2', async () => {
  for (const words of [
    ['look', 'adder.wasm'],
    ['call', 'adder.wasm'],
    ['call', 'adder.wasm', 'add', '--max-memory', 'much'],
  ])
    expect((await backplane('wasm', ...words)).code).toBe(2)
})

test('new --wasm writes a plugin in AssemblyScript', async () => {
  const { code, out } = await backplane('new', 'thing', '--wasm', '--abi', 'vyra')
  expect(code).toBe(0)
  expect(out()).toContain('manifest.json, package.json, host.ts, plugin.ts')
  const file = join(home, 'thing', 'host.ts')
  const written = readFileSync(file, 'utf8')
  const manifest = JSON.parse(readFileSync(join(home, 'thing', 'manifest.json'), 'utf8'))
  manifest.wasm.imports = [{ name: 'host_add', args: [{ name: 'a', type: 'i32' }], returns: 'i32' }]
  writeFileSync(join(home, 'thing', 'manifest.json'), JSON.stringify(manifest))
  expect((await backplane('wasm', 'bindings', 'thing')).code).toBe(0)
  expect(readFileSync(file, 'utf8')).toContain(written)
  expect(readFileSync(file, 'utf8')).toContain('export function host_add(a: i32): i32 {')
  expect((await backplane('wasm', 'bindings', 'nothing')).code).toBe(2)
})

test('new --abi component writes a plugin in JavaScript', async () => {
  const { code, out } = await backplane('new', 'scripted', '--abi', 'component')
  expect(code).toBe(0)
  expect(out()).toContain('manifest.json, package.json, world.wit, plugin.js')
})
