/**
 * What runtime-wasm does, on the Node that runs this: started by run.ts as one bundled file, with a folder of modules
 * as its argument. It prints a line of JSON when it has closed everything, and must end by itself then.
 */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { componentPlugin, createPluginRuntime, extismPlugin } from '../../packages/runtime-wasm/src/index.ts'

const dir = process.argv[2] as string
const threadUrl = pathToFileURL(join(dir, 'thread.mjs'))
const module = (name: string) => new Uint8Array(readFileSync(join(dir, `${name}.wasm`)))
const code = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => undefined,
    (reason) => reason as { code?: string; details?: { kind?: string } },
  )
  return error?.details?.kind ?? error?.code ?? 'nothing'
}
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const later = { 'extism:host/user': { reflect: () => Promise.resolve('later') } }
const waits = 'Suspending' in (globalThis as unknown as { WebAssembly: object }).WebAssembly

const extism = module('extism')
const foreground = await extismPlugin(extism, { functions: later, limits: { fuel: 500_000_000 } })
assert.equal(text(await foreground.call('echo', 'here')), 'here')
assert.equal(await code(foreground.call('trap')), 'unreachable')
assert.equal(await code(foreground.call('spin', '', { timeoutMs: 20 })), 'BP_TIMEOUT')
assert.equal(text(await foreground.call('echo', 'still here')), 'still here')
// Waiting in the foreground takes an engine that can.
if (waits) assert.equal(text(await foreground.call('reflect', 'x')), 'later')
else assert.equal(await code(foreground.call('reflect', 'x')), 'BP_WASM_ASYNC_HOST')
await foreground.close()

const kinds = await extismPlugin(module('kinds'))
for (const kind of ['unreachable', 'arithmetic', 'memory', 'table', 'indirect-call'])
  assert.equal(await code(kinds.call(kind)), kind.replace('-', ' '))
assert.equal(await code(kinds.call('deep')), 'BP_WASM_STACK_LIMIT')
await kinds.close()

const worker = await extismPlugin(extism, { functions: later, worker: true, threadUrl, limits: { timeoutMs: 60_000 } })
assert.equal(text(await worker.call('reflect', 'x')), 'later')
await worker.call('put', 'kept')
const aborts: number[] = []
for (let i = 0; i < 10; i++) {
  const controller = new AbortController()
  const spinning = worker.call('spin', '', { signal: controller.signal })
  spinning.catch(() => {})
  await new Promise((resolve) => setTimeout(resolve, 20))
  const since = performance.now()
  controller.abort()
  assert.equal(await code(spinning), 'BP_ABORTED')
  // Variables are the thread's: this is the same one.
  assert.equal(text(await worker.call('get')), 'kept')
  aborts.push(performance.now() - since)
}

mkdirSync(join(dir, 'vyra'), { recursive: true })
writeFileSync(join(dir, 'vyra', 'logic.wasm'), module('kinds'))
writeFileSync(join(dir, 'vyra', 'metadata.json'), JSON.stringify({ exports: ['nothing', 'unreachable'] }))
const vyra = createPluginRuntime({ pluginId: 'v', wasmPath: join(dir, 'vyra', 'logic.wasm') })
await vyra.start()
assert.deepEqual(await vyra.call('nothing'), {})
assert.equal(await code(vyra.call('unreachable')), 'unreachable')
await vyra.stop()

const limits = { fuel: 50_000_000, memoryPages: 256 }
const scripted = await componentPlugin(module('scripted'), { threadUrl, limits })
assert.equal(await scripted.call('greet', { name: 'Node' }), 'Hello, Node!')
assert.equal(await code(scripted.call('spin')), 'BP_WASM_OUT_OF_FUEL')
assert.equal(await scripted.call('greet', { name: 'again' }), 'Hello, again!')
await scripted.close()

await worker.close()
console.log(JSON.stringify({ node: process.version, waits, abortMs: Math.min(...aborts), closed: true }))
