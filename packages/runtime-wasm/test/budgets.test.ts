/**
 * What a hostile module can ask for beside memory and time: tables, declarations, locals, and depth behind exceptions.
 */
import { describe, expect, test } from 'vitest'
import { extismPlugin } from '../src/index.ts'
import { ByteWriter } from '../src/module/bytes.ts'
import { Engine } from '../src/sandbox/engine.ts'
import { fullLimits, type WasmLimits } from '../src/sandbox/limits.ts'
import { Meter } from '../src/sandbox/meter.ts'
import { trapped } from '../src/sandbox/traps.ts'
import { wat } from './wat.ts'

type Numeric = (...args: (number | bigint)[]) => number

function load(source: string | Uint8Array<ArrayBuffer>, limits: WasmLimits = {}) {
  const full = fullLimits(limits)
  const engine = new Engine()
  const meter = new Meter(full)
  const bytes = typeof source === 'string' ? wat(source) : source
  const { exports } = engine.instantiate(engine.compile('test', bytes, full, { fuel: true }), {}, meter)
  return {
    meter,
    call(name: string, ...args: number[]) {
      meter.begin(name, Number.POSITIVE_INFINITY)
      try {
        return (exports[name] as Numeric)(...args)
      } catch (thrown) {
        throw trapped(thrown, name, meter)
      }
    },
  }
}

function failure(run: () => unknown): { code: string; details: Record<string, unknown> } {
  try {
    run()
  } catch (error) {
    return error as never
  }
  return expect.fail('it should have failed')
}

describe('tables count together', () => {
  test('what all of them begin with', () => {
    const tables = (count: number, each: number) => `(module ${`(table ${each} funcref)`.repeat(count)})`
    expect(() => load(tables(10, 100), { tableElements: 1000 })).not.toThrow()
    expect(failure(() => load(tables(11, 100), { tableElements: 1000 }))).toMatchObject({
      code: 'BP_WASM_FEATURE',
      details: { feature: expect.stringContaining('1100 elements') },
    })
    expect(failure(() => load(tables(100, 1_000_000))).code).toBe('BP_WASM_FEATURE')
  })

  test('what they grow to, whichever of them', () => {
    const grow = (table: string) => `(func (export "${table}") (param i32) (result i32)
      (table.grow $${table} (ref.null extern) (local.get 0)))`
    const text = `(module (table $a 10 externref) (table $b 10 externref) ${grow('a')} ${grow('b')}
      (func (export "size") (result i32) (i32.add (table.size $a) (table.size $b))))`
    const { call } = load(text, { tableElements: 100 })
    expect(call('a', 50)).toBe(10)
    expect(call('b', 31)).toBe(-1)
    expect(call('b', 30)).toBe(10)
    expect(call('a', 1)).toBe(-1)
    expect(call('a', -1)).toBe(-1)
    expect(call('a', 0)).toBe(60)
    expect(call('size')).toBe(100)
  })

  test('those of every module of a plugin', async () => {
    const side = (name: string) => ({ name, data: wat('(module (table 600 funcref) (func (export "f")))') })
    const main = wat(
      '(module (import "one" "f" (func)) (import "two" "f" (func)) (func (export "run") (result i32) i32.const 0))',
    )
    const wasm = [side('one'), side('two'), { name: 'main', data: main }]
    await expect(extismPlugin({ wasm }, { limits: { tableElements: 1000 } })).rejects.toMatchObject({
      code: 'BP_WASM_FEATURE',
    })
    await using plugin = await extismPlugin({ wasm }, { limits: { tableElements: 1200 } })
    await plugin.call('run')
  })
})

