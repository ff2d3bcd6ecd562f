/**
 * Calls of Python functions whose signatures are of every kind, beside the answers of the plugin driver
 * (device-connect-edge 0.2.5).
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createHost, type Host, type Params, type Value } from '@backplane/core'
import { pythonRuntime } from '@backplane/runtime-python'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { validateParams } from '../src/index.ts'

const dir = join(import.meta.dirname, '../../runtime-python/test/fixtures/signatures')
const calls = JSON.parse(await readFile(join(dir, 'calls.json'), 'utf8')) as [string, Params, Value][]
const manifest = { id: 'signatures', entry_point: 'capability.py', class_name: 'Plugin' }
let host: Host

beforeAll(async () => {
  host = createHost({
    identity: { deviceId: 'box' },
    runtimes: [pythonRuntime()],
    interceptors: [validateParams()],
  })
  await host.load({ dir, manifest })
}, 30_000)
afterAll(() => host.stop())

test('every call that the driver runs is run, with the same answer', async () => {
  const answers = await Promise.all(
    calls.map(async ([name, params]) => [name, params, await host.call(name, params).catch((error) => String(error))]),
  )
  expect(answers).toEqual(calls)
})

test.each<[string, Params]>([
  ['literal', { x: 3 }],
  ['literal_text', { x: 'maybe' }],
  ['color', { x: 'blue' }],
  ['colors', { x: ['red', 'blue'] }],
  ['sequence', { x: ['a'] }],
  ['plain_tuple', { x: 'a' }],
  ['two', { x: [1] }],
  ['mapping', { x: [1] }],
  ['point', { x: 5 }],
  ['points', { x: { x: 1 } }],
  ['place', { x: { at: {} } }],
  ['optional', { x: 'a' }],
  ['optional', {}],
  ['either', { x: [] }],
  ['missing', { x: 'a' }],
  ['new_type', { x: 'a' }],
])('%s(%j), which its annotation rules out, is refused', async (name, params) => {
  await expect(host.call(name, params)).rejects.toMatchObject({ code: 'BP_PARAMS_INVALID' })
})

test('what annotations say is advertised', () => {
  const properties = Object.fromEntries(
    host.advertisement.functions.map(({ name, parameters }) => [
      name,
      (parameters as { properties: Params }).properties.x,
    ]),
  )
  expect(properties).toMatchObject({
    bare_default: { type: 'integer', default: 5 },
    literal: { type: 'integer', enum: [1, 2] },
    color: { type: 'string', enum: ['red', 'green'] },
    point: { type: 'object', properties: { x: { type: 'number' } }, required: ['x'] },
    points: { type: 'array', items: { type: 'object' } },
    instant: { type: 'string', format: 'date-time' },
    annotated: { type: 'integer', description: 'In metres' },
  })
  for (const unknown of ['bare', 'anything', 'own', 'array', 'words']) expect(properties[unknown]).toEqual({})
})
