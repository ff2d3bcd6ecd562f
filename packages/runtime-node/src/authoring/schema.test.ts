import { toStandardJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { advertised, type FromJsonSchema, type Given, isStandardSchema, type Received, validated } from './schema.ts'

describe('advertised', () => {
  test('gives the JSON Schema of a zod schema', () => {
    const schema = z.object({ name: z.string().min(1), times: z.number().int().default(1) })
    expect(advertised(schema, 'input')).toMatchObject({
      type: 'object',
      properties: { name: { type: 'string', minLength: 1 }, times: { type: 'integer', default: 1 } },
      required: ['name'],
    })
    expect(advertised(schema, 'output')).toMatchObject({ required: ['name', 'times'] })
  })

  test('gives the JSON Schema of a valibot schema with its conversion', () => {
    const schema = toStandardJsonSchema(v.object({ name: v.pipe(v.string(), v.minLength(1)) }))
    expect(advertised(schema, 'input')).toMatchObject({ properties: { name: { type: 'string', minLength: 1 } } })
  })

  test('gives an open object for a schema that has no conversion, or cannot convert this', () => {
    expect(advertised(v.object({ name: v.string() }), 'input')).toEqual({ type: 'object' })
    expect(advertised(z.object({ at: z.date() }), 'input')).toEqual({ type: 'object' })
  })

  test('keeps a JSON Schema as data', () => {
    expect(advertised({ type: 'object', title: undefined }, 'input')).toEqual({ type: 'object' })
  })
})

describe('validated', () => {
  const libraries = {
    zod: z.object({ name: z.string(), place: z.object({ room: z.number().default(7) }) }),
    valibot: v.object({ name: v.string(), place: v.object({ room: v.optional(v.number(), 7) }) }),
  }
  test.each(Object.entries(libraries))('%s: gives the output, defaults filled in', async (_, schema) => {
    const result = await validated(schema, 'greet', { name: 'x', place: {} })
    expect(result).toEqual({ name: 'x', place: { room: 7 } })
  })

  test.each(Object.entries(libraries))('%s: names each path that is wrong', async (_, schema) => {
    await expect(validated(schema, 'greet', { name: 1, place: { room: 'x' } })).rejects.toMatchObject({
      code: 'BP_PARAMS_INVALID',
      message: expect.stringMatching(/'greet'.*\/name: .*; \/place\/room: /),
    })
  })

  test('waits for an asynchronous schema', async () => {
    const schema = z.object({ name: z.string().refine(async (name) => name === 'known', 'is unknown') })
    expect(await validated(schema, 'greet', { name: 'known' })).toEqual({ name: 'known' })
    await expect(validated(schema, 'greet', { name: 'x' })).rejects.toThrow('/name: is unknown')
  })

  test('a schema that throws refuses the parameters', async () => {
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'mine',
        validate: () => {
          throw new TypeError('cannot look at that')
        },
      },
    } as const
    await expect(validated(schema, 'greet', {})).rejects.toMatchObject({
      code: 'BP_PARAMS_INVALID',
      message: expect.stringContaining('cannot look at that'),
    })
  })
})

test('isStandardSchema tells a Standard Schema from JSON Schema', () => {
  const callable = Object.assign(() => {}, { '~standard': { version: 1, vendor: 'x', validate: () => ({ value: 1 }) } })
  expect([z.object({}), v.object({}), callable].map(isStandardSchema)).toEqual([true, true, true])
  expect([{ type: 'object' }, null, undefined, 'x', { '~standard': {} }].map(isStandardSchema)).toEqual(
    Array(5).fill(false),
  )
})

test('types: a Standard Schema is received as its output and given as its input', () => {
  const schema = z.object({ count: z.number().default(1) })
  expectTypeOf<Received<typeof schema>>().toEqualTypeOf<{ count: number }>()
  expectTypeOf<Given<typeof schema>>().toEqualTypeOf<{ count?: number | undefined }>()
})

test('types: a JSON Schema literal is read', () => {
  type Read = FromJsonSchema<{
    readonly type: 'object'
    readonly required: readonly ['name']
    readonly properties: {
      readonly name: { readonly type: 'string' }
      readonly size: { readonly type: readonly ['number', 'null'] }
      readonly tags: { readonly type: 'array'; readonly items: { readonly enum: readonly ['a', 'b'] } }
      readonly kind: { readonly anyOf: readonly [{ readonly const: 1 }, { readonly type: 'boolean' }] }
    }
  }>
  expectTypeOf<Read>().toEqualTypeOf<{
    readonly name: string
    readonly size?: number | null
    readonly tags?: readonly ('a' | 'b')[]
    readonly kind?: boolean | 1
  }>()
})
