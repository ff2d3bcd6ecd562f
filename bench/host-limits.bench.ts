/**
 * What a host lets others cost it: the check of a call's parameters, ordinary and hostile ones, beside Ajv by itself;
 * and how long it takes to stop 50 plugins that are at work. Ajv by itself takes 10 s for the hostile list and hours
 * for the pattern: nobody waits for those.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BackplaneError, createHost, type Interceptor, type JsonSchema, type Params } from '@backplane/core'
import { validateParams } from '@backplane/host'
import { nodeRuntime } from '@backplane/runtime-node'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Contender, Row } from './harness.ts'

const ordinary: JsonSchema = {
  type: 'object',
  properties: {
    zone: { type: 'string', minLength: 1, pattern: '^[a-z0-9-]+$' },
    level: { type: 'integer', minimum: 0, maximum: 100 },
    tags: { type: 'array', items: { type: 'string' }, uniqueItems: true },
  },
  required: ['zone', 'level'],
}
const params = { zone: 'hall-2', level: 40, tags: ['a', 'b', 'c'] }

function hostWith(parameters: JsonSchema, interceptors: readonly Interceptor[]) {
  return createHost({
    identity: { deviceId: 'bench' },
    interceptors,
    functions: [{ descriptor: { name: 'fn', parameters }, run: () => true }],
  })
}

const calls =
  (interceptors: () => readonly Interceptor[]): Contender =>
  () => {
    const host = hostWith(ordinary, interceptors())
    return { run: () => host.call('fn', params), [Symbol.asyncDispose]: () => host.stop() }
  }

const byAjv = (): Interceptor => {
  const validate = new Ajv2020().compile(ordinary)
  return (call, _, next) => (validate(call.params) ? next() : Promise.reject(new Error('not valid')))
}

/** Time until hostile parameters are refused, or taken. */
const hostile =
  (schema: JsonSchema, a: unknown): Contender =>
  async () => {
    const host = hostWith({ type: 'object', properties: { a: schema } }, [validateParams()])
    await host.call('fn', {})
    const run = async () => {
      const began = performance.now()
      await host.call('fn', { a } as Params).catch((thrown) => {
        const { code } = BackplaneError.from(thrown)
        if (code !== 'BP_PARAMS_TOO_COSTLY' && code !== 'BP_PARAMS_INVALID') throw thrown
      })
      return performance.now() - began
    }
    return { run, [Symbol.asyncDispose]: () => host.stop() }
  }

/** Time that a host takes to stop 50 plugins, each in a thread, with a call under way that never ends or none. */
const stopping =
  (underWay: boolean): Contender =>
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'backplane-bench-'))
    writeFileSync(join(dir, 'plugin.mjs'), 'export default { functions: { hang: () => new Promise(() => {}) } }')
    const run = async () => {
      const host = createHost({ identity: { deviceId: 'bench' }, runtimes: [nodeRuntime()] })
      const ids = Array.from({ length: 50 }, (_, at) => `p${at}`)
      await Promise.all(ids.map((id) => host.load({ dir, manifest: { id, entry_point: 'plugin.mjs' } })))
      const under = underWay ? ids.map((id) => host.call(`${id}.hang`, {}, { timeoutMs: 60_000 })) : []
      for (const call of under) call.catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 100))
      const began = performance.now()
      await host.stop()
      const took = performance.now() - began
      await Promise.allSettled(under)
      return took
    }
    return { run, [Symbol.asyncDispose]: async () => rmSync(dir, { recursive: true, force: true }) }
  }

export const rows: Row[] = [
  {
    case: 'call with ordinary params, checked (baseline: unchecked; peer: Ajv)',
    unit: 'ns',
    ours: calls(() => [validateParams()]),
    baseline: calls(() => []),
    peer: calls(() => [byAjv()]),
  },
  {
    case: 'call with uniqueItems over 20,000 objects',
    unit: 'ms',
    once: true,
    bar: 'some 10 ms on a quiet machine',
    ours: hostile(
      { type: 'array', uniqueItems: true },
      Array.from({ length: 20_000 }, (_, n) => ({ n })),
    ),
  },
  {
    case: 'call with 40 characters for ^(a+)+$',
    unit: 'ms',
    once: true,
    bar: 'some 10 ms on a quiet machine',
    ours: hostile({ type: 'string', pattern: '^(a+)+$' }, `${'a'.repeat(40)}!`),
  },
  {
    case: 'stop of 50 plugins, a call under way in each (baseline: none)',
    unit: 'ms',
    once: true,
    rounds: 5,
    bar: '<= 8000 ms (stopTimeoutMs)',
    ours: stopping(true),
    baseline: stopping(false),
  },
]
