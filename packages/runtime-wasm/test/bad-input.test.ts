/** Modules that are broken, greedy or hostile: each ends in a typed error, and none harms this process. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { extismPlugin } from '../src/extism/plugin.ts'
import { extismModule, reflect, text } from './extism.ts'
import { wat } from './wat.ts'

const limits = { memoryPages: 64, fuel: 300_000, timeoutMs: 2000, callDepth: 500, hostCalls: 2000, tableElements: 1000 }

/**
 * Loads and calls whatever there is to call; gives the codes of what failed. Anything that is not a typed error fails
 * the test.
 */
async function outcome(bytes: Uint8Array, input = 'abc'): Promise<string[]> {
  const codes: string[] = []
  try {
    await using plugin = await extismPlugin(bytes, { functions: reflect, limits, wasi: true, waits: false })
    for (const name of plugin.functions.slice(0, 40)) {
      try {
        await plugin.call(name, input)
        codes.push('fine')
      } catch (error) {
        codes.push(codeOf(error))
      }
    }
  } catch (error) {
    codes.push(codeOf(error))
  }
  return codes
}

function codeOf(error: unknown): string {
  const { code, message, next } = error as { code?: unknown; message: string; next: string }
  expect(String(code), `${message}`).toMatch(/^BP_(?!UNEXPECTED)/)
  expect(message).toMatch(/\S/)
  expect(next).toMatch(/\S/)
  return String(code)
}

const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

