/** Components under a host: what they are granted, hooks, hot swap, limits. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createHost, type Manifest } from '@backplane/core'
import { expect, onTestFinished, test } from 'vitest'
import { type WasmRuntimeInit, wasmRuntime } from '../src/host/wasm-runtime.ts'
import { callModule, inspectModule } from '../src/inspect.ts'
import { bundledThread } from './bundled-thread.ts'
import { component, scriptComponent } from './component.ts'

const threadUrl = await bundledThread()
const failing = (code: string) => expect.objectContaining({ code })
const nested = (wit: string) => `${wit.replace(/package ([^;]+);/, 'package $1 {')}\n}`
const hostWit = nested(readFileSync(join(import.meta.dirname, '../wit/backplane.wit'), 'utf8'))

const bytes = await scriptComponent(
  `package demo:guest;
   interface stock { count: func(item: string) -> result<u32, string>; }
   world guest {
     import backplane:plugin/host@1.0.0;
     import stock;
     export tell: func(event: string, n: u32) -> result<_, string>;
     export ask: func(name: string, params: string) -> result<string, string>;
     export who: func() -> string;
     export nap: func(ms: u32) -> u32;
     export note: func(text: string);
     export spread: func(n: u32) -> u32;
     export in-stock: func(item: string) -> result<u32, string>;
     export quit: func();
     export bump: func() -> u32;
     export seen: func() -> list<string>;
     export on-event: func(device: string, event: string, payload: string);
     export health: func() -> result<bool, string>;
     export get-state: func() -> u32;
     export set-state: func(n: u32);
     export spin: func();
   }
   ${hostWit}`,
  `import host from 'backplane:plugin/host@1.0.0'
   import stock from 'demo:guest/stock'
   let n = 0
   const heard = []
   export function tell(event, n) { host.emit(event, JSON.stringify({ n })) }
   export function ask(name, params) { return host.invoke(name, params) }
   export function who() { return host.context() }
   export function nap(ms) { host.sleep(ms); return ms }
   export function note(text) { host.log('warn', text) }
   export function spread(n) { for (let i = 0; i < n; i++) host.send(JSON.stringify({ i })); return n }
   export function inStock(item) { return stock.count(item) }
   export function quit() { host.exit('it had enough') }
   export function bump() { return ++n }
   export function seen() { return heard }
   export function onEvent(device, event, payload) { heard.push(device + ' ' + event + ' ' + payload) }
   export function health() { return true }
   export function getState() { return n }
   export function setState(value) { n = value }
   export function spin() { for (;;) {} }`,
)

const hooks = { event: 'on-event', health: 'health', get_state: 'get-state', set_state: 'set-state' }
const manifest = (more: Partial<Manifest> = {}): Manifest => ({
  id: 'guest',
  permissions: { host: ['backplane_*', 'count'] },
  events: [{ name: 'told' }],
  wasm: { hooks },
  ...more,
})
const components: WasmRuntimeInit['components'] = {
  'demo:guest/stock': {
    count: async (_, item) => {
      if (item !== 'bolt') throw new Error(`no ${item} here`)
      return 7
    },
  },
}

function testHost(init: WasmRuntimeInit = {}, more: Partial<Parameters<typeof createHost>[0]> = {}) {
  const runtimes = [wasmRuntime({ components, threadUrl, ...init })]
  const host = createHost({ identity: { deviceId: 'box-1' }, runtimes, ...more })
  onTestFinished(() => host.stop())
  return host
}

test('its functions are advertised with their types, hooks are not', async () => {
  const host = testHost()
  await host.load({ manifest: manifest(), module: bytes })
  const { functions } = host.advertisement
  expect(functions.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['tell', 'ask', 'who', 'nap', 'note', 'spread', 'in-stock', 'quit', 'bump', 'seen', 'spin']),
  )
  expect(functions.map(({ name }) => name)).not.toContain('on-event')
  expect(functions.map(({ name }) => name)).not.toContain('init')
  expect(functions.find(({ name }) => name === 'tell')).toMatchObject({
    parameters: {
      properties: { event: { type: 'string' }, n: { type: 'integer', minimum: 0 } },
      required: ['event', 'n'],
    },
  })
  const named = [{ name: 'bump', description: 'Counts.' }, 'seen']
  await host.load({ manifest: manifest({ id: 'other', wasm: { exports: named } }), module: bytes })
  const own = host.advertisement.functions.filter(({ name }) => name.startsWith('other.'))
  expect(own.map(({ name, description }) => [name, description])).toEqual([
    ['other.bump', 'Counts.'],
    ['other.seen', undefined],
  ])
  const odd = manifest({ id: 'odd', wasm: { exports: ['none'] } })
  await expect(host.load({ manifest: odd, module: bytes })).rejects.toThrow(/'none'.*no such function/)
})

test('what its manifest grants is there: events, calls, context, waiting, the log, streams, functions of the host', async () => {
  const lines: unknown[] = []
  const log = (_: unknown, message?: string) => void lines.push(message ?? _)
  const logger = { debug() {}, info() {}, warn: log, error() {}, child: () => logger }
  const host = testHost({}, { logger: logger as never })
  const exports = ['tell', 'ask', 'who', 'nap', 'note', 'in-stock', { name: 'spread', stream: 'items' }]
  await host.load({ manifest: manifest({ wasm: { exports } }), module: bytes })
  await host.call('tell', { event: 'told', n: 3 })
  await host.load({ manifest: manifest({ id: 'other' }), module: bytes })
  expect(JSON.parse((await host.call('ask', { name: 'other.bump', params: '{}' })) as string)).toBe(1)
  await expect(host.call('ask', { name: 'nobody', params: '{}' })).rejects.toMatchObject({ code: 'BP_PLUGIN_FAILED' })
  expect(JSON.parse((await host.call('who')) as string)).toMatchObject({ plugin_id: 'guest', simulated: false })
  expect(await host.call('nap', { ms: 5 })).toBe(5)
  const items: unknown[] = []
  for await (const item of host.stream('spread', { n: 3 })) items.push(item)
  expect(items).toEqual([{ i: 0 }, { i: 1 }, { i: 2 }])
  await host.call('note', { text: 'mind this' })
  expect(JSON.stringify(lines)).toContain('mind this')
  expect(await host.call('in-stock', { item: 'bolt' })).toBe(7)
  await expect(host.call('in-stock', { item: 'nut' })).rejects.toThrow('no nut here')
})

test('what is not granted is not there: the interface is named, or the function fails', async () => {
  const host = testHost()
  await expect(host.load({ manifest: manifest({ permissions: {} }), module: bytes })).rejects.toThrow(
    /backplane:plugin\/host@1\.0\.0#emit.*demo:guest\/stock#count/,
  )
  const little = manifest({ permissions: { host: ['backplane_emit'] } })
  await expect(host.load({ manifest: little, module: bytes })).rejects.toThrow(/gives it: demo:guest\/stock#count$/)
  expect(host.plugins()).toEqual([])
  await host.load({ manifest: manifest({ permissions: { host: ['backplane_emit', 'count'] } }), module: bytes })
  await host.call('tell', { event: 'told', n: 1 })
  await expect(host.call('ask', { name: 'guest.bump', params: '{}' })).rejects.toThrow(
    /backplane:plugin\/host@1\.0\.0#invoke/,
  )
  await expect(host.call('who')).rejects.toThrow(/may not call backplane:plugin\/host@1\.0\.0#context/)
})

test('state is handed over in a swap; limits of the manifest hold; what it exits of is started again', async () => {
  const host = testHost()
  const source = {
    manifest: manifest({ limits: { memory_mb: 16 }, wasm: { hooks, limits: { fuel: 50_000_000 } } }),
    module: bytes,
  }
  await host.load(source)
  for (const n of [1, 2, 3]) expect(await host.call('bump')).toBe(n)
  await host.reload('guest', source)
  expect(host.plugin('guest')?.generation).toBe(2)
  expect(await host.call('bump')).toBe(4)
  expect(host.plugin('guest')?.unenforced).toEqual([])
  const restarted = new Promise((resolve) => host.on((event) => event.type === 'plugin.restarted' && resolve(event)))
  // Its state is lost with its instance, so that its slot starts it again.
  await expect(host.call('spin')).rejects.toThrow()
  await restarted
  expect(await host.call('bump')).toBe(1)
})

test('a component is inspected without being run, and called from a file', async () => {
  const adder = await component(
    `package demo:adder; interface sums { add: func(a: u32, b: option<u32>) -> u32; } world adder { export sums; }`,
    `(module (memory (export "memory") 1)
      (func (export "demo:adder/sums#add") (param i32 i32 i32) (result i32) (i32.add (local.get 0) (local.get 2))))`,
  )
  expect(inspectModule(adder)).toMatchObject({
    abi: 'component',
    functions: [{ name: 'add', params: ['a: u32', 'b: option<u32>'], results: ['u32'] }],
    imports: [],
  })
  const { mkdtempSync, rmSync, writeFileSync } = await import('node:fs')
  const { tmpdir } = await import('node:os')
  const dir = mkdtempSync(join(tmpdir(), 'backplane-runtime-wasm-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const file = join(dir, 'adder.wasm')
  writeFileSync(file, adder)
  const { output, stats } = await callModule(file, 'add', '{"a": 40, "b": 2}')
  expect(new TextDecoder().decode(output)).toBe('42')
  expect(stats?.fuel).toBeGreaterThan(0)
  await expect(callModule(file, 'add', '{"a": "x"}')).rejects.toEqual(failing('BP_WASM_ARGUMENT'))
  await expect(callModule(file, 'add', 'not json')).rejects.toEqual(failing('BP_INVALID_ARGUMENT'))
})
