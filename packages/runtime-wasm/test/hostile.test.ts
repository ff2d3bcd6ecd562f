/**
 * Modules that want more than they may have, made by a generator: every kind of greed in several forms, in the
 * foreground and in a worker. Each ends with the code of its limit, and the next call of the same plugin is answered.
 */
import { describe, expect, test } from 'vitest'
import { extismPlugin, type WasmLimits } from '../src/index.ts'
import { bundledThread } from './bundled-thread.ts'
import { wat } from './wat.ts'

const limits: WasmLimits = {
  memoryPages: 100,
  fuel: 3_000_000,
  timeoutMs: 20_000,
  callDepth: 1000,
  hostCalls: 1000,
  tableElements: 10_000,
  footprintBytes: 1 << 20,
  varBytes: 1000,
  outputBytes: 100_000,
}

interface Greed {
  /** Runs in the body of `run`; the locals `i`, `j` are numbers, `h` and `k` handles. */
  readonly body?: string
  /** Stands beside it in the module. */
  readonly more?: string
  readonly code: string
  readonly limits?: WasmLimits
  /** It does not load at all. */
  readonly load?: boolean
}

const fuel = 'BP_WASM_OUT_OF_FUEL'
const trap = 'BP_WASM_TRAP'
const many = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => text(i)).join(' ')
const forever = (work: string) => `(loop $more ${work} (br $more))`

/** Work that never ends, each in a loop of its own. */
const endless: Record<string, string> = {
  nothing: '',
  arithmetic: '(local.set $i (i32.add (local.get $i) (i32.const 1)))',
  'a branch table': '(block (block (br_table 0 1 (local.get $i))))',
  'inner loops':
    '(local.set $j (i32.const 100)) (loop (br_if 0 (local.tee $j (i32.sub (local.get $j) (i32.const 1)))))',
  calls: '(call $none)',
  'indirect calls': '(call_indirect (type $unit) (i32.const 0))',
  'calls that zero many locals': '(call $locals)',
  exceptions: '(try (do (throw $t)) (catch $t))',
  'exceptions from further down': '(try (do (call $throw)) (catch_all))',
  'memory.fill': '(memory.fill (i32.const 0) (i32.const 1) (i32.const 65536))',
  'memory.copy': '(memory.copy (i32.const 0) (i32.const 1) (i32.const 65000))',
  'memory.init': '(memory.init $d (i32.const 0) (i32.const 0) (i32.const 3))',
  'memory.grow of nothing': '(drop (memory.grow (i32.const 0)))',
  'memory.grow that is refused': '(drop (memory.grow (i32.const 60000)))',
  'table.fill': '(table.fill $t (i32.const 0) (ref.null func) (i32.const 100))',
  'table.copy': '(table.copy $t $t (i32.const 0) (i32.const 0) (i32.const 100))',
  'table.init': '(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))',
  'table.grow that is refused': '(drop (table.grow $t (ref.null func) (i32.const 1000000)))',
  'vector arithmetic': '(drop (i32x4.mul (v128.const i32x4 1 2 3 4) (v128.const i32x4 5 6 7 8)))',
}

/** Calls to the host without end. */
const talking: Record<string, string> = {
  logging: '(local.set $h (call $alloc (i64.const 1))) (call $log (local.get $h))',
  'reading configuration': '(drop (call $config (call $alloc (i64.const 1))))',
  'reading variables': '(drop (call $get (call $alloc (i64.const 1))))',
  'writing variables': '(call $set (call $alloc (i64.const 1)) (i64.const 0))',
  'asking with handles that are none': '(drop (call $config (i64.const -1)))',
}

