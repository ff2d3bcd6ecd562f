/** Components: their types, their imports and their limits. */
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ComponentPluginInit, componentPlugin } from '../src/component/plugin.ts'
import { readComponent } from '../src/component/read-component.ts'
import { inspectModule } from '../src/inspect.ts'
import { bundledThread } from './bundled-thread.ts'
import { component, scriptComponent } from './component.ts'

const threadUrl = await bundledThread()
const failing = (code: string) => expect.objectContaining({ code })

/** A component in WebAssembly text: numbers, text, an import, and every way to go wrong. */
const plain = await component(
  `package demo:thing@1.2.0;
   interface host { say: func(text: string) -> result<string, string>; }
   interface ops { upper: func(text: string) -> string; }
   world thing {
     import host; export ops;
     export add: func(a: u32, b: u32) -> u32; export wide: func(n: u64) -> s64; export mark: func(c: char) -> char;
     export count: func() -> u32; export spin: func(); export trap: func(); export deep: func(n: u32) -> u32;
     export grow: func(pages: u32) -> s32; export wild: func() -> string; export half: func(n: f64) -> f64;
     export ask: func(text: string) -> result<string, string>;
   }`,
  `(module
    (import "demo:thing/host@1.2.0" "say" (func $say (param i32 i32 i32)))
    (memory (export "memory") 2) (global $at (mut i32) (i32.const 1024)) (global $n (mut i32) (i32.const 0))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $p i32)
      (local.set $p (i32.and (i32.add (global.get $at) (i32.const 7)) (i32.const -8)))
      (global.set $at (i32.add (local.get $p) (local.get 3))) (local.get $p))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "wide") (param i64) (result i64) (local.get 0))
    (func (export "mark") (param i32) (result i32) (local.get 0))
    (func (export "half") (param f64) (result f64) (f64.div (local.get 0) (f64.const 2)))
    (func (export "count") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))
    (func (export "spin") (loop (br 0)))
    (func (export "trap") unreachable)
    (func $deep (export "deep") (param i32) (result i32)
      (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
      (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "wild") (result i32) (i32.store (i32.const 16) (i32.const 65000)) (i32.store (i32.const 20) (i32.const -16)) (i32.const 16))
    (func (export "ask") (param i32 i32) (result i32) (call $say (local.get 0) (local.get 1) (i32.const 32)) (i32.const 32))
    (func (export "demo:thing/ops@1.2.0#upper") (param i32 i32) (result i32) (local $i i32)
      (loop $next (if (i32.lt_u (local.get $i) (local.get 1)) (then
        (i32.store8 (i32.add (local.get 0) (local.get $i)) (i32.and (i32.load8_u (i32.add (local.get 0) (local.get $i))) (i32.const 0xdf)))
        (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $next))))
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16)))`,
)

const functions: ComponentPluginInit['functions'] = {
  'demo:thing/host': {
    say: (_, text) => {
      if (text === 'no') throw new Error('refused')
      return `heard ${text}`
    },
  },
}

async function load(init: ComponentPluginInit = {}, bytes = plain) {
  const plugin = await componentPlugin(bytes, { functions, threadUrl, ...init })
  onTestFinished(() => plugin.close())
  return plugin
}