describe('a corpus', () => {
  test('truncated at every byte: 300 cases', async () => {
    const step = extismModule.length / 300
    for (let i = 0; i < 300; i++) {
      const codes = await outcome(extismModule.slice(0, Math.floor(i * step)))
      expect(codes.every((code) => code === 'BP_WASM_MODULE_INVALID' || code === 'fine')).toBe(true)
    }
  })

  const cases: Record<string, { bytes: Uint8Array; code: string | RegExp }> = {
    nothing: { bytes: new Uint8Array(), code: 'BP_WASM_MODULE_INVALID' },
    text: { bytes: new TextEncoder().encode('#!/bin/sh\nexit 0\n'), code: 'BP_WASM_MODULE_INVALID' },
    zeros: { bytes: new Uint8Array(4096), code: 'BP_WASM_MODULE_INVALID' },
    'a component': { bytes: Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), code: 'BP_WASM_FEATURE' },
    'a section that is longer than the file': {
      bytes: Uint8Array.of(...header, 1, 0xff, 0xff, 0xff, 0x0f),
      code: 'BP_WASM_MODULE_INVALID',
    },
    'a count of four billion': {
      bytes: Uint8Array.of(...header, 1, 6, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x60),
      code: 'BP_WASM_MODULE_INVALID',
    },
    'thousands of imports': {
      bytes: wat(
        `(module ${Array.from({ length: 3000 }, (_, i) => `(import "extism:host/user" "f${i}" (func))`).join('')})`,
      ),
      code: 'BP_WASM_IMPORT_MISSING',
    },
    'an imported memory': { bytes: wat('(module (import "env" "memory" (memory 1)))'), code: 'BP_WASM_IMPORT_MISSING' },
    'an imported global': { bytes: wat('(module (import "env" "g" (global i32)))'), code: 'BP_WASM_IMPORT_MISSING' },
    'the host’s side of the kernel': {
      bytes: wat('(module (import "extism:host/env" "reset" (func)))'),
      code: 'BP_WASM_IMPORT_MISSING',
    },
    'an import of the wrong type': {
      bytes: wat('(module (import "extism:host/env" "alloc" (func (param f32))) (func (export "f")))'),
      code: 'BP_WASM_IMPORT_MISSING',
    },
    'too much memory': { bytes: wat('(module (memory 65))'), code: 'BP_WASM_MEMORY_LIMIT' },
    'too large a table': { bytes: wat('(module (table 10000000 funcref))'), code: 'BP_WASM_FEATURE' },
    'a start that traps': {
      bytes: wat('(module (func $s unreachable) (start $s) (func (export "f")))'),
      code: 'BP_WASM_TRAP',
    },
    'a start that never ends': {
      bytes: wat('(module (func $s (loop (br 0))) (start $s) (func (export "f")))'),
      code: 'BP_WASM_OUT_OF_FUEL',
    },
    'data beyond its memory': {
      bytes: wat('(module (memory 1) (data (i32.const 65536) "x") (func (export "f")))'),
      code: /MODULE_INVALID|TRAP/,
    },
    'elements beyond its table': {
      bytes: wat('(module (table 1 funcref) (elem (i32.const 5) $f) (func $f (export "f")))'),
      code: /MODULE_INVALID|TRAP/,
    },
    'endless recursion': { bytes: wat('(module (func $f (export "f") (call $f)))'), code: 'BP_WASM_STACK_LIMIT' },
    'endless mutual recursion through a table': {
      bytes: wat(
        '(module (table 1 funcref) (elem (i32.const 0) $f) (func $f (export "f") (call_indirect (i32.const 0))))',
      ),
      code: 'BP_WASM_STACK_LIMIT',
    },
    'endless tail calls': {
      bytes: wat('(module (func $f (export "f") (return_call $f)))'),
      code: 'BP_WASM_OUT_OF_FUEL',
    },
    'growing for ever': {
      bytes: wat(
        '(module (memory 1) (func (export "f") (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable))',
      ),
      code: 'BP_WASM_MEMORY_LIMIT',
    },
    'a table that grows': {
      bytes: wat(
        '(module (table $t 1 funcref) (func (export "f") (loop (drop (table.grow $t (ref.null func) (i32.const 100000))) (br 0))))',
      ),
      code: 'BP_WASM_OUT_OF_FUEL',
    },
    'filling for ever': {
      bytes: wat(
        '(module (memory 16) (func (export "f") (loop (memory.fill (i32.const 0) (i32.const 0) (i32.const 1048576)) (br 0))))',
      ),
      code: 'BP_WASM_OUT_OF_FUEL',
    },
    'calling its host for ever': {
      bytes: wat(
        '(module (import "extism:host/env" "get_log_level" (func $f (result i32))) (func (export "f") (loop (drop (call $f)) (br 0))))',
      ),
      code: 'BP_WASM_HOST_CALL_LIMIT',
    },
    'an exit': {
      bytes: wat(
        '(module (import "wasi_snapshot_preview1" "proc_exit" (func $x (param i32))) (memory (export "memory") 1) (func (export "f") (call $x (i32.const 3))))',
      ),
      code: 'BP_WASM_EXITED',
    },
  }
  for (const [name, { bytes, code }] of Object.entries(cases))
    test(name, async () => {
      const codes = await outcome(bytes)
      expect(codes).not.toEqual([])
      for (const each of codes) typeof code === 'string' ? expect(each).toBe(code) : expect(each).toMatch(code)
    })

  const pointers = [
    '-1',
    '0x7fffffffffffffff',
    '0x8000000000000000',
    '0xffffffff',
    '0x100000000',
    '1',
    '63',
    '65',
    '65535',
    '65536',
  ]
  const calls: Record<string, string> = {
    free: 'i64',
    length: 'i64',
    load_u8: 'i64',
    load_u64: 'i64',
    store_u8: 'i64 i32',
    store_u64: 'i64 i64',
    input_load_u8: 'i64',
    input_load_u64: 'i64',
    output_set: 'i64 i64',
    error_set: 'i64',
    config_get: 'i64',
    var_get: 'i64',
    var_set: 'i64 i64',
    log_info: 'i64',
    alloc: 'i64',
  }
  const results: Record<string, string> = {
    length: 'i64',
    load_u8: 'i32',
    load_u64: 'i64',
    input_load_u8: 'i32',
    input_load_u64: 'i64',
    config_get: 'i64',
    var_get: 'i64',
    alloc: 'i64',
  }
  for (const [name, params] of Object.entries(calls))
    test(`${pointers.length} hostile pointers to ${name}`, async () => {
      const result = results[name]
      for (const pointer of pointers) {
        const args = params
          .split(' ')
          .map((type) => (type === 'i64' ? `(i64.const ${pointer})` : '(i32.const 7)'))
          .join(' ')
        const call = `(call $f ${args})`
        const guest =
          wat(`(module (import "extism:host/env" "${name}" (func $f (param ${params})${result ? ` (result ${result})` : ''}))
          (func (export "f") ${result ? `(drop ${call})` : call}))`)
        for (const code of await outcome(guest)) expect(code).toMatch(/^(fine|BP_PLUGIN_FAILED)$/)
      }
    })

  test('WASI with pointers beyond memory: a fault for the guest, nothing for us', async () => {
    const functions: [string, string][] = [
      ['fd_write', 'i32 i32 i32 i32'],
      ['fd_read', 'i32 i32 i32 i32'],
      ['args_get', 'i32 i32'],
      ['random_get', 'i32 i32'],
      ['fd_fdstat_get', 'i32 i32'],
      ['fd_prestat_get', 'i32 i32'],
      ['environ_sizes_get', 'i32 i32'],
      ['fd_filestat_get', 'i32 i32'],
    ]
    for (const [name, params] of functions)
      for (const value of ['-1', '65530', '0x7fffffff', '1', '3']) {
        const args = params
          .split(' ')
          .map(() => `(i32.const ${value})`)
          .join(' ')
        const codes = await outcome(
          wat(`(module (import "wasi_snapshot_preview1" "${name}" (func $f (param ${params}) (result i32)))
          (memory (export "memory") 1) (func (export "f") (drop (call $f ${args}))))`),
        )
        expect(codes).toEqual(['fine'])
      }
  })
})

test('mutated modules: valid or not, every one ends in a typed error or an answer', async () => {
  const change = fc.record({ at: fc.nat(extismModule.length - 9), value: fc.nat(255) })
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
      const bytes = extismModule.slice()
      for (const { at, value } of changes) bytes[8 + at] = value
      await outcome(bytes)
    }),
    { numRuns: 400 },
  )
})

test('after all that, a plugin works', async () => {
  await using plugin = await extismPlugin(extismModule, { functions: reflect, limits })
  expect(text(await plugin.call('echo', 'on'))).toBe('on')
})
