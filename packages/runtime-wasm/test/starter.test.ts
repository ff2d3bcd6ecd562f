/** What `backplane new --wasm` writes compiles and runs, and bindings have the types of the manifest. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHost, type Manifest } from '@backplane/core'
import { expect, onTestFinished, test } from 'vitest'
import { assemblyBindings } from '../src/bindings.ts'
import { type WasmRuntimeInit, wasmRuntime } from '../src/host/wasm-runtime.ts'
import { starterFiles } from '../src/starter.ts'
import { BaseHostFunctions } from '../src/vyra/host-functions.ts'
import { createPluginRuntime } from '../src/vyra/runtime.ts'
import { assembly } from './assembly.ts'
import { scriptComponent } from './component.ts'

function testHost(init: WasmRuntimeInit = {}) {
  const host = createHost({ identity: { deviceId: 'box-1' }, runtimes: [wasmRuntime({ worker: false, ...init })] })
  onTestFinished(() => host.stop())
  return host
}

async function built(abi: 'extism' | 'vyra') {
  const { 'plugin.ts': code = '', ...files } = await starterFiles('mine', abi)
  return { manifest: JSON.parse(files['manifest.json'] as string) as Manifest, module: await assembly(code, files) }
}

test('the starter of the Extism convention', async () => {
  const host = testHost()
  await host.load(await built('extism'))
  expect(await host.call('greet', { input: 'plugin' })).toBe('Hello, plugin!')
})

test('the starter of the VYRA convention', async () => {
  const host = testHost()
  await host.load(await built('vyra'))
  expect(await host.call('increment', { step: 2 })).toEqual({ result: 2 })
  expect(await host.call('describe', { name: 'Ada' })).toEqual({ result: 'Ada has counted to 2' })
})

test('the starter of a component, in JavaScript', async () => {
  const files = await starterFiles('mine', 'component')
  const host = testHost()
  const module = await scriptComponent(files['world.wit'] as string, files['plugin.js'] as string)
  await host.load({ manifest: JSON.parse(files['manifest.json'] as string), module })
  expect(await host.call('greet', { name: 'plugin' })).toBe('Hello, plugin!')
})

const imports = [
  {
    name: 'add',
    args: [
      { name: 'a', type: 'i32' },
      { name: 'b', type: 'f64' },
    ],
    returns: 'f64',
    description: 'Adds.',
  },
  { name: 'shout', args: [{ name: 'text', type: 'string' }], returns: 'string' },
  { name: 'reversed', args: [{ name: 'data', type: 'bytes' }], returns: 'bytes' },
  {
    name: 'note',
    args: [
      { name: 'text', type: 'string' },
      { name: 'at', type: 'i64' },
    ],
  },
]

test('bindings of the Extism convention: what is granted and what is declared', async () => {
  const manifest = {
    id: 'typed',
    permissions: { host: ['*'] },
    wasm: { abi: 'extism', imports, exports: [{ name: 'run', input: 'text' }] },
  } as const
  const bindings = await assemblyBindings(manifest)
  expect(bindings).toContain('/** Adds. */\nexport function add(a: i32, b: f64): f64 {')
  expect(bindings).toContain('export function reversed(data: ArrayBuffer): ArrayBuffer {')
  expect(await assemblyBindings({ id: 'x', wasm: { abi: 'extism' } })).not.toContain('backplane_emit')
  const module = await assembly(
    `import { add, answer, context, emit, fail, input, note, reversed, shout, vars, invoke } from './host'
     export function run(): i32 {
       note('noted', 7)
       const bytes = reversed(String.UTF8.encode('abc'))
       vars.set('last', bytes)
       const last = vars.get('last')
       if (last === null) return fail('no variable')
       const refused = emit('told', '{"n":1}')
       if (refused !== null) return fail(refused)
       const id = context()
       return answer(shout(input()) + ' ' + add(1, 2.5).toString() + ' ' + String.UTF8.decode(last) + ' ' + id.includes('typed').toString() + ' ' + invoke('nobody', '{}').includes('BP_').toString())
     }`,
    { 'host.ts': bindings },
  )
  const noted: unknown[] = []
  const host = testHost({
    worker: true,
    functions: {
      'extism:host/user': {
        add: (_, a, b) => Number(a) + Number(b),
        shout: (call, text) => call.text(text as bigint).toUpperCase(),
        reversed: (call, data) => call.bytes(data as bigint).reverse(),
        note: (call, text, at) => void noted.push([call.text(text as bigint), at]),
      },
    },
  })
  await host.load({ manifest: { ...manifest, events: [{ name: 'told' }] } as unknown as Manifest, module })
  expect(await host.call('run', { input: 'hey' })).toBe('HEY 3.5 cba true true')
  expect(noted).toEqual([['noted', 7n]])
})

test('bindings of the VYRA convention', async () => {
  const noted: unknown[] = []
  class Host extends BaseHostFunctions {
    host_add(a: number, b: number) {
      return a + b
    }
    host_shout(text: string) {
      return text.toUpperCase()
    }
    host_reversed(data: Uint8Array) {
      return data.reverse()
    }
    host_note(text: string, at: number) {
      noted.push([text, at])
    }
  }
  const named = imports.map((each) => ({ ...each, name: `host_${each.name}` }))
  const exports = [{ name: 'run', args: [{ name: 'name', type: 'string' }], returns: 'string' }]
  const bindings = await assemblyBindings({ exports, imports: named })
  const module = await assembly(
    `import { give, host_add, host_note, host_reversed, host_shout, text } from './host'
     export { alloc } from './host'
     export function run(name: usize, bytes: i32): i64 {
       host_note('noted', 7)
       return give(host_shout(text(name, bytes)) + ' ' + host_add(1, 2.5).toString() + ' ' + String.UTF8.decode(host_reversed(String.UTF8.encode('abc'))))
     }`,
    { 'host.ts': bindings },
  )
  const dir = mkdtempSync(join(tmpdir(), 'backplane-runtime-wasm-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, 'logic.wasm'), module)
  writeFileSync(join(dir, 'metadata.json'), JSON.stringify({ exports, imports: named }))
  await using runtime = createPluginRuntime({ pluginId: 'p', wasmPath: join(dir, 'logic.wasm'), host: new Host() })
  await runtime.start()
  // Long enough that memory which is not given back would run out.
  for (let i = 0; i < 200; i++) await runtime.call('run', { name: 'x'.repeat(10_000) })
  expect(await runtime.call('run', { name: 'hey' })).toEqual({ result: 'HEY 3.5 cba' })
  expect(noted.at(-1)).toEqual(['noted', 7])
})

test('what cannot be bound is refused', async () => {
  await expect(assemblyBindings({ wasm: { abi: 'extism', imports: [{ name: 'a-b', args: [] }] } })).rejects.toThrow(
    /'a-b'/,
  )
  await expect(assemblyBindings({ wasm: { abi: 'component' } })).rejects.toThrow(/WIT/)
})
