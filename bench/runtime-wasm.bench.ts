/**
 * Plugins of the Extism convention, against Extism's own SDK for JavaScript: the same module, in the same process.
 *
 * The guest is a fixture of the package's tests.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { $init, generate } from '@bytecodealliance/jco-transpile/component'
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools'
import createPlugin from '@extism/extism'
import wabt from 'wabt'
import {
  componentPlugin,
  type ExtismPluginInit,
  extismPlugin,
  type WasmPlugin,
} from '../packages/runtime-wasm/src/index.ts'
import type { Row, Subject } from './harness.ts'

const root = join(import.meta.dirname, '../packages/runtime-wasm')
const source = readFileSync(join(root, 'test/fixtures/extism.wat'), 'utf8')
const tools = await wabt()
const compiled = (text: string) => {
  const parsed = tools.parseWat('guest.wat', text, { bulk_memory: true })
  return new Uint8Array(parsed.toBinary({}).buffer)
}
const data = compiled(source)

const input = (size: number) =>
  new TextEncoder().encode('The quick brown fox jumps. '.repeat(Math.ceil(size / 27)).slice(0, size))

function ours(name: string, size: number, init: ExtismPluginInit = {}) {
  return async (): Promise<Subject> => {
    const plugin = await extismPlugin(
      { wasm: [{ data }] },
      {
        functions: { 'extism:host/user': { reflect: (call, handle) => call.store(call.bytes(handle as bigint)) } },
        ...init,
      },
    )
    const bytes = input(size)
    return { run: () => plugin.call(name, bytes), [Symbol.asyncDispose]: () => plugin.close() }
  }
}

function theirs(name: string, size: number, runInWorker = false) {
  return async (): Promise<Subject> => {
    const plugin = await createPlugin(
      { wasm: [{ data }] },
      {
        runInWorker,
        useWasi: false,
        functions: {
          'extism:host/user': {
            reflect(
              context: { read(at: bigint): { bytes(): Uint8Array } | null; store(bytes: Uint8Array): bigint },
              at: bigint,
            ) {
              return context.store(context.read(at)?.bytes() ?? new Uint8Array())
            },
          } as never,
        },
      },
    )
    const bytes = input(size)
    return {
      run: async () => {
        const output = await plugin.call(name, bytes)
        // In the foreground it keeps the blocks of every call, and fails once there are too many.
        if (!runInWorker) await plugin.reset()
        return output
      },
      [Symbol.asyncDispose]: () => plugin.close(),
    }
  }
}

const kib = 1024
const mib = 1024 * kib
const bare = async (name: string, size: number): Promise<Subject> => ({
  ...(await ours(name, size, { waits: false })()),
})

/** A loop that does nothing but count, and calls a function now and then: what instrumenting costs most. */
const sieve = compiled(`(module (memory (export "memory") 2)
  (func $mark (param $p i32) (local $i i32) (local.set $i (i32.mul (local.get $p) (local.get $p)))
    (block $done (loop $next (br_if $done (i32.ge_u (local.get $i) (i32.const 100000)))
      (i32.store8 (local.get $i) (i32.const 1)) (local.set $i (i32.add (local.get $i) (local.get $p))) (br $next))))
  (func (export "run") (local $p i32) (memory.fill (i32.const 0) (i32.const 0) (i32.const 100000)) (local.set $p (i32.const 2))
    (loop $next (if (i32.eqz (i32.load8_u (local.get $p))) (then (call $mark (local.get $p))))
      (br_if $next (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 1))) (i32.const 316))))))`)

async function metered(limits: ExtismPluginInit['limits'] = {}): Promise<Subject> {
  const plugin = await extismPlugin(sieve, { limits })
  return { run: () => plugin.call('run'), [Symbol.asyncDispose]: () => plugin.close() }
}

async function unmetered(): Promise<Subject> {
  const { instance } = await (
    globalThis as unknown as {
      WebAssembly: { instantiate(bytes: Uint8Array): Promise<{ instance: { exports: { run(): void } } }> }
    }
  ).WebAssembly.instantiate(sieve)
  return { run: async () => instance.exports.run() }
}

/** Gives a figure of a plugin that is made for it. */
function figure(init: ExtismPluginInit, take: (plugin: WasmPlugin) => Promise<number>) {
  return async (): Promise<Subject> => {
    const plugin = await extismPlugin(
      { wasm: [{ data }] },
      { functions: { 'extism:host/user': { reflect: () => 0n } }, waits: false, ...init },
    )
    return { run: () => take(plugin), [Symbol.asyncDispose]: () => plugin.close() }
  }
}

async function stopped(plugin: WasmPlugin): Promise<number> {
  const since = performance.now()
  await plugin.call('spin', '', { timeoutMs: 20 }).catch(() => {})
  await plugin.call('nothing')
  return performance.now() - since
}

/** From cancelling until the same thread has answered the next call. */
async function cancelled(plugin: WasmPlugin): Promise<number> {
  const controller = new AbortController()
  const spinning = plugin.call('spin', '', { signal: controller.signal }).catch(() => {})
  await new Promise((resolve) => setTimeout(resolve, 20))
  const since = performance.now()
  controller.abort()
  await spinning
  await plugin.call('nothing')
  return performance.now() - since
}