describe.each([{ worker: true }, { worker: false }])('%o', (mode) => {
  test('functions of the world and of an interface, with schemas from the WIT', async () => {
    const plugin = await load(mode)
    expect(plugin.functions.find(({ name }) => name === 'add')).toEqual({
      name: 'add',
      parameters: {
        type: 'object',
        properties: {
          a: { type: 'integer', minimum: 0, maximum: 4294967295 },
          b: { type: 'integer', minimum: 0, maximum: 4294967295 },
        },
        required: ['a', 'b'],
      },
      result: { type: 'integer', minimum: 0, maximum: 4294967295 },
    })
    expect(await plugin.call('add', { a: 4_000_000_000, b: 1 })).toBe(4_000_000_001)
    expect(await plugin.call('upper', { text: 'shout' })).toBe('SHOUT')
    expect(await plugin.call('wide', { n: 7 })).toBe(7)
    expect(await plugin.call('wide', { n: 9007199254740993n })).toBe(9007199254740993n)
    expect(await plugin.call('wide', { n: '9007199254740993' })).toBe(9007199254740993n)
    expect(await plugin.call('wide', { n: '18446744073709551615' })).toBe(-1)
    expect(await plugin.call('mark', { c: '💡' })).toBe('💡')
    expect(await plugin.call('half', { n: 5 })).toBe(2.5)
    expect(await plugin.call('half', { n: 2n ** 60n })).toBe(2 ** 59)
    expect(await plugin.call('half', { n: 'Infinity' })).toBe(Infinity)
  })

  test('what does not fit its type is refused by its name', async () => {
    const plugin = await load(mode)
    for (const [name, params, path] of [
      ['add', { a: 1 }, 'b'],
      ['add', { a: -1, b: 0 }, 'a'],
      ['add', { a: 1.5, b: 0 }, 'a'],
      ['add', { a: '1', b: 0 }, 'a'],
      ['wide', { n: '18446744073709551616' }, 'n'],
      ['wide', { n: -1 }, 'n'],
      ['mark', { c: 'ab' }, 'c'],
      ['upper', { text: 5 }, 'text'],
    ] as const) {
      const error = await plugin.call(name, params).catch((reason) => reason)
      expect(error).toMatchObject({ code: 'BP_WASM_ARGUMENT', details: { name: path } })
    }
    await expect(plugin.call('other')).rejects.toEqual(failing('BP_FUNCTION_UNKNOWN'))
  })

  test('an import answers, or fails as the result that it is typed with', async () => {
    const plugin = await load(mode)
    expect(await plugin.call('ask', { text: 'you' })).toBe('heard you')
    await expect(plugin.call('ask', { text: 'no' })).rejects.toMatchObject({
      code: 'BP_PLUGIN_FAILED',
      message: 'refused',
      details: { payload: 'refused' },
    })
    await expect(load({ ...mode, functions: {} })).rejects.toThrow(/demo:thing\/host@1\.2\.0#say/)
  })

  test('limits hold in every core module that it is made of', async () => {
    const plugin = await load({ ...mode, limits: { fuel: 1_000_000, memoryPages: 10, callDepth: 100 } })
    await expect(plugin.call('spin')).rejects.toEqual(failing('BP_WASM_OUT_OF_FUEL'))
    expect(await plugin.call('grow', { pages: 100 })).toBe(-1)
    expect(await plugin.call('grow', { pages: 2 })).toBe(2)
    expect(await plugin.call('deep', { n: 50 })).toBe(50)
    await expect(plugin.call('deep', { n: 500 })).rejects.toEqual(failing('BP_WASM_STACK_LIMIT'))
    await expect(load({ ...mode, limits: { memoryPages: 1 } })).rejects.toEqual(failing('BP_WASM_MEMORY_LIMIT'))
    const slow = await load(mode)
    await expect(slow.call('spin', {}, { timeoutMs: 50 })).rejects.toEqual(failing('BP_TIMEOUT'))
    expect(await slow.call('add', { a: 1, b: 1 })).toBe(2)
    const few = await load({ ...mode, limits: { hostCalls: 0 } })
    await expect(few.call('ask', { text: 'x' })).rejects.toEqual(failing('BP_WASM_HOST_CALL_LIMIT'))
    const small = await load({ ...mode, limits: { inputBytes: 20 } })
    await expect(small.call('upper', { text: 'a long text of many bytes' })).rejects.toEqual(
      failing('BP_WASM_SIZE_LIMIT'),
    )
  })

  test('a trap and a pointer out of bounds are errors, and the next call finds a fresh instance', async () => {
    const replaced: string[] = []
    const plugin = await load({ ...mode, replaced: (error) => replaced.push((error as { code?: string }).code ?? '') })
    expect(await plugin.call('count')).toBe(1)
    expect(await plugin.call('count')).toBe(2)
    await expect(plugin.call('trap')).rejects.toMatchObject({ code: 'BP_WASM_TRAP', details: { kind: 'unreachable' } })
    expect(await plugin.call('count')).toBe(1)
    await expect(plugin.call('wild')).rejects.toEqual(failing('BP_WASM_TRAP'))
    expect(await plugin.call('count')).toBe(1)
    expect(replaced).toEqual(['BP_WASM_TRAP', 'BP_WASM_TRAP'])
  })
})

test('in a worker, a call is cancelled while it runs, and an import may take its time', async () => {
  const say = async (_: unknown, text: unknown) => {
    await new Promise((resolve) => setTimeout(resolve, 10))
    return `later ${text}`
  }
  const plugin = await load({ functions: { 'demo:thing/host': { say } } })
  expect(await plugin.call('ask', { text: 'x' })).toBe('later x')
  const controller = new AbortController()
  const spinning = plugin.call('spin', {}, { signal: controller.signal })
  setTimeout(() => controller.abort(), 50)
  await expect(spinning).rejects.toEqual(failing('BP_ABORTED'))
  expect(await plugin.call('add', { a: 1, b: 2 })).toBe(3)
  const here = await load({ worker: false, functions: { 'demo:thing/host': { say } } })
  await expect(here.call('ask', { text: 'x' })).rejects.toEqual(failing('BP_WASM_ASYNC_HOST'))
})

const typesWit = `package demo:types;
interface kinds {
  record point { x: f64, y-axis: s32 }
  variant shape { circle(f64), square(point), none }
  enum color { red, dark-green }
  flags rights { read, write-all }
  try-point: func(v: point) -> point;
  try-shape: func(v: shape) -> shape;
  try-color: func(v: color) -> color;
  try-rights: func(v: rights) -> rights;
  try-texts: func(v: list<string>) -> list<string>;
  try-numbers: func(v: list<u16>) -> list<u16>;
  try-wides: func(v: list<s64>) -> list<s64>;
  try-bytes: func(v: list<u8>) -> list<u8>;
  try-pair: func(v: tuple<string, u8>) -> tuple<string, u8>;
  try-maybe: func(v: option<string>) -> option<string>;
  try-twice: func(v: option<option<u8>>) -> option<option<u8>>;
  try-outcome: func(v: result<u8, string>) -> tuple<result<u8, string>>;
  try-attempt: func(v: result<u8, shape>) -> result<u8, shape>;
  try-points: func(v: list<option<point>>) -> list<option<point>>;
}
world types { export kinds; export spin: func(); export eat: func() -> u32; }`
const typesScript = `export const kinds = { ${[
  'point',
  'shape',
  'color',
  'rights',
  'texts',
  'numbers',
  'wides',
  'bytes',
  'pair',
  'maybe',
  'twice',
  'points',
]
  .map((name) => `try${name[0]?.toUpperCase()}${name.slice(1)}(v) { return v },`)
  .join('\n')}
tryOutcome(v) { return [v] },
tryAttempt(v) { if (v.tag === 'err') throw v.val; return v.val } }
export function spin() { for (;;) {} }
export function eat() { const all = []; for (;;) all.push(new Uint8Array(1 << 20)) }`

describe('JavaScript in QuickJS, as a component', async () => {
  const bytes = await scriptComponent(typesWit, typesScript)
  const init = { worker: false, limits: { fuel: 200_000_000, memoryPages: 512 } }

  test('values of every type go there and back', async () => {
    const plugin = await load(init, bytes)
    const same = async (name: string, v: unknown, expected = v) =>
      expect(await plugin.call(`try-${name}`, { v })).toEqual(expected)
    await same('point', { x: 1.5, 'y-axis': -3 })
    await same('shape', { tag: 'circle', val: 2 })
    await same('shape', { tag: 'square', val: { x: 0, 'y-axis': 1 } })
    await same('shape', { tag: 'none' })
    await same('shape', 'none', { tag: 'none' })
    await same('color', 'dark-green')
    await same('rights', ['write-all'])
    await same('rights', [])
    await same('texts', ['a', '', 'ü💡'])
    await same('numbers', [0, 65535])
    await same('wides', [-5, 5])
    await same('bytes', Uint8Array.of(0, 255, 7))
    await same('bytes', 'AP8H', Uint8Array.of(0, 255, 7) as never)
    await same('bytes', [1, 2], Uint8Array.of(1, 2) as never)
    await same('pair', ['x', 9])
    await same('maybe', 'there')
    await same('maybe', null)
    expect(await plugin.call('try-maybe')).toBe(null)
    await same('twice', null)
    await same('twice', { tag: 'some', val: 3 })
    await same('twice', { tag: 'some', val: null })
    await same('outcome', { tag: 'ok', val: 1 }, [{ tag: 'ok', val: 1 }] as never)
    await same('outcome', { tag: 'err', val: 'bad' }, [{ tag: 'err', val: 'bad' }] as never)
    await same('points', [null, { x: 1, 'y-axis': 2 }])
    expect(await plugin.call('try-attempt', { v: { tag: 'ok', val: 4 } })).toBe(4)
    await expect(
      plugin.call('try-attempt', { v: { tag: 'err', val: { tag: 'circle', val: 1 } } }),
    ).rejects.toMatchObject({
      code: 'BP_PLUGIN_FAILED',
      details: { payload: { tag: 'circle', val: 1 } },
    })
  })

  test('what is wrong deep inside is named by its path', async () => {
    const plugin = await load(init, bytes)
    const path = async (name: string, v: unknown) =>
      (await plugin.call(`try-${name}`, { v }).catch((error) => error)).details?.name
    expect(await path('points', [null, { x: 1, 'y-axis': 'two' }])).toBe('v[1].y-axis')
    expect(await path('point', { x: 1, 'y-axis': 2, z: 3 })).toBe('v')
    expect(await path('point', { x: 1 })).toBe('v.y-axis')
    expect(await path('shape', { tag: 'square', val: { x: '1', 'y-axis': 1 } })).toBe('v.val.x')
    expect(await path('shape', { tag: 'oval' })).toBe('v')
    expect(await path('color', 'blue')).toBe('v')
    expect(await path('rights', ['delete'])).toBe('v')
    expect(await path('numbers', [70000])).toBe('v[0]')
    expect(await path('bytes', [256])).toBe('v')
    expect(await path('pair', ['x'])).toBe('v')
  })

  test('an endless loop and endless memory in JavaScript end as any other', async () => {
    const plugin = await load(init, bytes)
    await expect(plugin.call('spin')).rejects.toEqual(failing('BP_WASM_OUT_OF_FUEL'))
    await expect(plugin.call('eat')).rejects.toMatchObject({ code: expect.stringMatching(/^BP_(WASM|PLUGIN_FAILED)/) })
    expect(await plugin.call('try-color', { v: 'red' })).toBe('red')
  })
})

test('WASI 0.2: nothing without a grant; output, clock, random numbers and configuration with it, and no files', async () => {
  const bytes = await scriptComponent(
    `package demo:system;
     world system {
       import wasi:cli/stdout@0.2.12;
       export say: func(text: string); export now: func() -> f64; export greet: func(name: string) -> string;
     }
     package wasi:cli@0.2.12 { interface stdout { use wasi:io/streams@0.2.12.{output-stream}; get-stdout: func() -> output-stream; } }
     package wasi:io@0.2.12 {
       interface error { resource error; }
       interface streams {
         use error.{error};
         variant stream-error { last-operation-failed(error), closed }
         resource output-stream { blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>; }
       }
     }`,
    `import stdout from 'wasi:cli/stdout@0.2.12'
     export function say(text) { stdout.getStdout().blockingWriteAndFlush(Uint8Array.from([...text].map((c) => c.charCodeAt(0)))) }
     export function now() { return Date.now() }
     export function greet(name) { return 'Hello, ' + name }`,
    { wasi: true },
  )
  await expect(load({ worker: false }, bytes)).rejects.toThrow(/wasi:cli\/stdout/)
  const lines: string[] = []
  const logger = { debug() {}, info: (line: unknown) => void lines.push(String(line)), warn() {}, error() {} }
  const plugin = await load({ worker: false, wasi: true, logger: logger as never }, bytes)
  expect(await plugin.call('greet', { name: 'x' })).toBe('Hello, x')
  expect(Math.abs(((await plugin.call('now')) as number) - Date.now())).toBeLessThan(60_000)
  await plugin.call('say', { text: 'a line\nand half of one' })
  expect(lines).toEqual(['a line'])
  await plugin.close()
  expect(lines).toEqual(['a line', 'and half of one'])
  const fixed = () => load({ worker: false, wasi: { deterministic: true } }, bytes)
  expect(await (await fixed()).call('now')).toBe(await (await fixed()).call('now'))
})

test('what has no form in JSON is refused by its name', async () => {
  const bytes = await component(
    `package demo:odd;
     interface stock { resource shelf { size: func() -> u32; } open: func() -> shelf; count: func() -> u32; }
     world odd { export stock; }`,
    `(module (import "[export]demo:odd/stock" "[resource-new]shelf" (func (param i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "demo:odd/stock#open") (result i32) (i32.const 0))
      (func (export "demo:odd/stock#count") (result i32) (i32.const 3))
      (func (export "demo:odd/stock#[method]shelf.size") (param i32) (result i32) (i32.const 1)))`,
  )
  const plugin = await load({}, bytes)
  expect(plugin.functions.map(({ name }) => name)).toEqual(['count'])
  expect(await plugin.call('count')).toBe(3)
  await expect(plugin.call('open')).rejects.toThrow(/the resource 'shelf'/)
  const importing = await component(
    `package demo:odd; interface stock { resource shelf; open: func() -> shelf; } world odd { import stock; }`,
    `(module (import "demo:odd/stock" "open" (func (result i32))))`,
  )
  await expect(load({}, importing)).rejects.toMatchObject({ code: 'BP_WASM_FEATURE', message: /shelf/ })
})

test('a refusal names every import that has no form in JSON, with what it needs', async () => {
  const bytes = await component(
    `package demo:odd;
     interface stock { resource shelf { size: func() -> u32; } open: func() -> shelf; count: func() -> u32; }
     interface till { resource coin; pay: func(with-coin: option<coin>); }
     world odd { import stock; import till; }`,
    `(module (import "demo:odd/stock" "open" (func (result i32))) (import "demo:odd/stock" "count" (func (result i32)))
      (import "demo:odd/stock" "[method]shelf.size" (func (param i32) (result i32)))
      (import "demo:odd/till" "pay" (func (param i32 i32))))`,
  )
  for (const worker of [true, false]) {
    const { code, message } = await load({ worker }, bytes).catch((error) => error)
    expect(code).toBe('BP_WASM_FEATURE')
    expect(message).toContain("demo:odd/stock#open (the resource 'shelf')")
    expect(message).toContain("demo:odd/stock#[method]shelf.size (a method of the resource 'shelf')")
    expect(message).toContain("demo:odd/till#pay (the resource 'coin')")
    expect(message).not.toContain('count')
  }
})

describe('two versions of one interface', async () => {
  const bytes = await component(
    `package demo:twice;
     world twice { import demo:dep/clock@1.0.0; import demo:dep/clock@2.0.0; export old: func() -> u32; export new: func() -> u32; }
     package demo:dep@1.0.0 { interface clock { now: func() -> u32; } }
     package demo:dep@2.0.0 { interface clock { now: func() -> u32; } }`,
    `(module (import "demo:dep/clock@1.0.0" "now" (func $old (result i32)))
      (import "demo:dep/clock@2.0.0" "now" (func $new (result i32)))
      (func (export "old") (result i32) (call $old)) (func (export "new") (result i32) (call $new)))`,
  )
  const one = { now: () => 1 }
  const two = { now: () => 2 }
  const both = async (init: ComponentPluginInit) => {
    const plugin = await load(init, bytes)
    return [await plugin.call('old'), await plugin.call('new')]
  }

  test.each([{ worker: true }, { worker: false }])('get the functions that are meant for each: %o', async (mode) => {
    expect(inspectModule(bytes).imports.map(({ module }) => module)).toEqual([
      'demo:dep/clock@1.0.0',
      'demo:dep/clock@2.0.0',
    ])
    const exact = { 'demo:dep/clock@1.0.0': one, 'demo:dep/clock@2.0.0': two }
    expect(await both({ ...mode, functions: exact })).toEqual([1, 2])
    expect(await both({ ...mode, functions: { 'demo:dep/clock': one } })).toEqual([1, 1])
    expect(await both({ ...mode, functions: { 'demo:dep/clock': one, 'demo:dep/clock@2.0.0': two } })).toEqual([1, 2])
    await expect(both({ ...mode, functions: { 'demo:dep/clock@2.0.0': two } })).rejects.toThrow(
      /gives it: demo:dep\/clock@1\.0\.0#now$/,
    )
  })
})

test('a file that is cut or changed is a typed error', async () => {
  for (let at = 8; at < plain.length; at += 7) {
    const outcome = await load({ worker: false }, plain.slice(0, at)).catch((error) => error)
    // What is cut between two sections may be whole.
    if (outcome instanceof Error) expect((outcome as { code?: string }).code).toMatch(/^BP_WASM/)
  }
  const changed = plain.slice()
  for (let at = 8; at < plain.length; at += 11) {
    changed[at] = (changed[at] as number) ^ 0x55
    const outcome = await load({ worker: false, limits: { fuel: 100_000 } }, changed.slice()).catch((error) => error)
    if (outcome instanceof Error) expect((outcome as { code?: string }).code).toMatch(/^BP_(?!UNEXPECTED)/)
    changed[at] = plain[at] as number
  }
})

test('changed anywhere, it loads and answers or says why not', async () => {
  const change = fc.record({ at: fc.nat(plain.length - 9), value: fc.nat(255) })
  const limits = { fuel: 300_000, memoryPages: 64, timeoutMs: 1000, callDepth: 200 }
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 5 }), async (changes) => {
      const bytes = plain.slice()
      for (const { at, value } of changes) bytes[8 + at] = value
      const typed = (error: { code?: string }) => void expect(String(error.code)).toMatch(/^BP_(?!UNEXPECTED)/)
      const plugin = await componentPlugin(bytes, { functions, limits, worker: false }).catch(typed)
      if (!plugin) return
      for (const { name } of plugin.functions)
        await plugin.call(name, { a: 1, b: 2, n: 3, c: 'x', text: 'abc', pages: 1 }).catch(typed)
      await plugin.close()
    }),
    { numRuns: 150 },
  )
})

