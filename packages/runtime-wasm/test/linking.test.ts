/** Several modules in one plugin, and what a module begins with. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { extismPlugin } from '../src/extism/plugin.ts'
import { wat } from './wat.ts'

const failing = (code: string) => expect.objectContaining({ code })
const give = `(import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))`
const giveByte = `(func $give (param $value i32) (local $h i64) (local.set $h (call $alloc (i64.const 1)))
  (call $store (local.get $h) (local.get $value)) (call $output (local.get $h) (i64.const 1)))`

const library = wat(`(module (import "main" "base" (func $base (result i32)))
  (memory (export "memory") 2) (func (export "more") (result i32) (i32.add (call $base) (i32.const 2))))`)
const main = wat(`(module ${give} (import "library" "more" (func $more (result i32)))
  (import "library" "memory" (memory 1)) ${giveByte}
  (func (export "base") (result i32) (i32.const 40))
  (func (export "grow") (result i32) (if (i32.eq (memory.grow (i32.const 20)) (i32.const -1)) (then unreachable)) (i32.const 0))
  (func (export "run") (result i32) (call $give (call $more)) (i32.const 0)))`)

test('modules import each other, in a circle too, and share their limits', async () => {
  const hash = createHash('sha256').update(library).digest('hex')
  const wasm = [{ data: library, name: 'library', hash }, { data: main }]
  await using plugin = await extismPlugin({ wasm }, { limits: { memoryPages: 10 } })
  expect(await plugin.call('run')).toEqual(Uint8Array.of(42))
  await expect(plugin.call('grow')).rejects.toEqual(failing('BP_WASM_MEMORY_LIMIT'))
  await expect(extismPlugin({ wasm: [{ data: main }] })).rejects.toThrow(/library\.more, library\.memory/)
  const wrong = [{ data: library, name: 'library', hash: '0'.repeat(64) }, { data: main }]
  await expect(extismPlugin({ wasm: wrong })).rejects.toEqual(failing('BP_WASM_HASH'))
})

test('what was added to one module cannot be imported by another', async () => {
  const thief = wat('(module (import "library" "backplane:fuel" (global (mut i32))) (func (export "run")))')
  const plain = wat('(module (func (export "f")))')
  const wasm = [{ data: plain, name: 'library' }, { data: thief }]
  await expect(extismPlugin({ wasm })).rejects.toEqual(failing('BP_WASM_IMPORT_MISSING'))
})

test('a reactor is initialised once, a command is started before its other functions, and may end with 0', async () => {
  const begins = (name: string, end = '') =>
    wat(`(module ${give} ${end === '' ? '' : '(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))'}
      (memory (export "memory") 1) (global $n (mut i32) (i32.const 0)) ${giveByte}
      (func (export "${name}") (global.set $n (i32.add (global.get $n) (i32.const 7))) ${end})
      (func (export "run") (result i32) (call $give (global.get $n)) (i32.const 0)))`)
  for (const module of [
    begins('_initialize'),
    begins('hs_init'),
    begins('_start'),
    begins('_start', '(call $exit (i32.const 0))'),
  ]) {
    await using plugin = await extismPlugin(module, { wasi: true })
    expect(await plugin.call('run')).toEqual(Uint8Array.of(7))
    expect(await plugin.call('run')).toEqual(Uint8Array.of(7))
  }
  await expect(extismPlugin(begins('_start', '(call $exit (i32.const 0))'))).rejects.toThrow(/proc_exit/)
})

test('return codes and errors: a number that is not 0 fails, and an error wins', async () => {
  const module = wat(`(module ${give} (import "extism:host/env" "error_set" (func $error (param i64))) ${giveByte}
    (func $say (local $h i64) (local.set $h (call $alloc (i64.const 1))) (call $store (local.get $h) (i32.const 33)) (call $error (local.get $h)))
    (func (export "code") (result i32) (i32.const 7))
    (func (export "says") (result i32) (call $say) (i32.const 0))
    (func (export "trap") (call $say) unreachable))`)
  await using plugin = await extismPlugin(module)
  await expect(plugin.call('code')).rejects.toMatchObject({ code: 'BP_PLUGIN_FAILED', details: { code: 7 } })
  await expect(plugin.call('says')).rejects.toMatchObject({ code: 'BP_PLUGIN_FAILED', message: '!' })
  await expect(plugin.call('trap')).rejects.toMatchObject({ code: 'BP_PLUGIN_FAILED', message: '!' })
})

const counted = (name: string, more = '') =>
  wat(`(module (memory (export "memory") 1) (global $n (mut i32) (i32.const 0)) ${more}
    (func (export "${name}") (global.set $n (i32.add (global.get $n) (i32.const 7))))
    (func (export "n") (result i32) (global.get $n)))`)

test.each([{ worker: true }, {}])('a module that another imports is initialised before it, once (%o)', async (mode) => {
  const reader = wat(`(module ${give} (import "library" "n" (func $n (result i32))) ${giveByte}
    (global $seen (mut i32) (i32.const 0)) (func (export "_initialize") (global.set $seen (call $n)))
    (func (export "run") (result i32) (call $give (global.get $seen)) (i32.const 0)))`)
  const both = counted('__wasm_call_ctors', '(func (export "_initialize") (global.set $n (i32.const 3)))')
  const program = counted('_start')
  for (const [library, expected] of [
    [counted('_initialize'), 7],
    [counted('__wasm_call_ctors'), 7],
    [counted('hs_init'), 7],
    // A reactor runs its constructors itself, and what is imported is no program.
    [both, 3],
    [program, 0],
  ] as const) {
    const wasm = [{ data: library, name: 'library' }, { data: reader }]
    await using plugin = await extismPlugin({ wasm }, mode)
    expect(await plugin.call('run')).toEqual(Uint8Array.of(expected))
    expect(await plugin.call('run')).toEqual(Uint8Array.of(expected))
  }
  const itself =
    wat(`(module ${give} (import "library" "n" (func $n (result i32))) (import "library" "_initialize" (func $begin))
    ${giveByte} (func (export "run") (result i32) (call $begin) (call $give (call $n)) (i32.const 0)))`)
  const wasm = [{ data: counted('_initialize'), name: 'library' }, { data: itself }]
  await using plugin = await extismPlugin({ wasm }, mode)
  expect(await plugin.call('run')).toEqual(Uint8Array.of(7))
})

test('constructors of the main module are run, and Haskell begins after the reactor', async () => {
  const module = wat(`(module ${give} ${giveByte} (global $n (mut i32) (i32.const 0))
    (func (export "hs_init") (global.set $n (i32.mul (global.get $n) (i32.const 2))))
    (func (export "_initialize") (global.set $n (i32.const 21)))
    (func (export "run") (result i32) (call $give (global.get $n)) (i32.const 0)))`)
  await using plugin = await extismPlugin(module)
  expect(await plugin.call('run')).toEqual(Uint8Array.of(42))
  const constructed = wat(`(module ${give} ${giveByte} (global $n (mut i32) (i32.const 0))
    (func (export "__wasm_call_ctors") (global.set $n (i32.const 9)))
    (func (export "run") (result i32) (call $give (global.get $n)) (i32.const 0)))`)
  await using other = await extismPlugin(constructed)
  expect(await other.call('run')).toEqual(Uint8Array.of(9))
})

test.each([{ worker: true }, {}])(
  'segments that do not fit are a trap, and nothing that was shared stays (%o)',
  async (mode) => {
    // It puts a function into the other's table first, then fails.
    const shared = wat('(module (table (export "table") 4 funcref) (memory (export "memory") 1))')
    const failingHalfway =
      wat(`(module (import "library" "table" (table 4 funcref)) (import "library" "memory" (memory 1))
    (func $f (result i32) (i32.const 1)) (elem (i32.const 0) $f) (data (i32.const 65535) "ab") (func (export "run") (result i32) (i32.const 0)))`)
    const wasm = [{ data: shared, name: 'library' }, { data: failingHalfway }]
    const trap = { code: 'BP_WASM_TRAP', details: { kind: 'memory' } }
    await expect(extismPlugin({ wasm }, mode)).rejects.toMatchObject(trap)
    const table = wat('(module (table 1 funcref) (func $f) (elem (i32.const 1) $f) (func (export "run")))')
    await expect(extismPlugin(table, mode)).rejects.toMatchObject({ code: 'BP_WASM_TRAP', details: { kind: 'table' } })
  },
)