/** Memory after two million more calls, over what it was after the first; six rounds make it twelve million. */
function manyCalls(): () => Promise<Subject> {
  return figure(
    {},
    (() => {
      let first: number | undefined
      return async (plugin: WasmPlugin) => {
        for (let i = 0; i < 2_000_000; i++) await plugin.call('nothing')
        globalThis.gc?.()
        const { heapUsed, external, arrayBuffers } = process.memoryUsage()
        const now = (heapUsed + external + arrayBuffers) / 1e6
        first ??= now
        return now - first
      }
    })(),
  )
}

async function growth(plugin: WasmPlugin): Promise<number> {
  const bytes = input(16 * kib)
  const settled = async () => {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 50))
    return process.memoryUsage().arrayBuffers
  }
  for (let i = 0; i < 100; i++) await plugin.call('echo', bytes)
  const before = await settled()
  for (let i = 0; i < 3000; i++) await plugin.call('echo', bytes)
  return ((await settled()) - before) / 1e6
}

const wit = `package demo:bench; world bench { export add: func(a: u32, b: u32) -> u32; export length: func(text: string) -> u32; }`
const adder = new Uint8Array(
  await componentNew(
    await componentEmbed({
      witSource: wit,
      binary: compiled(`(module (memory (export "memory") 2) (global $at (mut i32) (i32.const 8))
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 16))
        (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
        (func (export "length") (param i32 i32) (result i32) (local.get 1)))`),
    }),
    [],
  ),
)

async function component(name: string, params: Record<string, unknown>): Promise<Subject> {
  const plugin = await componentPlugin(adder, { worker: false })
  return { run: () => plugin.call(name, params), [Symbol.asyncDispose]: () => plugin.close() }
}

/** What jco makes of the same component, with nothing around it. */
async function bareComponent(name: 'add' | 'length', ...args: unknown[]): Promise<Subject> {
  await $init
  const how = { instantiation: { tag: 'sync' }, noTypescript: true, noNodejsCompat: true, base64Cutoff: 0 } as const
  const files = new Map(generate(adder, { name: 'bare', ...how }).files)
  const glue = Buffer.from(files.get('bare.js') as Uint8Array).toString('base64')
  const { instantiate } = await import(`data:text/javascript;base64,${glue}`)
  const { Module } = (globalThis as unknown as { WebAssembly: { Module: new (bytes: Uint8Array) => object } })
    .WebAssembly
  const exports = instantiate((file: string) => new Module(files.get(file) as Uint8Array), {})
  return { run: async () => exports[name](...args) }
}

export const rows: Row[] = [
  {
    case: 'component, foreground, two numbers',
    unit: 'us',
    ours: () => component('add', { a: 1, b: 2 }),
    baseline: () => bareComponent('add', 1, 2),
  },
  {
    case: 'component, foreground, 1 KiB of text',
    unit: 'us',
    ours: () => component('length', { text: 'x'.repeat(kib) }),
    baseline: () => bareComponent('length', 'x'.repeat(kib)),
  },
  {
    case: 'foreground, 1 KiB through a host function',
    unit: 'us',
    bar: '<= 0.25 x Extism',
    ours: ours('reflect', kib),
    peer: theirs('reflect', kib),
  },
  {
    case: 'foreground, 1 KiB through a host function that never waits',
    unit: 'us',
    ours: () => bare('reflect', kib),
    peer: theirs('reflect', kib),
  },
  {
    case: 'foreground, 1 MiB through a host function',
    unit: 'us',
    bar: '<= 0.167 x Extism',
    sliceMs: 800,
    ours: ours('reflect', mib),
    peer: theirs('reflect', mib),
  },
  {
    case: 'foreground, vowels of 64 B',
    unit: 'us',
    bar: '<= 0.4 x Extism',
    ours: ours('count_vowels', 64, {
      functions: {
        'extism:host/user': { reflect: () => 0n },
      },
    }),
    peer: theirs('count_vowels', 64),
  },
  {
    case: 'worker, 1 KiB',
    unit: 'us',
    bar: '<= 0.67 x Extism',
    ours: ours('echo', kib, { worker: true }),
    peer: theirs('echo', kib, true),
  },
  {
    case: 'worker, 1 MiB',
    unit: 'us',
    bar: '<= 0.167 x Extism',
    sliceMs: 800,
    ours: ours('echo', mib, { worker: true }),
    peer: theirs('echo', mib, true),
  },
  {
    case: 'sieve of 100,000, fuel counted',
    unit: 'us',
    bar: '<= 2.5 x bare WebAssembly',
    ours: () => metered(),
    baseline: unmetered,
  },
  {
    case: 'sieve of 100,000, fuel and depth counted',
    unit: 'us',
    ours: () => metered({ callDepth: 1000 }),
    baseline: unmetered,
  },
  {
    case: 'loop under a foreground timeout of 20 ms, until the next call is answered',
    unit: 'ms',
    once: true,
    bar: '<= 25 ms',
    ours: figure({}, stopped),
  },
  {
    case: 'cancelling a running loop in a worker, until the same worker has answered the next call',
    unit: 'ms',
    once: true,
    bar: '<= 5 ms',
    ours: figure({ worker: true }, cancelled),
  },
  {
    case: '3,000 worker calls of 16 KiB, growth of array buffers',
    unit: 'MB',
    once: true,
    bar: '< 2 MB',
    ours: figure({ worker: true }, growth),
  },
  {
    case: '12 million calls on one instance, growth of memory',
    unit: 'MB',
    once: true,
    bar: '< 2 MB',
    ours: manyCalls(),
  },
]