describe('everything that a module declares counts', () => {
  /** A module of one section, beside a type and a function where that needs them. */
  function declaring(id: number, count: number, item: (index: number) => number[]): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter()
    const section = (number: number, write: (body: ByteWriter) => void) => {
      const body = new ByteWriter()
      write(body)
      out.byte(number).u32(body.length).raw(body.bytes())
    }
    const vector = (body: ByteWriter) => {
      body.u32(count)
      for (let index = 0; index < count; index++) body.byte(...item(index))
    }
    const functions = id === 3 ? count : 1
    out.raw(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))
    section(1, id === 1 ? vector : (body) => body.byte(1, 0x60, 0, 0))
    section(3, (body) => body.u32(functions).raw(new Uint8Array(functions)))
    for (const number of [4, 5, 13, 6, 7, 9]) {
      if (number === id) section(number, vector)
      else if (number === 4 && id === 9) section(4, (body) => body.byte(1, 0x70, 0, 1))
    }
    section(10, (body) => {
      body.u32(functions)
      for (let index = 0; index < functions; index++) body.byte(2, 0, 0x0b)
    })
    if (id === 11) {
      section(11, vector)
    }
    return out.bytes().slice()
  }
  const name = (index: number) => [...new TextEncoder().encode(String(index).padStart(6, '0'))]
  const kinds: [string, number, number, (index: number) => number[]][] = [
    ['types', 1, 200_000, () => [0x60, 0, 0]],
    ['functions', 3, 200_000, () => []],
    ['tables', 4, 50_000, () => [0x70, 0, 0]],
    ['tags', 13, 200_000, () => [0, 0]],
    ['globals', 6, 200_000, () => [0x7f, 1, 0x41, 0, 0x0b]],
    ['exports', 7, 50_000, (index) => [6, ...name(index), 0, 0]],
    ['element segments', 9, 100_000, () => [1, 0, 1, 0]],
    ['data segments', 11, 90_000, () => [1, 0]],
  ]
  test.each(kinds)('%s', (_, id, count, item) => {
    const bytes = declaring(id, count, item)
    const limits = { footprintBytes: 4 << 20, tableElements: 1e9 }
    expect(failure(() => load(bytes, limits))).toMatchObject({
      code: 'BP_WASM_SIZE_LIMIT',
      details: { limit: 'footprintBytes', value: 4 << 20 },
    })
    expect(() => load(declaring(id, 100, item), limits)).not.toThrow()
  })

  test('in all modules of a plugin together', async () => {
    const side = (each: string) => ({ name: each, data: wat('(module (table 9000 funcref) (func (export "f")))') })
    const main = wat(
      '(module (import "one" "f" (func)) (import "two" "f" (func)) (func (export "run") (result i32) i32.const 0))',
    )
    const wasm = [side('one'), side('two'), { name: 'main', data: main }]
    await expect(extismPlugin({ wasm }, { limits: { footprintBytes: 500_000 } })).rejects.toMatchObject({
      code: 'BP_WASM_SIZE_LIMIT',
    })
    await using plugin = await extismPlugin({ wasm }, { limits: { footprintBytes: 1_000_000 } })
    await plugin.call('run')
  })
})

describe('work that instructions do not show is paid for', () => {
  const fuelOf = (text: string, ...args: number[]) => {
    const { call, meter } = load(text)
    call('f', ...args)
    return meter.stats().fuel
  }

  test('locals, by their size', () => {
    const locals = (type: string, count: number) =>
      fuelOf(`(module (func (export "f") (local ${`${type} `.repeat(count)})))`)
    const bare = locals('i32', 0)
    expect(locals('i32', 800) - bare).toBe(100)
    expect(locals('f64', 800) - bare).toBe(100)
    expect(locals('externref', 800) - bare).toBe(100)
    expect(locals('v128', 800) - bare).toBe(200)
    expect(locals('i32', 7)).toBe(bare)
  })

  test('table.fill, table.copy, table.init and table.grow, by element', () => {
    const text = (body: string) => `(module (table $t 20000 50000 funcref) (table $u 20000 funcref) (elem $e func $g)
      (func $g) (func (export "f") (param $n i32) ${body}))`
    const fill = text('(table.fill $t (i32.const 0) (ref.null func) (local.get $n))')
    const copy = text('(table.copy $t $u (i32.const 0) (i32.const 0) (local.get $n))')
    const init = text('(table.init $t $e (i32.const 0) (i32.const 0) (local.get $n))')
    const grow = text('(drop (table.grow $t (ref.null func) (local.get $n)))')
    for (const each of [fill, copy, grow]) expect(fuelOf(each, 10_000) - fuelOf(each, 0)).toBe(10_000)
    expect(fuelOf(init, 1) - fuelOf(init, 0)).toBe(1)
  })

  test('but not growth that is refused, and no number of elements pays anything back', () => {
    const text = `(module (table $t 10 externref)
      (func (export "f") (param $n i32) (result i32) (table.grow $t (ref.null extern) (local.get $n)))
      (func (export "fill") (param $n i32) (table.fill $t (i32.const 0) (ref.null extern) (local.get $n))))`
    expect(fuelOf(text, -1)).toBe(fuelOf(text, 0))
    for (const elements of [-1, 0x7fffffff, -0x80000000]) {
      const { call, meter } = load(text, { fuel: 1e9 })
      failure(() => call('fill', elements))
      expect(meter.stats().fuel).toBeGreaterThan(1e8)
    }
  })
})

