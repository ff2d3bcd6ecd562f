/** The plugins of `npm run stress`: four kinds, each with a question whose right answer the asker knows. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Params, Value } from '@backplane/core'

/** A plugin of the load, and how it is asked. */
export interface StressPlugin {
  readonly id: string
  readonly kind: Kind
  /**
   * Asks it the question of number `n`, in turn `lane`, of which one runs at a time; resolves with whether the answer
   * is right.
   */
  ask(call: Ask, n: number, lane: number): Promise<boolean>
  /** A call that takes about `ms`; the kinds that have none are asked as ever. */
  readonly slow?: (call: Ask, ms: number) => Promise<boolean>
}

/** Calls a function of the host. */
export type Ask = (name: string, params: Params) => Promise<Value>

/** One kind for each isolation level that the presets run. */
export const kinds = ['worker thread', 'Python process', 'WASM sandbox', 'go-plugin process'] as const
type Kind = (typeof kinds)[number]

const root = join(import.meta.dirname, '..')
// (module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
const adder = Buffer.from('AGFzbQEAAAABBwFgAn9/AX8DAgEABwcBA2FkZAAACgkBBwAgACABags=', 'base64')
const args = ['a', 'b'].map((name) => ({ name, type: 'i32' }))
const kv = `#!/bin/sh
exec '${process.execPath}' --conditions=@backplane/source '${join(root, 'examples/kv/plugin.ts')}'
`
const node = `export default { functions: {
  add: ({ a, b }) => a + b,
  wait: ({ ms }) => new Promise((resolve) => setTimeout(resolve, ms, ms)),
} }`
const python = `import time
from device_connect_edge.drivers import rpc


class Adder:
    def __init__(self, device):
        pass

    @rpc()
    def add(self, a: int, b: int) -> int:
        return a + b

    @rpc()
    def wait(self, ms: int) -> int:
        time.sleep(ms / 1000)
        return ms
`

/** Writes `count` plugins into a folder, the kinds in turn. */
export function putPlugins(dir: string, count: number): readonly StressPlugin[] {
  return Array.from({ length: count }, (_, at) => put(dir, kinds[at % kinds.length]!, at))
}

function put(dir: string, kind: Kind, at: number): StressPlugin {
  const id = `p${at}`
  const write = (manifest: object, entry: string, content: string | Uint8Array) => {
    mkdirSync(join(dir, id), { recursive: true })
    writeFileSync(join(dir, id, 'manifest.json'), JSON.stringify({ id, entry_point: entry, ...manifest }))
    writeFileSync(join(dir, id, entry), content)
    chmodSync(join(dir, id, entry), 0o755)
  }
  const adds: StressPlugin['ask'] = async (call, n) => (await call(`${id}.add`, { a: n, b: 7 })) === n + 7
  const slow: StressPlugin['slow'] = async (call, ms) => (await call(`${id}.wait`, { ms })) === ms
  switch (kind) {
    case 'worker thread':
      write({}, 'plugin.mjs', node)
      return { id, kind, ask: adds, slow }
    case 'Python process':
      write({}, 'plugin.py', python)
      return { id, kind, ask: adds, slow }
    case 'WASM sandbox':
      write({ wasm: { exports: [{ name: 'add', args, returns: 'i32' }] } }, 'plugin.wasm', adder)
      return {
        id,
        kind,
        ask: async (call, n) => ((await call(`${id}.add`, { a: n, b: 7 })) as { result: number }).result === n + 7,
      }
    case 'go-plugin process': {
      const cookie = { key: 'BASIC_PLUGIN', value: 'hello' }
      write({ runtime: 'process', process: { cookie, versions: [1], services: ['proto.KV'] } }, 'kv', kv)
      return {
        id,
        kind,
        async ask(call, n, lane) {
          const key = `lane${lane}`
          await call(`${id}.KV.Put`, { key, value: Buffer.from(`${n}`).toString('base64') })
          const { value } = (await call(`${id}.KV.Get`, { key })) as { value: string }
          return Buffer.from(value, 'base64').toString().startsWith(`${n}\n`)
        },
      }
    }
  }
}