const greed: Record<string, Greed> = {
  ...Object.fromEntries(
    Object.entries(endless).map(([name, work]) => [`endless ${name}`, { body: forever(work), code: fuel }]),
  ),
  ...Object.fromEntries(
    Object.entries(talking).map(([name, work]) => [
      `endless ${name}`,
      { body: forever(work), code: 'BP_WASM_HOST_CALL_LIMIT' },
    ]),
  ),
  'a tail call of itself': { more: '(func $tail (return_call $tail))', body: '(call $tail)', code: fuel },
  'two functions that tail call each other': {
    more: '(func $ping (return_call $pong)) (func $pong (return_call $ping))',
    body: '(call $ping)',
    code: fuel,
  },
  recursion: { more: '(func $deep (call $deep) (nop))', body: '(call $deep)', code: 'BP_WASM_STACK_LIMIT' },
  'mutual recursion': {
    more: '(func $one (call $two) (nop)) (func $two (call $one) (nop))',
    body: '(call $one)',
    code: 'BP_WASM_STACK_LIMIT',
  },
  'recursion with results': {
    more: '(func $deep (result i32 i64) (call $deep))',
    body: '(call $deep) drop drop',
    code: 'BP_WASM_STACK_LIMIT',
  },
  'recursion by a table': {
    more: '(func $deep (call_indirect (type $unit) (i32.const 1)) (nop)) (elem (i32.const 1) $deep)',
    body: '(call $deep)',
    code: 'BP_WASM_STACK_LIMIT',
  },
  'recursion within a handler': {
    more: '(func $deep (try (do (throw $t)) (catch $t (call $deep))))',
    body: '(call $deep)',
    code: 'BP_WASM_STACK_LIMIT',
  },
  'recursion on the engine’s own stack': {
    more: '(func $deep (call $deep) (nop))',
    body: '(call $deep)',
    code: 'BP_WASM_STACK_LIMIT',
    limits: { callDepth: Number.POSITIVE_INFINITY },
  },
  'memory, and giving up without it': {
    body: forever('(if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))'),
    code: 'BP_WASM_MEMORY_LIMIT',
  },
  'blocks, and giving up without them': {
    body: forever('(if (i64.eqz (call $alloc (i64.const 1000000))) (then unreachable))'),
    code: 'BP_WASM_MEMORY_LIMIT',
  },
  'a block of all memory': {
    body: '(if (i64.eqz (call $alloc (i64.const 0x6fffffff))) (then unreachable))',
    code: 'BP_WASM_MEMORY_LIMIT',
  },
  'blocks of every size, freed twice': {
    body: forever(
      '(local.set $h (call $alloc (i64.extend_i32_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))))) (call $free (local.get $h)) (call $free (local.get $h))',
    ),
    code: fuel,
  },
  'handles that are none': {
    body: forever('(call $free (i64.const 0x7fffffffffffffff)) (drop (call $length (i64.const 63)))'),
    code: fuel,
  },
  'variables beyond their limit': {
    body: '(call $set (call $alloc (i64.const 5)) (call $alloc (i64.const 5000)))',
    code: 'BP_WASM_HOST_FAILED|BP_WASM_SIZE_LIMIT',
  },
  'an output beyond its limit': {
    body: '(local.set $h (call $alloc (i64.const 200000))) (call $output (local.get $h) (i64.const 200000))',
    code: 'BP_WASM_SIZE_LIMIT',
  },
  unreachable: { body: 'unreachable', code: trap },
  'a read beyond its memory': { body: '(drop (i32.load (i32.const -1)))', code: trap },
  'a write beyond its memory': { body: '(i64.store (i32.const -4) (i64.const 1))', code: trap },
  'a vector beyond its memory': { body: '(drop (v128.load (i32.const -1)))', code: trap },
  'memory.fill beyond its memory': {
    body: '(memory.fill (i32.const 0) (i32.const 1) (i32.const -1))',
    code: `${trap}|${fuel}`,
  },
  'memory.copy beyond its memory': {
    body: '(memory.copy (i32.const 0) (i32.const 1) (i32.const -1))',
    code: `${trap}|${fuel}`,
  },
  'table.fill beyond its table': {
    body: '(table.fill $t (i32.const 0) (ref.null func) (i32.const -1))',
    code: `${trap}|${fuel}`,
  },
  'a call of nothing': { body: '(call_indirect (type $unit) (i32.const 99))', code: trap },
  'a call of another type': { body: '(drop (call_indirect (type $number) (i32.const 1) (i32.const 0)))', code: trap },
  'a division by zero': { body: '(drop (i32.div_u (i32.const 1) (i32.const 0)))', code: trap },
  'an exception that nobody catches': { body: '(throw $t)', code: trap },
  'a start function without end': { more: '(func $s (loop (br 0))) (start $s)', code: fuel },
  'initialisation without end': { more: '(func (export "_initialize") (loop (br 0)))', code: fuel },
  'more memory than it may begin with': { more: '(memory 101)', code: 'BP_WASM_MEMORY_LIMIT', load: true },
  'many memories': { more: many(30, () => '(memory 4)'), code: 'BP_WASM_MEMORY_LIMIT', load: true },
  'a large table': { more: '(table 10001 externref)', code: 'BP_WASM_FEATURE', load: true },
  'many tables': { more: many(100, () => '(table 200 externref)'), code: 'BP_WASM_FEATURE', load: true },
  'many globals': { more: many(25_000, () => '(global i32 (i32.const 0))'), code: 'BP_WASM_SIZE_LIMIT', load: true },
  'many functions': { more: many(10_000, () => '(func)'), code: 'BP_WASM_SIZE_LIMIT', load: true },
  'many exports': { more: many(3000, (i) => `(export "e${i}" (func $none))`), code: 'BP_WASM_SIZE_LIMIT', load: true },
  'many types': {
    more: many(20_000, (i) => `(type (func (param ${many(i % 8, () => 'i32')})))`),
    code: 'BP_WASM_SIZE_LIMIT',
    load: true,
  },
  'imports that nobody gives': {
    more: many(50, (i) => `(import "nobody" "f${i}" (func))`),
    code: 'BP_WASM_IMPORT_MISSING',
    load: true,
  },
  'an export in the names that are added': {
    more: '(func (export "backplane:fuel"))',
    code: 'BP_WASM_FEATURE',
    load: true,
  },
}

