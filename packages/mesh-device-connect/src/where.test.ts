import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compileWhere, readBindings, WhereReader, whereSteps } from './where.ts'

/** Predicates, with what cel-python answers (null: it fails), and what is answered here where that differs. */
interface Fixture {
  readonly device: { readonly identity: object; readonly labels: object; readonly status: object }
  readonly predicates: readonly {
    readonly where: string
    readonly python: boolean | null
    readonly ours?: boolean | null
  }[]
}

const bytes = readFileSync(join(import.meta.dirname, '../test/fixtures/where.json'))
const { device, predicates } = JSON.parse(String(bytes)) as Fixture
const empty = { identity: {}, labels: {}, status: {}, bindings: new Map() }

test('predicates are answered as by cel-python, but for those that are marked', async () => {
  const bindings = readBindings(bytes)
  const answers = predicates.map(async ({ where }) => {
    const isMeant = await compileWhere(where).catch(() => undefined)
    try {
      return isMeant?.({ ...(device as typeof empty), bindings }) ?? null
    } catch {
      return null
    }
  })
  const expected = predicates.map(({ python, ours = python }) => ours)
  expect(await Promise.all(answers)).toEqual(expected)
})

test('nobody is meant here whom Python rules out, but for two of its oddities', () => {
  const wider = predicates.filter(({ python, ours }) => python === false && ours === true)
  expect(wider.map(({ where }) => where)).toEqual([
    "string(status.online) == 'true'",
    '"""multi\nline""" == \'multi\\nline\'',
  ])
})

test.each([
  ['nothing', ''],
  ['white space', '   '],
  ['half an expression', 'status.battery >'],
  ['another language', 'import os'],
  ['what is nested too deep', '('.repeat(500)],
  ['what is too long', `${'1 + '.repeat(9_000)}1 > 0`],
])('%s is refused', async (_, where) => {
  await expect(compileWhere(where)).rejects.toMatchObject({
    code: 'BP_INVALID_ARGUMENT',
    details: { where: where.slice(0, 1_000) },
  })
})

const bound = (bindings: object) => readBindings(Buffer.from(JSON.stringify({ bindings })))
const many = bound({
  a: Array.from({ length: 2_000 }, () => 1),
  lists: Array.from({ length: 300 }, () => [1, [2, 3]]),
  text: 'a'.repeat(200_000),
  needle: `${'a'.repeat(300)}b${'a'.repeat(90_000)}`,
  digits: '1'.repeat(3_000),
  map: Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`k${index}`, index])),
})

test.each([
  ['loops within loops', 'bindings.a.all(x, bindings.a.all(y, bindings.a.all(z, x + y + z >= 0)))'],
  ['loops that make lists', 'bindings.a.map(x, bindings.a.map(y, [x, y])).size() > 0'],
  ['loops over the keys of a map', 'bindings.a.exists(x, bindings.map.exists(k, k == "none"))'],
  ['errors without end', 'bindings.a.exists(x, x.nope == 1)'],
  ['alternatives that fail', `${'bindings.nope || '.repeat(500)}true`],
  ['lists that are compared whole', 'bindings.a.all(x, bindings.lists == bindings.lists.map(y, y))'],
  ['searches in lists', 'bindings.a.all(x, !(2 in bindings.a))'],
  ['lists that double', `${doubled('[1]', 30)}.size() > 0`],
  ['texts that double', `${doubled("'a'", 30)}.size() > 0`],
  ['lists that hold themselves twice, compared', `${nested(30)} == ${nested(30)}`],
  ['a text in a text', 'bindings.text.contains(bindings.needle)'],
  ['a text in a text, from the end', 'bindings.text.lastIndexOf(bindings.needle) > 0'],
  ['a text split by a text', 'bindings.text.split(bindings.needle).size() > 3'],
  ['a duration of digits', 'duration(bindings.digits) == duration("1h")'],
  ['times in named zones', 'bindings.a.all(x, timestamp("2026-01-01T00:00:00Z").getHours("Asia/Tokyo") < 25)'],
  ['a pattern over a long text', "bindings.text.matches('^(a+)+$')"],
  ['a pattern over a long text, as a function', "matches(bindings.text, '(a|b|c)*d')"],
  ['patterns in a loop', "bindings.a.all(x, string(x).matches('^(a|[0-9]+)+$'))"],
])('%s end by their count', async (_, where) => {
  const isMeant = await compileWhere(where)
  const meter = { left: whereSteps }
  expect(() => isMeant({ ...empty, bindings: many }, meter)).toThrow('it takes too many steps')
  expect(meter.left).toBeLessThan(0)
  expect((await compileWhere('true'))(empty), 'and the next is answered').toBe(true)
})

