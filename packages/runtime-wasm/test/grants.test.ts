/** What a plugin is granted: which folder, and what of an HTTP answer. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { extismPlugin } from '../src/extism/plugin.ts'
import { type AllowedPaths, mountsOf } from '../src/wasi/mounts.ts'
import { text } from './extism.ts'
import { wat } from './wat.ts'

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'backplane-grants-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  return dir
}

const nothing = wat('(module (func (export "f")))')
const refused = expect.objectContaining({ code: 'BP_INVALID_ARGUMENT' })

test('a folder is granted where it is clear which end is which', () => {
  const dir = folder()
  const [host, guest] = [join(dir, 'host'), join(dir, 'guest')]
  mkdirSync(host)
  const option = { manifest: false }
  const one = { hostPath: host, guestPath: guest, readOnly: false }
  expect(mountsOf({ [host]: guest }, option)).toEqual([one])
  expect(mountsOf({ [host]: host }, option)).toEqual([{ ...one, guestPath: host }])
  expect(mountsOf({ [`ro:${host}`]: '/' }, option)).toEqual([{ ...one, guestPath: '/', readOnly: true }])
  expect(mountsOf([{ host, guest: '/', readOnly: true }], option)).toEqual([{ ...one, guestPath: '/', readOnly: true }])
  expect(mountsOf({ [host]: '/' }, { manifest: true })).toEqual([{ ...one, guestPath: '/' }])
})

test('what could be either, and what is not there, is refused with what to write', async () => {
  const [one, other] = [folder(), folder()]
  const load = (allowedPaths: AllowedPaths) => extismPlugin(nothing, { wasi: true, allowedPaths })
  for (const allowedPaths of [{ [one]: other }, { [one]: '/' }, { '/data-of-nobody': other }]) {
    await expect(load(allowedPaths)).rejects.toEqual(refused)
    await expect(load(allowedPaths)).rejects.toMatchObject({ next: expect.stringContaining('host:') })
  }
  await expect(load({ [join(one, 'none')]: '/data-of-nobody' })).rejects.toThrow(/no such folder/)
  writeFileSync(join(one, 'file'), '')
  await expect(load([{ host: join(one, 'file'), guest: '/data' }])).rejects.toThrow(/no such folder/)
  await expect(load([{ host: one } as never])).rejects.toThrow(/host, guest/)
  // A manifest in camel case is JavaScript's: there too, both readings are known.
  const wasm = [nothing]
  await expect(extismPlugin({ wasm, allowedPaths: { [one]: other } } as never, { wasi: true })).rejects.toEqual(refused)
  await using plugin = await extismPlugin({ wasm, allowed_paths: { [one]: other } }, { wasi: true })
  expect(plugin.functions).toEqual(['f'])
})

test('a buffer is a module, alone and in a manifest', async () => {
  for (const given of [nothing.buffer, { wasm: [nothing.buffer] }]) {
    await using plugin = await extismPlugin(given)
    expect(plugin.functions).toEqual(['f'])
  }
})

/** A plugin whose `get` sends `request` and gives the headers of the answer. */
const sending = (request: string) =>
  wat(`(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (import "extism:host/env" "http_request" (func $http (param i64 i64) (result i64)))
  (import "extism:host/env" "http_headers" (func $headers (result i64)))
  (memory 1) (data (i32.const 0) "${request.replaceAll('"', '\\22')}")
  (func (export "get") (result i32) (local $h i64) (local $i i32)
    (local.set $h (call $alloc (i64.const ${request.length})))
    (loop $next (call $store (i64.add (local.get $h) (i64.extend_i32_u (local.get $i))) (i32.load8_u (local.get $i)))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${request.length}))))
    (drop (call $http (local.get $h) (i64.const 0)))
    (local.set $h (call $headers))
    (if (i64.ne (local.get $h) (i64.const 0)) (then (call $output (local.get $h) (call $length (local.get $h)))))
    (i32.const 0)))`)

const headers = sending('{"url":"http://a/"}')

test.each([{ worker: true }, {}])('what a plugin asks of HTTP in a wrong way is its own fault (%o)', async (mode) => {
  const init = { ...mode, allowedHosts: ['*'], fetch: (async () => new Response('')) as typeof fetch }
  const wrong = [
    '{"url":',
    'null',
    '[]',
    '{}',
    '{"url":7}',
    '{"url":"nowhere"}',
    '{"url":"file:///etc/passwd"}',
    '{"url":"http://a/","method":"A B"}',
    '{"url":"http://a/","method":"TRACE"}',
    '{"url":"http://a/","headers":{"a b":"c"}}',
  ]
  for (const request of wrong) {
    await using plugin = await extismPlugin(sending(request), init)
    await expect(plugin.call('get'), request).rejects.toMatchObject({
      code: 'BP_WASM_BAD_REQUEST',
      details: { name: 'http_request' },
    })
  }
  await using fine = await extismPlugin(sending('{"url":"http://a/","method":"post"}'), init)
  await fine.call('get')
})

test.each([{ worker: true }, {}])('headers of an HTTP answer are seen where that is allowed (%o)', async (mode) => {
  const init = {
    ...mode,
    allowedHosts: ['a'],
    fetch: (async () => new Response('body', { headers: { 'set-cookie': 'secret=1' } })) as typeof fetch,
  }
  await using plain = await extismPlugin(headers, init)
  expect(text(await plain.call('get'))).toBe('')
  await using allowed = await extismPlugin(headers, { ...init, allowHttpResponseHeaders: true })
  expect(JSON.parse(text(await allowed.call('get')))).toMatchObject({ 'set-cookie': 'secret=1' })
})
