/** A plugin's variables within the functions of its host. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ExtismPluginInit, extismPlugin, type HostFunction } from '../src/index.ts'
import { text } from './extism.ts'
import { wat } from './wat.ts'

// put(input): var_set('v', input); ask: the host; get: var_get('v') is the output; both: put, then ask, then get.
const data = wat(`(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
  (import "extism:host/env" "input_length" (func $size (result i64)))
  (import "extism:host/env" "input_load_u8" (func $load (param i64) (result i32)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (import "extism:host/env" "var_get" (func $var_get (param i64) (result i64)))
  (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
  (import "extism:host/user" "ask" (func $ask (result i64)))
  (func $key (result i64) (local $k i64)
    (local.set $k (call $alloc (i64.const 1))) (call $store (local.get $k) (i32.const 118)) (local.get $k))
  (func $put (export "put") (result i32) (local $h i64) (local $i i64)
    (local.set $h (call $alloc (call $size)))
    (loop $next (if (i64.lt_u (local.get $i) (call $size)) (then
      (call $store (i64.add (local.get $h) (local.get $i)) (call $load (local.get $i)))
      (local.set $i (i64.add (local.get $i) (i64.const 1))) (br $next))))
    (call $var_set (call $key) (local.get $h)) (i32.const 0))
  (func $get (export "get") (result i32) (local $h i64)
    (local.set $h (call $var_get (call $key))) (call $output (local.get $h) (call $length (local.get $h))) (i32.const 0))
  (func (export "ask") (result i32) (drop (call $ask)) (i32.const 0))
  (func (export "both") (result i32) (drop (call $put)) (drop (call $ask)) (drop (call $ask)) (call $get)))`)

async function load(ask: HostFunction, init: ExtismPluginInit) {
  const functions = { 'extism:host/user': { ask } }
  const plugin = await extismPlugin({ wasm: [{ data }] }, { functions, ...init })
  onTestFinished(() => plugin.close())
  return plugin
}

describe.each([
  ['in the foreground', false],
  ['in a worker', true],
])('%s', (_, worker) => {
  test('a host function finds what the plugin has set, and the plugin what the function sets', async () => {
    const seen: string[] = []
    const plugin = await load(
      (call) => {
        seen.push(text(call.getVariable('v') ?? new Uint8Array()))
        call.setVariable('v', `${seen.at(-1)}+`)
        seen.push(text(call.getVariable('v') as Uint8Array))
        call.getVariable('v')?.fill(0)
        return 0
      },
      { worker },
    )
    expect(text(await plugin.call('both', 'x'))).toBe('x++')
    expect(seen).toEqual(['x', 'x+', 'x+', 'x++'])
    expect(text((await plugin.variables()).get('v') as Uint8Array)).toBe('x++')
    await plugin.setVariables(new Map([['v', new TextEncoder().encode('new')]]))
    await plugin.call('ask')
    expect(text(await plugin.call('get'))).toBe('new+')
    await plugin.reset()
    await plugin.call('ask')
    expect(text(await plugin.call('get'))).toBe('+')
  })

  test('removes one, after it has waited', async () => {
    const plugin = await load(
      async (call) => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        call.setVariable('v', undefined)
        return 0
      },
      { worker },
    )
    expect(await plugin.call('both', 'x')).toHaveLength(0)
    expect((await plugin.variables()).size).toBe(0)
  })

  test('too much is refused, and what was set before a failure stays', async () => {
    const plugin = await load(
      (call) => {
        call.setVariable('v', 'kept')
        call.setVariable('w', new Uint8Array(100))
        return 0
      },
      { worker, limits: { varBytes: 50 } },
    )
    await expect(plugin.call('both', 'x')).rejects.toMatchObject({ code: 'BP_WASM_SIZE_LIMIT' })
    expect(text(await plugin.call('get'))).toBe('kept')
    const odd = await load((call) => call.setVariable('v', 5 as never) as undefined, { worker })
    await expect(odd.call('ask')).rejects.toMatchObject({ code: 'BP_INVALID_ARGUMENT' })
  })
})

test('in a worker, nothing is set by a function whose call has been given up, or that has ended', async () => {
  const codes: (string | undefined)[] = []
  let tried = () => {}
  const done = new Promise<void>((resolve) => {
    tried = resolve
  })
  const plugin = await load(
    (call) =>
      new Promise((resolve) => {
        call.signal.addEventListener('abort', () => {
          try {
            call.setVariable('v', 'late')
          } catch (error) {
            codes.push((error as { code?: string }).code)
          }
          resolve(0)
          tried()
        })
      }),
    { worker: true },
  )
  await plugin.call('put', 'x')
  await expect(plugin.call('ask', '', { timeoutMs: 30 })).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
  await done
  expect(codes).toEqual(['BP_TIMEOUT'])
  expect(text(await plugin.call('get'))).toBe('x')
  let later = () => {}
  const ended = await load(
    (call) => {
      later = () => call.setVariable('v', 'late')
      return 0
    },
    { worker: true },
  )
  await ended.call('ask')
  expect(later).toThrow(expect.objectContaining({ code: 'BP_CLOSED' }))
})