/** `expression` bound, added to itself, bound again, so many times. */
function doubled(expression: string, times: number): string {
  let inner = `v${times}`
  for (let at = times; at > 0; at--) inner = `cel.bind(v${at}, v${at - 1} + v${at - 1}, ${inner})`
  return `cel.bind(v0, ${expression}, ${inner})`
}

/** A list of a list twice, and so on: few nodes, very many leaves. */
function nested(times: number): string {
  let inner = `v${times}`
  for (let at = times; at > 0; at--) inner = `cel.bind(v${at}, [v${at - 1}, v${at - 1}], ${inner})`
  return `cel.bind(v0, [1], ${inner})`
}

test('the same predicate takes the same steps, every time', async () => {
  const spent = async (where: string) => {
    const meter = { left: whereSteps }
    ;(await compileWhere(where))({ ...empty, status: { battery: 60, tags: ['a', 'b'] } }, meter)
    return whereSteps - meter.left
  }
  const predicates = ['true', 'status.battery > 50', "status.tags.exists(t, t == 'b')", "'ab'.matches('a.')"]
  const counts = await Promise.all(predicates.map(spent))
  expect(await Promise.all(predicates.map(spent))).toEqual(counts)
  expect(counts[1], 'each node counts').toBeGreaterThan(counts[0]!)
  expect(Math.max(...counts), 'and what is usual takes a small share').toBeLessThan(whereSteps / 50)
})

test('a pattern that goes back and forth elsewhere is answered', async () => {
  const isMeant = await compileWhere(`'${'a'.repeat(40)}!'.matches('^(a+)+$')`)
  expect(isMeant(empty)).toBe(false)
})

test.each([
  ['is too long', `'a'.matches('${'a|'.repeat(600)}')`],
  ['repeats too much', "'a'.matches('(((a{10}){10}){10}){9}')"],
  ['counts to too much', `'a'.matches('${'a{900}'.repeat(20)}')`],
  ['looks back', "'ab'.matches('(?<=a)b')"],
  ['is none', "'a'.matches('(')"],
])('a pattern that %s is an error, soon', async (_, where) => {
  const isMeant = await compileWhere(where)
  expect(() => isMeant(empty)).toThrow()
})

test('values that are nested without end are refused', () => {
  const deep = (levels: number) => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`)
  expect(bound({ a: deep(20) }).size).toBe(1)
  expect(() => bound({ a: deep(40) })).toThrow(/nested/)
})

test('numbers are read as they were written', () => {
  const read = (text: string) => [...readBindings(Buffer.from(`{"bindings":{"n":${text}}}`)).values()][0]
  expect(['1', '1.0', '-7', '1e2', '1.5', '9007199254740993'].map(read)).toEqual([
    1n,
    1,
    -7n,
    100,
    1.5,
    9007199254740993n,
  ])
})

test('reading takes steps as well, once', async () => {
  const where = `${'status.x == 1 || '.repeat(300)}true`
  const reader = new WhereReader()
  const meter = { left: whereSteps }
  const isMeant = await reader.read(where, meter)
  const left = meter.left
  expect(left).toBeLessThan(whereSteps - where.length / 4)
  expect(await reader.read(where, meter)).toBe(isMeant)
  expect(meter.left).toBe(left)
  await expect(reader.read(`${where} || true`, { left: 10 })).rejects.toThrow('too many steps')
  const large = Buffer.from(JSON.stringify({ bindings: { a: 'x'.repeat(100_000) } }))
  expect(() => readBindings(large, { left: 100 })).toThrow('too many steps')
})

test('what was read is kept up to a bound, and let go of in the end', async () => {
  const reader = new WhereReader()
  const first = await reader.read('true')
  for (let at = 0; at < 5; at++) await reader.read(`${'1 > 0 && '.repeat(1_000)}${at} >= 0`)
  expect(await reader.read('true')).not.toBe(first)
  const second = await reader.read('true')
  for (let at = 0; at < 1_000; at++) second(empty)
  const third = await reader.read('true')
  expect(third).not.toBe(second)
  expect([second(empty), third(empty)]).toEqual([true, true])
})

test('what upstream always has is there, empty', async () => {
  const isMeant = await compileWhere(
    'status.battery == null && identity.serial_number == null && status.busy_score < 0.5',
  )
  expect(isMeant({ ...empty, status: { busy_score: 0 } })).toBe(true)
})
