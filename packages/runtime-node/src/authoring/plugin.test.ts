import type { Params } from '@backplane/core'
import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { definePlugin } from './plugin.ts'

test('gives back what it was given', () => {
  const definition = { functions: { ping: () => 'pong' } }
  expect(definePlugin(definition)).toBe(definition)
})

test('types: parameters come from the schema, emit from the events', () => {
  definePlugin({
    events: {
      ready: {},
      measured: { payload: { type: 'object', required: ['value'], properties: { value: { type: 'number' } } } },
      changed: { payload: z.object({ to: z.string() }) },
    },
    functions: {
      json: {
        parameters: {
          type: 'object',
          required: ['id'],
          properties: { id: { type: 'integer' }, note: { type: 'string' } },
        },
        run(params) {
          expectTypeOf(params).toEqualTypeOf<{ readonly id: number; readonly note?: string }>()
        },
      },
      standard: {
        parameters: z.object({ at: z.string().transform((text) => new Date(text)) }),
        run: async ({ at }, ctx) => {
          expectTypeOf(at).toEqualTypeOf<Date>()
          await ctx.emit('measured', { value: 1 })
          await ctx.emit('ready')
          // @ts-expect-error its payload needs a value
          await ctx.emit('measured', {})
          // @ts-expect-error its payload needs a value
          await ctx.emit('measured')
          // @ts-expect-error no such event
          await ctx.emit('vanished')
        },
      },
      open: (params, ctx) => {
        expectTypeOf(params).toEqualTypeOf<Params>()
        expectTypeOf(ctx.deadline).toEqualTypeOf<number>()
      },
      async *items({ to }) {
        yield to
      },
    },
    periodic: {
      tick: {
        intervalMs: 1000,
        run(ctx) {
          void ctx.emit('changed', { to: 'x' })
          // @ts-expect-error its payload is text
          void ctx.emit('changed', { to: 1 })
        },
      },
    },
    setup(ctx) {
      // @ts-expect-error no such event
      void ctx.emit('vanished')
    },
  })
})
