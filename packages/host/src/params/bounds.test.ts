import { createHost, type JsonSchema, type LogMethod, type Params, silentLogger, type Value } from '@backplane/core'
import { functionRuntime } from '@backplane/core/memory'
import { expect, test, vi } from 'vitest'
import { tellOfSchemas } from '../host-events.ts'
import { validateParams } from '../validate-params.ts'

// Without their bounds these take minutes or for ever; nobody waits for that.
vi.setConfig({ testTimeout: 60_000 })

function hostWith(parameters: JsonSchema) {
  const run = vi.fn((_: Params): Value => 'ran')
  const host = createHost({
    identity: { deviceId: 'box' },
    interceptors: [validateParams()],
    functions: [{ descriptor: { name: 'fn', parameters }, run }],
  })
  return Object.assign(host, { run })
}

const ofA = (schema: object): JsonSchema => ({ type: 'object', properties: { a: schema } })
const many = <T>(length: number, make: (n: number) => T): T[] => Array.from({ length }, (_, n) => make(n))
const keyed = (count: number, prefix: string) => Object.fromEntries(many(count, (n) => [`${prefix}${n}`, 1]))
const nested = (depth: number) => {
  let value: Params = {}
  for (let n = 0; n < depth; n++) value = { x: value }
  return value
}

const both = (reference: string) => ({ allOf: [{ $ref: reference }, { $ref: reference }] })
/** Each definition twice the one before. */
const doubling = {
  $defs: { ...Object.fromEntries(many(40, (n) => [`d${n}`, both(`#/$defs/d${n + 1}`)])), d40: { type: 'object' } },
  $ref: '#/$defs/d0',
}
const closed = (name: string) => ({ properties: { [name]: {} }, additionalProperties: false })

test.each<[string, JsonSchema, Params]>([
  ['a doubling of definitions', doubling, {}],
  [
    'a recursion that doubles at each level',
    { $defs: { n: { properties: { x: both('#/$defs/n') } } }, $ref: '#/$defs/n' },
    nested(200),
  ],
  [
    'the same under another name',
    { components: { n: { properties: { x: both('#/components/n') } } }, $ref: '#/components/n' },
    nested(200),
  ],
  ['a value that nests beyond the stack', { properties: { x: { $ref: '#' } } }, nested(50_000)],
  [
    'loops in loops',
    ofA({ contains: { contains: { contains: { type: 'string' } } } }),
    { a: many(100, () => many(100, () => many(100, () => 1))) },
  ],
  [
    'many closed choices of a large object',
    ofA({ anyOf: many(200, (n) => closed(`k${n}`)) }),
    { a: keyed(50_000, 'x') },
  ],
  [
    'many choices of large constants',
    ofA({ enum: many(1000, (n) => ({ a: { n } })) }),
    { a: { a: keyed(100_000, 'x') } },
  ],
  [
    'many patterns for many keys',
    ofA({ patternProperties: Object.fromEntries(many(200, (n) => [`^x${n}y`, {}])) }),
    { a: keyed(20_000, 'x') },
  ],
  [
    'a pattern for long texts',
    ofA({ items: { pattern: '^(a|aa)+$' } }),
    { a: many(50, () => `${'a'.repeat(20_000)}b`) },
  ],
  ['a unique list of very many objects', ofA({ uniqueItems: true }), { a: many(100_000, (n) => ({ n, m: { n } })) }],
  [
    'a list of very many that fit no choice',
    ofA({ items: { anyOf: many(50, (n) => ({ minimum: 1e9 + n })) } }),
    { a: many(50_000, (n) => n) },
  ],
])('gives up %s, with a code', async (_, parameters, params) => {
  await using host = hostWith(parameters)
  const error = await host.call('fn', params).catch((thrown) => thrown)
  expect(['BP_PARAMS_TOO_COSTLY', 'BP_PARAMS_INVALID']).toContain(error.code)
  expect(host.run).not.toHaveBeenCalled()
})