function moduleOf({ body = '', more = '' }: Greed): Uint8Array<ArrayBuffer> {
  // Imports come first in a module.
  const imports = more.startsWith('(import') ? more : ''
  return wat(`(module ${imports}
    (type $unit (func)) (type $number (func (param i32) (result i32)))
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "free" (func $free (param i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/env" "config_get" (func $config (param i64) (result i64)))
    (import "extism:host/env" "var_get" (func $get (param i64) (result i64)))
    (import "extism:host/env" "var_set" (func $set (param i64 i64)))
    (import "extism:host/env" "log_info" (func $log (param i64)))
    (memory 1) (data $d "abc") (table $t 100 200 funcref) (elem (i32.const 0) $none) (elem $e func $none) (tag $t)
    ${imports ? '' : more}
    (func $none) (func $locals ${'(local i64)'.repeat(500)}) (func $throw (throw $t))
    (func (export "run") (result i32) (local $i i32) (local $j i32) (local $h i64) (local $k i64) ${body} (i32.const 0))
    (func (export "fine") (result i32) (i32.const 0)))`)
}

describe.each([
  ['in the foreground', false],
  ['in a worker', true],
])('%s', async (_, worker) => {
  const threadUrl = await bundledThread()
  test.each(Object.entries(greed))('%s', async (_, each) => {
    const init = { limits: { ...limits, ...each.limits }, worker, threadUrl, waits: false }
    const data = moduleOf(each)
    const loaded = extismPlugin({ wasm: [{ data }] }, init)
    const code = expect.stringMatching(new RegExp(`^(${each.code})$`))
    if (each.load) {
      await expect(loaded).rejects.toMatchObject({ code })
      return
    }
    await using plugin = await loaded
    for (let round = 0; round < 2; round++) {
      await expect(plugin.call('run')).rejects.toMatchObject({ code })
      // What fails before any function is called fails again.
      if (each.body) await plugin.call('fine')
    }
  })
})
