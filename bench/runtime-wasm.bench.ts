/**
 * Plugins of the Extism convention, against Extism's own SDK for JavaScript: the same module, in the same process.
 *
 * The guest is a fixture of the package's tests.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import createPlugin from '@extism/extism'
import wabt from 'wabt'
import { type ExtismPluginInit, extismPlugin } from '../packages/runtime-wasm/src/index.ts'
import type { Row, Subject } from './harness.ts'

const root = join(import.meta.dirname, '../packages/runtime-wasm')
const source = readFileSync(join(root, 'test/fixtures/extism.wat'), 'utf8')
const parsed = (await wabt()).parseWat('extism.wat', source)
const data = new Uint8Array(parsed.toBinary({}).buffer)
parsed.destroy()

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
        // It keeps the blocks of every call until it is told not to.
        if (runInWorker) return output
        await plugin.reset()
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

export const rows: Row[] = [
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
]