test.each<[string, object, Value, boolean]>([
  ['nested repetition', { pattern: '^(a+)+$' }, `${'a'.repeat(40)}!`, false],
  ['overlapping choices', { pattern: '^(a|a)*$' }, `${'a'.repeat(60)}!`, false],
  ['two varying parts', { pattern: '^a*a*a*a*a*b$' }, 'a'.repeat(3000), false],
  ['an unanchored one', { pattern: 'x+x+y' }, 'x'.repeat(3000), false],
  ['a long fixed rest', { pattern: '^a*a{500}b' }, 'a'.repeat(3000), false],
  [
    'names of properties',
    { patternProperties: { '^(a+)+$': { type: 'string' } } },
    { [`${'a'.repeat(40)}!`]: 1 },
    true,
  ],
  ['names', { propertyNames: { pattern: '^(a+)+$' } }, { [`${'a'.repeat(40)}!`]: 1 }, false],
])('matches a pattern in linear time: %s', async (_, schema, value, fits) => {
  await using host = hostWith(ofA(schema))
  const call = host.call('fn', { a: value })
  if (fits) await expect(call).resolves.toBe('ran')
  else await expect(call).rejects.toMatchObject({ code: 'BP_PARAMS_INVALID' })
})

test.each([
  ['\\s+end$', 'a\u00a0\ufeffend'],
  ['^(?:.)$', '\u0085'],
  ['^(?:\\S\\w)+$', 'éa'],
  ['^(?:[^\\s.])+$', 'ab\u2003'],
  ['^(?:\\u0041|\\u{1F600})$', '\u{1F600}'],
  ['^(?:[\\]a-])+$', ']a-'],
  ['^(?:\\p{Script=Greek})+$', 'αβ'],
  ['^(?:a.b)$', 'a\u2028b'],
  ['^(?<year>\\d{4})-(?:\\d\\d)$', '2026-11'],
  ['^(?:[[a])+$', '[a'],
])('means by %s what JavaScript does', async (pattern, text) => {
  await using host = hostWith(ofA({ pattern }))
  const fits = await host.call('fn', { a: text }).then(
    () => true,
    () => false,
  )
  expect(fits).toBe(new RegExp(pattern, 'u').test(text))
})

test('checks what is large and honest', async () => {
  const rows = many(5000, (n) => ({ id: `row-${n}`, value: n / 7, tags: ['a', 'b'] }))
  const row = {
    type: 'object',
    properties: {
      id: { type: 'string', pattern: '^[a-z0-9-]+$', maxLength: 40 },
      value: { type: 'number' },
      tags: { items: { enum: ['a', 'b'] } },
    },
    required: ['id', 'value'],
    additionalProperties: false,
  }
  await using host = hostWith(ofA({ type: 'array', items: row, uniqueItems: true }))
  await expect(host.call('fn', { a: rows })).resolves.toBe('ran')
  await expect(host.call('fn', { a: [...rows, { ...rows[7] } as Params] })).rejects.toMatchObject({
    code: 'BP_PARAMS_INVALID',
    message: expect.stringContaining('must NOT have duplicate items'),
  })
  await using numbers = hostWith(ofA({ type: 'array', items: { type: 'number' } }))
  await expect(numbers.call('fn', { a: many(200_000, (n) => n) })).resolves.toBe('ran')
  await expect(numbers.call('fn', { a: many(200_000, String) })).rejects.toMatchObject({
    code: 'BP_PARAMS_INVALID',
    details: { list: [{ path: 'a.0', message: 'must be number' }] },
  })
})

test.each<[string, object, Value, boolean]>([
  [
    'equal objects whatever the order of keys',
    { uniqueItems: true },
    [
      { a: 1, b: [2] },
      { b: [2], a: 1 },
    ],
    false,
  ],
  ['1 and "1" are two', { uniqueItems: true }, [1, '1', true, 'true', null, 'null', [1], ['1']], true],
  ['a constant object', { const: { a: 1, b: null } }, { b: null, a: 1 }, true],
  ['a constant and a choice', { const: [1], enum: [[2], [1]] }, [1], true],
  ['a constant beside a choice that lacks it', { const: [1], enum: [[2]] }, [1], false],
  ['an emoji is one character', { maxLength: 1 }, '\u{1F600}', true],
  ['two code units are not two characters', { minLength: 2 }, '\u{1F600}', false],
  ['references by path, with siblings', { $ref: '#/$defs/t', maxLength: 2 }, 'abc', false],
  [
    'references by anchor and identifier',
    { allOf: [{ $ref: '#word' }, { $ref: 'https://example.com/s#/$defs/t' }] },
    1,
    false,
  ],
  ['nullable', { type: 'string', nullable: true }, null, true],
])('holds to JSON Schema: %s', async (_, schema, value, fits) => {
  const whole = {
    ...ofA(schema),
    $id: 'https://example.com/s',
    $defs: { t: { type: 'string' }, w: { $anchor: 'word', type: 'string' } },
  }
  await using host = hostWith(whole)
  const call = host.call('fn', { a: value })
  if (fits) await expect(call).resolves.toBe('ran')
  else await expect(call).rejects.toMatchObject({ code: 'BP_PARAMS_INVALID' })
})

