/** What a plugin may be made from, and what it exports. */
import { expect, onTestFinished, test } from 'vitest'
import { type ExtismPluginInit, extismPlugin, type ManifestLike } from '../src/index.ts'
import { wat } from './wat.ts'

const data =
  wat(`(module (memory (export "memory") 1) (global (export "g") i32 (i32.const 0)) (table (export "t") 1 funcref)
  (func (export "run") (result i32) (i32.const 0)))`)
const response = (type = 'application/wasm') => new Response(data, { headers: { 'content-type': type } })

async function load(given: ManifestLike | PromiseLike<ManifestLike>, init: ExtismPluginInit = {}) {
  const plugin = await extismPlugin(given, init)
  onTestFinished(() => plugin.close())
  return plugin
}
const refused = (given: unknown, init: ExtismPluginInit = {}) =>
  load(given as ManifestLike, init).then(
    () => expect.unreachable(),
    (error) => error,
  )

test.each([false, true])('all its exports, with their kinds; worker %s', async (worker) => {
  const plugin = await load({ wasm: [{ data }] }, { worker, limits: { fuel: 1000, memoryPages: 20, callDepth: 10 } })
  expect(plugin.exports).toEqual([
    { name: 'memory', kind: 'memory' },
    { name: 'g', kind: 'global' },
    { name: 't', kind: 'table' },
    { name: 'run', kind: 'function' },
  ])
  expect(plugin.functions).toEqual(['run'])
})

test('a Response, a promise of one, and one within a manifest', async () => {
  const buffer = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer
  const manifest = JSON.stringify({ wasm: [{ data: Buffer.from(data).toString('base64') }] })
  for (const given of [
    response(),
    Promise.resolve(response()),
    { response: Promise.resolve(response()) },
    { wasm: [response()] },
    { wasm: [{ response: response(), name: 'main' }] },
    new Response(manifest, { headers: { 'content-type': 'application/json; charset=utf-8' } }),
    buffer,
    { wasm: [{ data: buffer }] },
  ])
    expect(await (await load(given)).call('run')).toHaveLength(0)
})

test('a Response that is no module is told as such', async () => {
  const missing = await refused(new Response('no', { status: 404 }))
  expect(missing).toMatchObject({ code: 'BP_WASM_SOURCE', message: expect.stringContaining('the server answered 404') })
  const used = response()
  await used.arrayBuffer()
  expect(await refused(used)).toMatchObject({ code: 'BP_WASM_SOURCE', message: expect.stringContaining('read before') })
  const failed = { response: Promise.reject(new Error('no network')) }
  expect(await refused(failed)).toMatchObject({
    code: 'BP_WASM_SOURCE',
    message: expect.stringContaining('no network'),
  })
  const hash = 'a'.repeat(64)
  expect(await refused({ wasm: [{ response: response(), hash }] })).toMatchObject({ code: 'BP_WASM_HASH' })
})

test('no more of a Response is read than a module may have, and no longer than its caller waits', async () => {
  let pulled = 0
  const endless = new ReadableStream({
    pull: (controller) => {
      pulled += 1
      controller.enqueue(new Uint8Array(1000))
    },
  })
  const limits = { moduleBytes: 10_000 }
  expect(await refused(new Response(endless), { limits })).toMatchObject({ code: 'BP_WASM_SIZE_LIMIT' })
  expect(pulled).toBeLessThan(20)
  for (const never of [
    new Response(new ReadableStream()),
    new Promise(() => {}),
    { response: new Promise(() => {}) },
  ]) {
    const controller = new AbortController()
    const loading = refused(never, { signal: controller.signal })
    setTimeout(() => controller.abort(), 5)
    expect(await loading).toMatchObject({ code: 'BP_ABORTED' })
  }
})

test('a compiled module is refused with what to give instead', async () => {
  const { Module } = (globalThis as unknown as { WebAssembly: { Module: new (bytes: Uint8Array) => object } })
    .WebAssembly
  const compiled = new Module(data)
  for (const given of [compiled, { module: compiled }, { wasm: [{ module: compiled, name: 'main' }] }]) {
    const error = await refused(given)
    expect(error.code).toBe('BP_MANIFEST_INVALID')
    expect(`${error.message} ${error.next}`).toMatch(
      /compiled WebAssembly\.Module.*bytes, a path, an address or a Response/,
    )
  }
})