describe('depth', () => {
  const thrower = `(tag $t) (func $down (param $n i32)
    (if (i32.eqz (local.get $n)) (then (throw $t))) (call $down (i32.sub (local.get $n) (i32.const 1))))`
  const deep = `(func $deep (export "deep") (param $n i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
    (i32.add (i32.const 1) (call $deep (i32.sub (local.get $n) (i32.const 1)))))`
  const ways: [string, string][] = [
    ['catch', '(try (do (call $down (i32.const 3))) (catch $t))'],
    ['catch_all', '(try (do (call $down (i32.const 3))) (catch_all))'],
    ['a catch further up', '(try (do (try (do (call $down (i32.const 3))) (catch $other))) (catch $t))'],
    ['try_table', '(block $h (try_table (catch $t $h) (call $down (i32.const 3))))'],
    [
      'try_table, to a loop',
      '(local.set $m (i32.const 2)) (loop $h (if (local.tee $m (i32.sub (local.get $m) (i32.const 1))) (then (try_table (catch_all $h) (call $down (i32.const 3))))))',
    ],
    ['delegate', '(try (do (try (do (call $down (i32.const 3))) (delegate 0))) (catch $t))'],
  ]
  test.each(ways)('is what it was after an exception: %s', (_, body) => {
    const text = `(module ${thrower} (tag $other) ${deep} (func (export "f") (param $n i32) (result i32) (local $m i32)
      (loop ${body} (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (call $deep (i32.const 95))))`
    const { call } = load(text, { callDepth: 100 })
    expect(call('f', 1000)).toBe(95)
    expect(failure(() => call('deep', 100)).code).toBe('BP_WASM_STACK_LIMIT')
  })

  test.each<[string, string]>([
    ['two results', '(result i32 i64)'],
    ['results of every type', '(result i32 i64 f32 f64 v128 funcref externref)'],
  ])('counts functions with %s', (_, results) => {
    const values = { i32: '(i32.const 0)', i64: '(i64.const 0)', f32: '(f32.const 0)', f64: '(f64.const 0)' }
    const others = { v128: '(v128.const i64x2 0 0)', funcref: '(ref.null func)', externref: '(ref.null extern)' }
    const made = results
      .slice(8, -1)
      .split(' ')
      .map((type) => ({ ...values, ...others })[type])
    const drops = 'drop '.repeat(made.length)
    const text = `(module (func $deep (param $n i32) ${results}
        (if (local.get $n) (then (return (call $deep (i32.sub (local.get $n) (i32.const 1))))))
        ${made.join(' ')})
      (func (export "f") (param i32) (call $deep (local.get 0)) ${drops}))`
    const { call } = load(text, { callDepth: 100 })
    for (let i = 0; i < 5; i++) call('f', 90)
    expect(failure(() => call('f', 100)).code).toBe('BP_WASM_STACK_LIMIT')
  })
})

describe('blocks that the guest shares with its host', () => {
  const imports = `
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "free" (func $free (param i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/env" "config_get" (func $config (param i64) (result i64)))
    (import "extism:host/env" "var_get" (func $get (param i64) (result i64)))
    (import "extism:host/env" "var_set" (func $set (param i64 i64)))
    (memory 1)
    (func $text (param $byte i32) (result i64) (local $at i64)
      (local.set $at (call $alloc (i64.const 1))) (call $store (local.get $at) (local.get $byte)) (local.get $at))
    (func $say (param $at i64) (call $output (local.get $at) (call $length (local.get $at))))`
  const run = async (body: string, config = { k: 'v' }) => {
    const data = wat(`(module ${imports} (func (export "run") (result i32) (local $k i64) (local $v i64) (local $i i32)
      ${body} (i32.const 0)))`)
    await using plugin = await extismPlugin({ wasm: [{ data }] }, { config })
    return new TextDecoder().decode(await plugin.call('run'))
  }
  const k = '(local.set $k (call $text (i32.const 107)))'

  test('an answer outlives the key that the guest frees after its host has', async () => {
    const answer = `${k} (local.set $v (call $config (local.get $k))) (call $free (local.get $k)) (call $say (local.get $v))`
    expect(await run(answer)).toBe('v')
    const variable = `${k} (call $set (local.get $k) (call $text (i32.const 119))) ${k}
      (local.set $v (call $get (local.get $k))) (call $free (local.get $k)) (call $say (local.get $v))`
    expect(await run(variable)).toBe('w')
  })

  test('a variable may be set from the block that names it', async () => {
    const same = `${k} (call $set (local.get $k) (local.get $k)) ${k} (call $say (call $get (local.get $k)))`
    expect(await run(same)).toBe('k')
  })

  test('what is freed is used again before memory grows', async () => {
    const many = `(loop (call $free (call $alloc (i64.const 1000))) (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if 0 (i32.lt_u (local.get $i) (i32.const 100000)))) (call $say (call $text (i32.const 33)))`
    const data = wat(`(module ${imports} (func (export "run") (result i32) (local $i i32) ${many} (i32.const 0)))`)
    await using plugin = await extismPlugin({ wasm: [{ data }] })
    let pages = 0
    expect(
      String.fromCharCode(...(await plugin.call('run', '', { stats: (stats) => (pages = stats.memoryPages) }))),
    ).toBe('!')
    expect(pages).toBeLessThan(6)
  })
})
