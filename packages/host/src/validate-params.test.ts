import { createHost, type JsonSchema, type Params } from '@backplane/core'
import { expect, test } from 'vitest'
import { validateParams } from './validate-params.ts'

function hostWith(parameters?: JsonSchema) {
  const descriptor = { name: 'fn', ...(parameters ? { parameters } : {}) }
  return createHost({
    identity: { deviceId: 'box' },
    interceptors: [validateParams()],
    functions: [{ descriptor, run: (params: Params) => params }],
  })
}

const schema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    times: { type: 'integer', minimum: 1 },
    tags: { type: 'array', items: { type: 'string' } },
  },
  required: ['name'],
  additionalProperties: false,
}

test('lets through what fits, unchanged, at the first call and later', async () => {
  await using host = hostWith(schema)
  for (const params of [{ name: 'x' }, { name: 'y', times: 2, tags: ['a'] }]) {
    await expect(host.call('fn', params)).resolves.toBe(params)
  }
})

test('names each path that does not fit', async () => {
  await using host = hostWith(schema)
  const call = host.call('fn', { times: 0, tags: ['a', 1], nme: 'typo' })
  await expect(call).rejects.toMatchObject({ code: 'BP_PARAMS_INVALID', details: { name: 'fn' } })
  const { message } = await call.catch((error) => error)
  expect(message).toContain("must have required property 'name'")
  expect(message).toContain("('nme')")
  expect(message).toContain('times must be >= 1')
  expect(message).toContain('tags.1 must be string')
})

test('takes anything where there is no schema', async () => {
  await using host = hostWith()
  await expect(host.call('fn', { any: 1 })).resolves.toEqual({ any: 1 })
})

test('holds calls to what a function accepts, where that is less than its parameters say', async () => {
  const parameters = { type: 'object', properties: { mode: { enum: ['on', 'off'] } } }
  const accepts = { type: 'object', properties: { mode: { type: 'string', default: null } } }
  await using host = createHost({
    identity: { deviceId: 'box' },
    interceptors: [validateParams()],
    functions: [{ descriptor: { name: 'fn', parameters, accepts }, run: (params: Params) => params }],
  })
  for (const mode of ['on', 'ON', null]) await expect(host.call('fn', { mode })).resolves.toEqual({ mode })
  await expect(host.call('fn', { mode: 1 })).rejects.toMatchObject({ code: 'BP_PARAMS_INVALID' })
})

test('takes null for a parameter whose default is null, as Device Connect advertises it', async () => {
  const optional = {
    type: 'object',
    properties: { a: { type: 'string', default: null }, b: { enum: ['x'], default: null }, c: { type: 'string' } },
  }
  await using host = hostWith(optional)
  await expect(host.call('fn', { a: null, b: null })).resolves.toEqual({ a: null, b: null })
  await expect(host.call('fn', { a: 1 })).rejects.toMatchObject({ code: 'BP_PARAMS_INVALID' })
  await expect(host.call('fn', { c: null })).rejects.toMatchObject({ code: 'BP_PARAMS_INVALID' })
})

test('refuses calls whose schema cannot be used, and says which', async () => {
  await using host = hostWith({ type: 'object', properties: { a: { $ref: '#/$defs/nowhere' } } })
  await expect(host.call('fn', {})).rejects.toMatchObject({ code: 'BP_SCHEMA_INVALID', details: { name: 'fn' } })
})

test('takes several schemas with one $id, and schemas of an older draft', async () => {
  for (const type of ['string', 'number']) {
    const named = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      $id: 'https://example.com/same',
      type: 'object',
      properties: { a: { type } },
    }
    await using host = hostWith(named)
    await expect(host.call('fn', { a: type === 'string' ? 'x' : 1 })).resolves.toBeDefined()
    await expect(host.call('fn', { a: type === 'string' ? 1 : 'x' })).rejects.toMatchObject({
      code: 'BP_PARAMS_INVALID',
    })
  }
})

