import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compileWhere, readBindings } from './where.ts'

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

test.each(['', '   ', 'status.battery >', 'import os', '('.repeat(500), `${'1 + '.repeat(9_000)}1 > 0`])(
  '%j is refused',
  async (where) => {
    await expect(compileWhere(where)).rejects.toMatchObject({
      code: 'BP_INVALID_ARGUMENT',
      details: { where: where.slice(0, 1_000) },
    })
  },
)

test.each([
  ['loops within loops', 'bindings.a.all(x, bindings.a.all(y, bindings.a.all(z, x + y + z >= 0)))'],
  ['a pattern that goes back and forth', `'${'a'.repeat(40)}!'.matches('^(a+)+$')`],
])('%s end in time', async (_, where) => {
  const bindings = readBindings(
    Buffer.from(JSON.stringify({ bindings: { a: Array.from({ length: 2_000 }, () => 1) } })),
  )
  const isMeant = await compileWhere(where)
  expect(() => isMeant({ ...empty, bindings })).toThrow(/timed out/)
  expect((await compileWhere('true'))(empty), 'and the next is answered').toBe(true)
})

test('what upstream always has is there, empty', async () => {
  const isMeant = await compileWhere(
    'status.battery == null && identity.serial_number == null && status.busy_score < 0.5',
  )
  expect(isMeant({ ...empty, status: { busy_score: 0 } })).toBe(true)
})
