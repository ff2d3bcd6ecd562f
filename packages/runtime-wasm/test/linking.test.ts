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
