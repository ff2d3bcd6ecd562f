import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseJson, stringifyJson } from '@backplane/core/json'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fileStore } from '../src/file/index.ts'
import { configManager, type ItemDefinitions } from '../src/index.ts'
import { fledgeRest } from '../src/rest/index.ts'
import { jsonSchemaOf } from '../src/schema/index.ts'
import { sqliteStore } from '../src/sqlite/index.ts'

const wide = 9007199254740993n
const stamp = 1795298180547494123n

const items: ItemDefinitions = {
  stamp: { description: 'Stamp', type: 'integer', default: '0', minimum: '-9007199254740993', maximum: `${stamp}` },
  any: { description: 'Any', type: 'JSON', default: '{}' },
  stamps: { description: 'Stamps', type: 'list', items: 'integer', default: '[]' },
  byName: { description: 'By name', type: 'kvlist', items: 'integer', default: '{}' },
  checked: {
    description: 'Checked',
    type: 'JSON',
    default: '{"n":0}',
    schema: { properties: { n: { type: 'integer', maximum: wide } } },
  },
}
const given = { stamp: stamp - 1n, any: { n: [wide, { m: -(2n ** 64n) }] }, stamps: [wide, 1], byName: { a: stamp } }

describe.each([
  ['fileStore', (dir: string) => fileStore(join(dir, 'config'))],
  ['sqliteStore', (dir: string) => sqliteStore(join(dir, 'config.db'))],
] as const)('integers beyond 2^53 in a %s', (_, storeIn) => {
  it('keep each digit: in values, lists, definitions and the audit trail, and when it is opened again', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'backplane-numbers-'))
    try {
      {
        await using manager = configManager({ store: storeIn(dir) })()
        await manager.start()
        await manager.register('c', items)
        await manager.update('c', given)
        expect(manager.values('c')).toMatchObject(given)
      }
      await using manager = configManager({ store: storeIn(dir) })()
      await manager.start()
      expect(manager.values('c')).toMatchObject(given)
      expect(manager.items('c')?.checked?.schema).toEqual({ properties: { n: { type: 'integer', maximum: wide } } })
      expect(stringifyJson(manager.audit() as never)).toContain(String(stamp - 1n))
      expect(manager.value('c', 'any')).toBe('{"n":[9007199254740993,{"m":-18446744073709551616}]}')
      expect(parseJson(stringifyJson(manager.export() as never, { space: 2 }))).toEqual(manager.export())
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  })
})

it('limits and schemas are kept to the last digit', async () => {
  await using manager = configManager()()
  await manager.register('c', items)
  await manager.set('c', 'stamp', -wide)
  for (const value of [-wide - 1n, stamp + 1n, `${stamp + 1n}`])
    await expect(manager.set('c', 'stamp', value)).rejects.toThrow()
  await manager.set('c', 'checked', { n: wide })
  for (const value of [{ n: wide + 1n }, `{"n":${wide + 1n}}`])
    await expect(manager.set('c', 'checked', value)).rejects.toThrow()
  expect(jsonSchemaOf(manager.items('c') ?? {})).toMatchObject({
    properties: { stamp: { minimum: -wide, maximum: stamp } },
  })
})

it('a change of the last digit is a change', async () => {
  for (const mode of ['default', 'strict-fledge'] as const) {
    await using manager = configManager({ mode })()
    await manager.register('c', { any: { description: 'Any', type: 'JSON', default: { n: wide } } })
    await manager.set('c', 'any', { n: wide })
    const { revision } = manager.facts('c') ?? {}
    await manager.set('c', 'any', { n: wide })
    expect(manager.facts('c')?.revision).toBe(revision)
    await manager.set('c', 'any', { n: wide + 1n })
    expect(manager.values('c')).toEqual({ any: { n: wide + 1n } })
  }
})

it('what a JSON item is given is what it gives back', async () => {
  await using manager = configManager()()
  await manager.register('c', { any: { description: 'Any', type: 'JSON', default: '{}' } })
  const numbers = fc.oneof(
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }),
    fc.double(),
    fc.constantFrom(Number.NaN, Infinity, -Infinity),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(numbers, { maxLength: 3 }), async (n) => {
      await manager.set('c', 'any', { n })
      expect(manager.values('c')).toStrictEqual({ any: { n } })
    }),
    { numRuns: 50 },
  )
})

it('over HTTP, digits come and go as they are', async () => {
  await using manager = configManager()()
  await manager.register('c', items)
  const handle = fledgeRest(manager, {})
  const server = createServer(async (request, response) => {
    if (!(await handle(request, response))) response.writeHead(418).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fledge/category/c`
    const put = (path: string, body: string) =>
      fetch(url + path, { method: 'PUT', body, headers: { connection: 'close' } })
    expect((await put('', `{"stamp":${wide},"any":{"n":${wide}}}`)).status).toBe(200)
    expect(manager.values('c')).toMatchObject({ stamp: wide, any: { n: wide } })
    expect((await put('/stamp', `{"value":${stamp + 1n}}`)).status).toBe(400)
    const definition = await (await fetch(`${url}/checked`, { headers: { connection: 'close' } })).text()
    expect(definition).toContain(`"maximum":${wide}`)
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
})

it('what is not finite is no integer, and says so', async () => {
  for (const mode of ['default', 'strict-fledge'] as const) {
    await using manager = configManager({ mode })()
    await manager.register('c', items)
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      await expect(manager.set('c', 'stamp', value)).rejects.toThrow(
        expect.objectContaining({ code: expect.any(String) }),
      )
    }
  }
})
