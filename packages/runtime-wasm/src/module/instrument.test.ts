import { describe, expect, test } from 'vitest'
import { wat } from '../../test/wat.ts'
import { wasm } from '../webassembly.ts'
import { instrument } from './instrument.ts'

const init = { what: 'the module', memoryPages: 16, tableElements: 1000, fuel: true }

const modules: Record<string, string> = {
  empty: '(module)',
  'a function': '(module (func (export "f") (result i32) i32.const 7))',
  'an import and a start function': '(module (import "a" "b" (func)) (func $s) (start $s))',
  'loops, blocks and tables': `(module (table 2 funcref) (elem (i32.const 0) $f)
    (func $f (param i32) (result i32) (block (loop (br_if 1 (i32.eqz (local.get 0)))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br 0))) (return (i32.const 3)))
    (func (export "g") (result i32) (call_indirect (param i32) (result i32) (i32.const 5) (i32.const 0))))`,
  'bulk memory': `(module (memory 1) (data $d "abc") (func (export "f")
    (memory.init $d (i32.const 0) (i32.const 0) (i32.const 3)) (data.drop $d)
    (memory.copy (i32.const 4) (i32.const 0) (i32.const 3)) (memory.fill (i32.const 0) (i32.const 1) (i32.const 9))))`,
  'several memories': `(module (memory $a 1) (memory $b 1) (func (export "g") (result i32)
    (drop (memory.grow $b (i32.const 1))) (i32.store $b (i32.const 0) (i32.const 5)) (i32.load $b (i32.const 0))))`,
  'several results':
    '(module (func $two (export "f") (result i32 i64) (return (i32.const 1) (i64.const 2))) (func (export "g") (result i32 i64) call $two))',
  vectors: `(module (memory 1) (func (export "f") (result i32) (i32x4.extract_lane 1
    (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (v128.load (i32.const 0)) (v128.const i32x4 1 2 3 4)))))`,
  'tail calls': `(module (func $f (export "f") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 1)))) (return_call $f (i32.sub (local.get 0) (i32.const 1)))))`,
  exceptions: `(module (tag $t (param i32)) (func (export "f") (result i32)
    (try (result i32) (do (throw $t (i32.const 3))) (catch $t))))`,
  'br_table and selects': `(module (func (export "f") (param i32) (result f64)
    (block (block (block (br_table 0 1 2 (local.get 0))) (return (f64.const 1))) (return (f64.const 2)))
    (select (result f64) (f64.const 3) (f64.const 4) (i32.const 1))))`,
}

describe('instrumented modules', () => {
  for (const [name, text] of Object.entries(modules)) {
    test(`${name}: valid, with and without each limit`, () => {
      const bytes = wat(text)
      for (const change of [{}, { fuel: false }, { callDepth: 50 }, { fuel: false, callDepth: 50 }]) {
        const made = instrument(bytes, { ...init, ...change })
        expect(() => new wasm.Module(made.bytes)).not.toThrow()
      }
    })
  }

  test('what reaches for the added parts is refused before they are there', () => {
    // Valid once a global has been added behind its own.
    const bytes = wat('(module (global $a (mut i32) (i32.const 0)) (func (export "f") (global.set 0 (i32.const 9))))')
    const at = bytes.findIndex((byte, i) => byte === 0x24 && bytes[i + 1] === 0)
    bytes[at + 1] = 1
    expect(() => instrument(bytes, init)).toThrow(expect.objectContaining({ code: 'BP_WASM_MODULE_INVALID' }))
  })

  test('memory beyond its limit, shared memory and reserved exports are refused', () => {
    const refused = (text: string) => {
      try {
        instrument(wat(text), init)
      } catch (error) {
        return (error as { code: string }).code
      }
      return 'accepted'
    }
    expect(refused('(module (memory 17))')).toBe('BP_WASM_MEMORY_LIMIT')
    expect(refused('(module (memory 9) (memory 9))')).toBe('BP_WASM_MEMORY_LIMIT')
    expect(refused('(module (table 1001 funcref))')).toBe('BP_WASM_FEATURE')
    expect(refused('(module (func (export "backplane:fuel")))')).toBe('BP_WASM_FEATURE')
  })

  test('what a module declares is limited before it is compiled', () => {
    const module = wat('(module (table 500 funcref) (global i64 (i64.const 0)))')
    expect(() => instrument(module, { ...init, footprintBytes: 1000 })).toThrow(
      expect.objectContaining({ code: 'BP_WASM_SIZE_LIMIT', details: expect.objectContaining({ value: 1000 }) }),
    )
    expect(() => instrument(module, { ...init, footprintBytes: 100_000 })).not.toThrow()
  })

  test('a table of 64-bit indices is named as such', () => {
    // (module (table i64 1 funcref))
    const table64 = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 4, 4, 1, 0x70, 4, 1)
    expect(() => instrument(table64, init)).toThrow(/table64/)
  })
})