test.each([
  [{ type: 'integer' }, 9007199254740993n, undefined],
  [{ type: 'number' }, 2n ** 64n, undefined],
  [{ type: 'string' }, 2n ** 64n, 'must be string'],
  [{ type: 'number' }, Number.NaN, undefined],
  [{ type: 'integer' }, Number.NaN, 'must be integer'],
  [{ type: 'number', minimum: 0 }, Infinity, undefined],
  [{ type: 'number', maximum: 0 }, Infinity, 'must be <= 0'],
  [{ type: 'integer', maximum: 100 }, 2n ** 60n, 'must be <= 100'],
  [{ enum: [1, 9007199254740993n] }, 9007199254740993n, undefined],
  [{ type: 'array', items: { type: 'integer' } }, [1, 2n ** 60n, 0.5], 'must be integer'],
  [{ default: 2n ** 60n, type: 'integer' }, 5, undefined],
  [{ type: 'integer' }, Infinity, 'must be integer'],
  [{ type: 'integer' }, -Infinity, 'must be integer'],
  [{ type: ['integer', 'null'] }, 2n ** 60n, undefined],
  [{ type: 'integer', nullable: true }, null, undefined],
  [{ type: ['integer', 'string'] }, true, 'must be integer,string'],
  [{ minimum: 0 }, Number.NaN, 'must be >= 0'],
  [{ minimum: 0, maxLength: 2n ** 64n }, 'text', undefined],
  [{ maximum: 9007199254740993n }, 9007199254740993n, undefined],
  [{ maximum: 9007199254740993n }, 9007199254740994n, 'must be <= 9007199254740993'],
  [{ maximum: 9007199254740993n }, 9007199254740992, undefined],
  [{ exclusiveMaximum: 9007199254740993n }, 9007199254740993n, 'must be < 9007199254740993'],
  [{ minimum: 9007199254740993n }, 9007199254740992n, 'must be >= 9007199254740993'],
  [{ exclusiveMinimum: 2 ** 53 }, 9007199254740993n, undefined],
  [{ maximum: 2 ** 53 }, 9007199254740993n, 'must be <= 9007199254740992'],
  [{ multipleOf: 10 }, 9007199254740990n * 100n, undefined],
  [{ multipleOf: 10 }, 9007199254740993n, 'must be multiple of 10'],
  [{ multipleOf: 9007199254740993n }, 9007199254740993n * 7n, undefined],
  [{ multipleOf: 9007199254740993n }, 9007199254740992n * 7n, 'must be multiple of 9007199254740993'],
  [{ multipleOf: 0.3 }, 9007199254740993n * 3n, undefined],
  [{ multipleOf: 0.3 }, 9007199254740991n * 3n + 1n, 'must be multiple of 0.3'],
  [{ multipleOf: 1 }, 1e22, undefined],
  [{ multipleOf: 0.5 }, 2.5, undefined],
  [{ multipleOf: 2 }, Infinity, 'must be multiple of 2'],
  [{ enum: [9007199254740993n] }, 9007199254740992n, 'allowed values: 9007199254740993'],
  [{ enum: [2 ** 53] }, 2n ** 53n, undefined],
  [{ enum: [5, 'x'] }, 5n, undefined],
  [{ enum: [5, 'x'] }, '5', 'allowed values: 5, x'],
  [{ const: { at: 9007199254740993n } }, { at: 9007199254740993n }, undefined],
  [{ const: { at: 9007199254740993n } }, { at: 9007199254740992n }, 'must be equal'],
  [{ const: 10n ** 21n }, 1e21, undefined],
  [{ uniqueItems: true }, [9007199254740993n, 9007199254740992n], undefined],
  [{ uniqueItems: true }, [9007199254740993n, 9007199254740993n], 'duplicate'],
  [{ uniqueItems: true }, [1n, 1], 'duplicate'],
])('integers beyond 2^53 and what is not finite are held to their schema: case %#', async (schema, value, reason) => {
  const parameters = { type: 'object', properties: { value: schema } } as never
  const call = { name: 'f', params: { value } } as never
  const target = { plugin: 'p', descriptor: { name: 'f', parameters } } as never
  const answer = validateParams()(call, target, async () => 'taken')
  if (reason === undefined) expect(await answer).toBe('taken')
  else
    await expect(answer).rejects.toMatchObject({ code: 'BP_PARAMS_INVALID', message: expect.stringContaining(reason) })
})