test('is not answered by a promise where a schema asks for one', async () => {
  await using host = hostWith({ $async: true, ...ofA({ type: 'string' }) })
  await expect(host.call('fn', { a: 1 })).rejects.toMatchObject({ code: 'BP_PARAMS_INVALID' })
  expect(host.run).not.toHaveBeenCalled()
})

const unusable: [string, JsonSchema, string][] = [
  ['too many parts', { anyOf: many(600, (n) => ({ minimum: n })) }, 'more than 500 parts'],
  ['a part that holds itself', circular(), 'deeper than'],
  ['look-ahead', ofA({ pattern: '^(?=a)' }), 'linear time'],
  ['a back-reference', ofA({ pattern: '(a)\\1' }), 'linear time'],
  ['a pattern that grows', ofA({ pattern: '((x{100}){100}){10}' }), 'pattern'],
  ['no pattern', ofA({ pattern: '(' }), 'regular expression'],
  ['a reference to another place', { $ref: 'https://example.com/other' }, 'leads nowhere'],
  ['a reference into nothing', { $ref: '#/$defs/a/b' }, 'leads nowhere'],
  ['a list for an object', { properties: [] as never }, 'properties is no object'],
  ['texts without end', { required: ['x'.repeat(300_000)] }, 'texts are longer'],
]

function circular(): JsonSchema {
  const schema: { not?: object } = {}
  schema.not = schema
  return schema as JsonSchema
}

test.each(unusable)('refuses calls whose schema has %s', async (_, parameters, reason) => {
  await using host = hostWith(parameters)
  await expect(host.call('fn', {})).rejects.toMatchObject({
    code: 'BP_SCHEMA_INVALID',
    message: expect.stringContaining(reason),
  })
})

test('says at load which schema cannot be used, and loads the plugin', async () => {
  const warn = vi.fn()
  const check = validateParams()
  const host = createHost({ identity: { deviceId: 'box' }, runtimes: [functionRuntime()], interceptors: [check] })
  tellOfSchemas(host, check, { ...silentLogger, warn: warn as unknown as LogMethod })
  const module = {
    functions: { good: { run: () => 1 }, bad: { run: () => 2, parameters: ofA({ pattern: '(a)\\1' }) } },
  }
  await host.load({ manifest: { id: 'p' }, module })
  await vi.waitFor(() => expect(warn).toHaveBeenCalledOnce())
  expect(warn).toHaveBeenCalledWith(
    { plugin: 'p', code: 'BP_SCHEMA_INVALID', next: expect.any(String) },
    expect.stringMatching(/'bad' cannot be used: .*linear time/),
  )
  await expect(host.call('good')).resolves.toBe(1)
  await host.stop()
})

test('a flood of costly checks leaves the loop free between them, and what is given up is not checked', async () => {
  await using host = hostWith(ofA({ items: { type: 'number' } }))
  await host.call('fn', {})
  const params = { a: many(300_000, (n) => n) }
  let ended = 0
  const calls = many(10, () => host.call('fn', params).then(() => ended++))
  const controller = new AbortController()
  const late = expect(host.call('fn', params, { signal: controller.signal })).rejects.toMatchObject({
    code: 'BP_ABORTED',
  })
  controller.abort()
  await late
  // What the loop gets to between the checks sees some of them done and others not.
  const seen = new Set<number>()
  while (ended < calls.length) {
    seen.add(ended)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(seen.size).toBeGreaterThan(3)
  await Promise.all(calls)
  expect(host.run).toHaveBeenCalledTimes(11)
})