test('a list that is too long to hold ends its call, not the process', async () => {
  const bytes = await component(
    'package demo:greedy; world greedy { export all: func() -> list<bool>; export texts: func() -> list<string>; export blocks: func() -> list<list<u8>>; export fine: func() -> bool; }',
    `(module (memory (export "memory") 4000) (func (export "fine") (result i32) (i32.const 1))
      (func $same (result i32) (local $i i32)
        (loop $next (i32.store (i32.add (i32.const 64) (i32.shl (local.get $i) (i32.const 3))) (i32.const 1000000))
          (i32.store (i32.add (i32.const 68) (i32.shl (local.get $i) (i32.const 3))) (i32.const 100000000))
          (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
        (i32.store (i32.const 16) (i32.const 64)) (i32.store (i32.const 20) (i32.const 1000)) (i32.const 16))
      (func (export "texts") (result i32) (call $same)) (func (export "blocks") (result i32) (call $same))
      (func (export "all") (result i32) (i32.store (i32.const 16) (i32.const 64)) (i32.store (i32.const 20) (i32.const 260000000)) (i32.const 16)))`,
  )
  for (const worker of [true, false]) {
    const plugin = await load({ worker }, bytes)
    for (const name of ['all', 'texts', 'blocks']) {
      await expect(plugin.call(name)).rejects.toEqual(failing('BP_WASM_SIZE_LIMIT'))
      expect(await plugin.call('fine')).toBe(true)
    }
  }
}, 60_000)

test('types that would be endless are refused', () => {
  // A chain of pairs: each type is two of the one before.
  const types = [[0x6f, 2, 0x79, 0x79], ...Array.from({ length: 40 }, (_, i) => [0x6f, 2, i, i])]
  const body = [types.length, ...types.flat()]
  const bytes = Uint8Array.of(
    0,
    0x61,
    0x73,
    0x6d,
    0x0d,
    0,
    1,
    0,
    7,
    0x80 | (body.length & 0x7f),
    body.length >> 7,
    ...body,
  )
  expect(() => readComponent(bytes)).toThrow(/more than 10000 parts/)
})
