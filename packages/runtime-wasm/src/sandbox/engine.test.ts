import { describe, expect, test } from 'vitest'
import { wat } from '../../test/wat.ts'
import type { WasmImports } from '../webassembly.ts'
import { Engine } from './engine.ts'
import { fullLimits, type WasmLimits } from './limits.ts'
import { Meter } from './meter.ts'
import { trapped } from './traps.ts'

type Numeric = (...args: (number | bigint)[]) => number

function load(text: string, limits: WasmLimits = {}, imports: WasmImports = {}) {
  const full = fullLimits(limits)
  const engine = new Engine()
  const meter = new Meter(full)
  const { exports } = engine.instantiate(engine.compile('test', wat(text), full, { fuel: true }), imports, meter)
  return {
    meter,
    exports,
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

const counting = `(module
  (func $sum (export "sum") (param $n i32) (result i32) (local $s i32)
    (loop (local.set $s (i32.add (local.get $s) (local.get $n)))
      (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $s))
  (func $deep (export "deep") (param $n i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
    (i32.add (i32.const 1) (call $deep (i32.sub (local.get $n) (i32.const 1)))))
  (func (export "spin") (loop (br 0))))`

describe('limits that hold', () => {
  test('fuel: the same count each time, and an end where it is used up', () => {
    const { call, meter } = load(counting, { fuel: 1_000_000 })
    expect(call('sum', 1000)).toBe(500_500)
    const { fuel } = meter.stats()
    call('sum', 1000)
    expect(meter.stats().fuel).toBe(fuel)
    expect(fuel).toBeGreaterThan(1000)
    expect(failure(() => call('spin'))).toMatchObject({
      code: 'BP_WASM_OUT_OF_FUEL',
      details: { limit: 'fuel', value: 1_000_000 },
    })
    expect(call('sum', 10)).toBe(55)
    const exact = load(counting, { fuel })
    expect(exact.call('sum', 1000)).toBe(500_500)
    expect(failure(() => load(counting, { fuel: fuel - 1 }).call('sum', 1000)).code).toBe('BP_WASM_OUT_OF_FUEL')
  })

  test('time: a loop ends soon after its deadline, and the instance works on', () => {
    const { call } = load(counting, { timeoutMs: 20 })
    expect(failure(() => call('spin'))).toMatchObject({
      code: 'BP_TIMEOUT',
      details: { limit: 'timeoutMs', timeoutMs: 20 },
    })
    expect(call('sum', 10)).toBe(55)
  })

  test('depth: counted, or the engine’s own stack', () => {
    const counted = load(counting, { callDepth: 100 })
    expect(counted.call('deep', 99)).toBe(99)
    expect(counted.call('deep', 99)).toBe(99)
    expect(failure(() => counted.call('deep', 100))).toMatchObject({
      code: 'BP_WASM_STACK_LIMIT',
      details: { limit: 'callDepth' },
    })
    expect(counted.call('deep', 99)).toBe(99)
    expect(failure(() => load(counting).call('deep', 10_000_000)).code).toBe('BP_WASM_STACK_LIMIT')
  })

  test('memory: the sum of all memories', () => {
    const { call } = load(
      `(module (memory $a 1) (memory $b 1)
        (func (export "a") (param i32) (result i32) (memory.grow $a (local.get 0)))
        (func (export "b") (param i32) (result i32) (memory.grow $b (local.get 0)))
        (func (export "crash") (drop (memory.grow $a (i32.const 100))) unreachable))`,
      { memoryPages: 10 },
    )
    expect(call('a', 5)).toBe(1)
    expect(call('b', 4)).toBe(-1)
    expect(call('b', 3)).toBe(1)
    expect(call('a', 1)).toBe(-1)
    expect(call('a', -1)).toBe(-1)
    expect(failure(() => call('crash')).code).toBe('BP_WASM_MEMORY_LIMIT')
  })

  test('a limit cannot be caught by the guest', () => {
    const { call } = load(
      `(module (func $spin (loop (br 0)))
        (func (export "stubborn") (loop (try (do (call $spin)) (catch_all)) (br 0))))`,
      { fuel: 100_000 },
    )
    expect(failure(() => call('stubborn')).code).toBe('BP_WASM_OUT_OF_FUEL')
  })

  test('bulk operations pay for their size', () => {
    const { call, meter } = load(
      '(module (memory 16) (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 1) (local.get 0))))',
    )
    call('fill', 8)
    const { fuel } = meter.stats()
    call('fill', 800_008)
    expect(meter.stats().fuel - fuel).toBe(100_000)
  })

  test('traps say their kind', () => {
    const { call } = load(`(module (memory 1) (table 1 funcref) (func (export "unreachable") unreachable)
      (func (export "arithmetic") (result i32) (i32.div_s (i32.const 1) (i32.const 0)))
      (func (export "memory") (result i32) (i32.load (i32.const -1)))
      (func (export "table") (call_indirect (i32.const 9))))`)
    for (const kind of ['unreachable', 'arithmetic', 'memory', 'table'])
      expect(failure(() => call(kind))).toMatchObject({ code: 'BP_WASM_TRAP', details: { kind } })
  })

  test('what a module put into the table of another before it failed works, for a while', () => {
    const full = fullLimits({})
    const engine = new Engine()
    const meter = new Meter(full)
    const make = (text: string, imports: WasmImports = {}) =>
      engine.instantiate(engine.compile('test', wat(text), full, { fuel: true }), imports, meter).exports
    const first = make(`(module (table (export "t") 4 funcref) (type $f (func (result i32)))
      (func (export "call") (param i32) (result i32) (call_indirect (type $f) (local.get 0))))`)
    const failing = `(module (import "m" "t" (table 4 funcref)) (memory 1) (data (i32.const 65536) "x")
      (elem (i32.const 0) $seven $spin) (func $seven (result i32) (i32.const 7)) (func $spin (result i32) (loop (br 0)) unreachable))`
    expect(() => make(failing, { m: first as never })).toThrow()
    const call = first.call as Numeric
    meter.begin('call', Number.POSITIVE_INFINITY)
    expect(call(0)).toBe(7)
    expect(() => call(1)).toThrow()
    expect(() => call(0)).toThrow()
  })
})
