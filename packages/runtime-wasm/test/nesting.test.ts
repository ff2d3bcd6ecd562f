/** Host functions that call the plugin which called them. */
import { describe, expect, test } from 'vitest'
import { extismPlugin, type WasmPlugin } from '../src/index.ts'
import { wat } from './wat.ts'

const data = wat(`(module
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/user" "again" (func $again (result i64)))
  (func (export "outer") (result i32) (local $at i64)
    (local.set $at (call $again)) (call $output (local.get $at) (call $length (local.get $at))) (i32.const 0))
  (func (export "twice") (result i32) (drop (call $again)) (drop (call $again)) (i32.const 0))
  (func (export "inner") (result i32) (i32.const 0)))`)

async function load(again: (plugin: WasmPlugin) => unknown, init: { worker?: boolean; instances?: number }) {
  const functions = {
    'extism:host/user': {
      again: async (call: { store(text: string): bigint }) => call.store(String(await again(plugin))),
    },
  }
  const plugin: WasmPlugin = await extismPlugin({ wasm: [{ data }] }, { functions, ...init } as never)
  return plugin
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'answered',
    (error: { code: string }) => error.code,
  )

describe.each([
  ['in the foreground', false],
  ['in a worker', true],
])('%s', (_, worker) => {
  test('a plugin of one instance refuses a call from within its call, and goes on', async () => {
    await using plugin = await load((own) => codeOf(own.call('inner')), { worker })
    const said = async () => new TextDecoder().decode(await plugin.call('outer'))
    expect(await said()).toBe('BP_WASM_REENTRANT')
    expect(await said()).toBe('BP_WASM_REENTRANT')
    await plugin.call('inner')
  })

  test('also from a function further away, and after the guest has waited once', async () => {
    const far = async (own: WasmPlugin) => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      return codeOf(Promise.resolve().then(() => own.call('twice')))
    }
    await using plugin = await load(far, { worker })
    await plugin.call('twice')
    expect(new TextDecoder().decode(await plugin.call('outer'))).toBe('BP_WASM_REENTRANT')
  })

  test('of two plugins that call each other', async () => {
    let other: WasmPlugin | undefined
    await using first = await load(() => codeOf((other as WasmPlugin).call('outer')), { worker })
    other = await load(() => codeOf(first.call('inner')), { worker })
    expect(new TextDecoder().decode(await first.call('outer'))).toBe('answered')
    const seen: string[] = []
    await other.close()
    other = await load(async () => seen.push(await codeOf(first.call('inner'))), { worker })
    await first.call('outer')
    expect(seen).toEqual(['BP_WASM_REENTRANT'])
    await other.close()
  })

  test('more instances answer as many calls within one another, and refuse the one more', async () => {
    let depth = 0
    const seen: string[] = []
    const deeper = async (own: WasmPlugin) => {
      depth += 1
      const code = await codeOf(own.call(depth < 3 ? 'outer' : 'inner'))
      seen.push(code)
      return code
    }
    await using plugin = await load(deeper, { worker, instances: 3 })
    await plugin.call('outer')
    expect(seen).toEqual(['BP_WASM_REENTRANT', 'answered', 'answered'])
  })

  test('what a host function leaves behind may call when its call is over', async () => {
    let later: Promise<string> | undefined
    const leave = async (own: WasmPlugin) => {
      later = new Promise<void>((resolve) => setTimeout(resolve, 100)).then(() => codeOf(own.call('inner')))
    }
    await using plugin = await load(leave, { worker })
    await plugin.call('outer')
    expect(await later).toBe('answered')
  })
})

test('variables() from within a call of a worker is refused, and given in the foreground', async () => {
  const ask = (own: WasmPlugin) => codeOf(own.variables())
  await using worker = await load(ask, { worker: true })
  expect(new TextDecoder().decode(await worker.call('outer'))).toBe('BP_WASM_REENTRANT')
  await using foreground = await load(ask, {})
  expect(new TextDecoder().decode(await foreground.call('outer'))).toBe('answered')
})
