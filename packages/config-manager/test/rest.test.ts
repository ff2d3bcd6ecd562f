import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type ConfigManager, configManager } from '../src/index.ts'
import { type FledgeRestInit, fledgeRest } from '../src/rest/index.ts'

const items = {
  age: { description: 'Age', type: 'integer', default: '5', minimum: '1', maximum: '9' },
  kind: { description: 'Kind', type: 'enumeration', default: 'a', options: ['a', 'b'] },
  fixed: { description: 'Fixed', type: 'string', default: 'x', readonly: 'true' },
  token: { description: 'Token', type: 'password', default: 'initial' },
  code: { description: 'Code', type: 'script', default: '' },
  objects: {
    description: 'Objects',
    type: 'list',
    items: 'object',
    properties: { p: { description: '', type: 'string', default: '' } },
    default: '[]',
  },
}

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function served(mode: 'default' | 'strict-fledge', init: FledgeRestInit) {
  const manager: ConfigManager = configManager({ mode })()
  const handle = fledgeRest(manager, init)
  const server = createServer(async (request, response) => {
    if (!(await handle(request, response))) response.writeHead(418).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(async () => {
    await new Promise((resolve) => server.close(resolve))
    await manager.close()
  })
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fledge/category`
  const call = async (method: string, path = '', body?: unknown, headers: Record<string, string> = {}) => {
    const sent =
      body === undefined
        ? {}
        : { body: body instanceof FormData ? body : typeof body === 'string' ? body : JSON.stringify(body) }
    const response = await fetch(base + path, { method, headers: { connection: 'close', ...headers }, ...sent })
    const text = await response.text()
    const isJson = text.startsWith('{') || response.headers.get('content-type')?.includes('json')
    return {
      status: response.status,
      reason: response.statusText,
      etag: response.headers.get('etag'),
      body: isJson ? JSON.parse(text) : text,
    }
  }
  return { manager, call }
}

async function withCategory(mode: 'default' | 'strict-fledge', init: FledgeRestInit) {
  const rest = await served(mode, init)
  await rest.call('POST', '', { key: 'P', description: 'about P', value: items })
  return rest
}

describe.each(['default', 'strict-fledge'] as const)('the Fledge routes on a manager in %s mode', (mode) => {
  it('create, list, read, change, link and delete categories', async () => {
    const { call } = await served(mode, { errors: 'compatible' })
    expect(
      await call('POST', '?keep_original_items=true', {
        key: 'P',
        description: 'about P',
        value: items,
        display_name: 'The P',
      }),
    ).toMatchObject({
      status: 200,
      body: {
        key: 'P',
        description: 'about P',
        displayName: 'The P',
        value: { age: { value: '5' }, token: { value: '****' } },
      },
    })
    expect(
      (await call('POST', '', { key: 'C 1/2', description: '', value: {}, children: ['P'] })).body.children,
    ).toEqual(['P'])
    expect((await call('GET')).body.categories).toHaveLength(2)
    expect((await call('GET', '?root=true&children=true')).body.categories).toMatchObject([
      { key: 'C 1/2', children: [{ key: 'P' }] },
    ])
    expect((await call('GET', '/P')).body.age.value).toBe('5')
    expect((await call('GET', '/P/age')).body).toMatchObject({ type: 'integer', value: '5' })
    expect((await call('PUT', '/P/age', { value: '6' })).body.value).toBe('6')
    expect((await call('PUT', '/P', { age: '7', kind: 'b' })).body).toMatchObject({
      age: { value: '7' },
      kind: { value: 'b' },
    })
    expect((await call('PUT', '/P/age', { maximum: '8' })).body.maximum).toBe('8')
    expect((await call('DELETE', '/P/age/value')).body.value).toBe('5')
    expect((await call('POST', '/P/more', { description: '', type: 'string', default: 'd', value: 'v' })).body).toEqual(
      { message: 'more config item has been saved for P category' },
    )
    expect((await call('GET', '/P/more')).body.value).toBe('v')
    expect((await call('GET', '/C%201%2F2/children')).body.categories).toMatchObject([{ key: 'P' }])
    expect((await call('DELETE', '/C%201%2F2/children/P')).body).toEqual({ children: [] })
    expect((await call('POST', '/C%201%2F2/children', { children: ['P'] })).body).toEqual({ children: ['P'] })
    expect((await call('DELETE', '/C%201%2F2/parent')).body.message).toContain('is deleted')
    expect((await call('DELETE', '/P')).body).toEqual({ result: 'Category P deleted successfully.' })
    expect((await call('PATCH', '/P')).status).toBe(418)
  })

  it('take an uploaded script', async () => {
    const { call } = await withCategory(mode, {})
    const form = (name: string) => {
      const data = new FormData()
      data.set('script', new Blob(['print("é")\r\n\r\n--x']), name)
      return data
    }
    expect((await call('POST', '/P/code/upload', form('a.py'))).body.value).toBe('print("é")\r\n\r\n--x')
    expect(await call('POST', '/P/code/upload', form('a.txt'))).toMatchObject({ status: 400 })
    expect(await call('POST', '/P/age/upload', form('a.py'))).toMatchObject({ status: 400 })
    expect(await call('POST', '/P/code/upload', 'x')).toMatchObject({ status: 400 })
  })
})

const propertyName = 'Expecting property name enclosed in double quotes'
const brokenList = { ...items.objects, default: '[{' }
const withoutDefault = { description: '', type: 'list', items: 'string' }

describe('compatible errors', () => {
  it.each([
    ['GET', '/nope', undefined, 404, 'No such Category found for nope'],
    ['GET', '/P/nope', undefined, 404, 'No such Category item found for nope'],
    ['PUT', '/P', {}, 400, 'Nothing to update'],
    ['PUT', '/P', { nope: 'x' }, 404, "'nope config item not found'"],
    ['PUT', '/P', { fixed: 'y' }, 400, 'Bulk update not allowed for fixed item_name as it has readonly attribute set'],
    ['PUT', '/P', { age: '99' }, 400, 'For config item age you cannot set the new value, beyond the range (1,9)'],
    ['PUT', '/P/age', { value: 'x' }, 400, 'Unrecognized value name for item_name age'],
    ['PUT', '/P/age', { value: 5 }, 400, '5 should be a string literal, in double quotes'],
    ['PUT', '/P/age', {}, 400, 'Missing required value for age'],
    ['PUT', '/P/kind', { value: 'z' }, 404, 'new value does not exist in options enum'],
    ['PUT', '/P/age', { order: '3' }, 400, "'order does not exist'"],
    ['POST', '', { key: 'x' }, 400, `"'description' param required to create a category"`],
    ['POST', '', { key: ' ', description: '', value: {} }, 400, 'Key should not be empty'],
    ['POST', '/P/age', { description: '', type: 'string', default: '' }, 400, "'Config item is already in use for P'"],
    [
      'DELETE',
      '/P/fixed/value',
      undefined,
      400,
      'Delete not allowed for fixed item_name as it has readonly attribute set',
    ],
    ['POST', '/P/children', { children: ['é'] }, 404, 'No such é child exist'],
    ['PUT', '/P', [], 400, 'Nothing to update'],
    ['PUT', '/P', '', 400, 'Expecting value: line 1 column 1 (char 0)'],
    ['PUT', '/P/nope', { order: '3' }, 400, 'No detail found for the category_name: P and item_name: nope'],
    ['PUT', '/P/age', { minimum: '99' }, 400, 'Minimum value should be less than equal to Maximum value'],
    ['PUT', '/P/code', { value: 'zz' }, 404, 'Non-hexadecimal digit found'],
    ['PUT', '/P/objects', { value: '[{' }, 404, `${propertyName}: line 1 column 3 (char 2)`],
    ['PUT', '/P/objects', { value: '[{"a":1}, ]' }, 404, 'Expecting value: line 1 column 11 (char 10)'],
    ['PUT', '/P/objects', { value: '[{"a":\n1 "b"}]' }, 404, "Expecting ',' delimiter: line 2 column 3 (char 9)"],
    ['PUT', '/P/objects', { value: '["a' }, 404, 'Unterminated string starting at: line 1 column 2 (char 1)'],
    ['PUT', '/P/objects', { value: '[{"p":["x"]}]' }, 400, "unhashable type: 'list'"],
    ['PUT', '/P', { objects: '[{' }, 400, `${propertyName}: line 1 column 3 (char 2)`],
    [
      'POST',
      '',
      { key: 'x', description: '', value: { a: brokenList } },
      400,
      `${propertyName}: line 1 column 3 (char 2)`,
    ],
    ['POST', '', { key: 'x', description: '', value: { a: withoutDefault } }, 404, 'list index out of range'],
    ['POST', '', 'x', 400, 'Expecting value: line 1 column 1 (char 0)'],
    [
      'POST',
      '/nope/a',
      { description: '', type: 'integer', default: 'x' },
      400,
      'For nope category, unrecognized value for item name a',
    ],
    ['POST', '/P/age', { default: 'd' }, 400, 'For P category, missing entry name description for item name age'],
  ])('%s %s %j is %i', async (method, path, body, status, reason) => {
    const { call } = await withCategory('strict-fledge', { errors: 'compatible' })
    const answer = await call(method, path, body)
    expect(answer).toMatchObject({ status, body: `${status}: ${reason}` })
    expect(answer.reason).toBe(reason)
  })

  it.each([
    ['DELETE', '/nope', undefined, 400, 'No such nope category exist'],
    ['POST', '', { key: 5, description: '', value: {} }, 500, "'int' object has no attribute 'strip'"],
    [
      'POST',
      '',
      { key: 'x', description: '', value: {}, display_name: [] },
      500,
      "'list' object has no attribute 'strip'",
    ],
    ['PUT', '/P', 'x5'.length, 500, "'int' object has no attribute 'items'"],
  ])('%s %s %j is %i, with its reason in the phrase and the body', async (method, path, body, status, reason) => {
    const { call } = await withCategory('strict-fledge', { errors: 'compatible' })
    expect(await call(method, path, body)).toMatchObject({ status, reason, body: { message: reason } })
  })

  it('name a category by its key where its display name is blank', async () => {
    const { call } = await served('strict-fledge', { errors: 'compatible' })
    const body = { key: 'x', description: '', value: {}, display_name: ' ' }
    expect((await call('POST', '', body)).body.displayName).toBe('x')
  })

  it('reset an item whoever asks', async () => {
    const { call, manager } = await served('strict-fledge', { errors: 'compatible', actor: () => ({ role: 'view' }) })
    await manager.register('Q', { a: { description: '', type: 'integer', default: '1', permissions: ['admin'] } })
    expect(await call('DELETE', '/Q/a/value')).toMatchObject({ status: 200 })
  })

  it('swallow what upstream swallows, and say forbidden in JSON', async () => {
    const { call, manager } = await withCategory('strict-fledge', {
      errors: 'compatible',
      actor: () => ({ role: 'view' }),
    })
    await manager.register('Q', { a: { description: '', type: 'integer', default: '1', permissions: ['admin'] } })
    expect(await call('PUT', '/Q/a', { value: '2' })).toMatchObject({
      status: 403,
      body: { message: "Insufficient access privileges to change the value for 'Q' category and 'a' config item." },
    })
    manager.subscribe(
      { category: 'P' },
      {
        apply: () => {
          throw new Error('broken')
        },
      },
    )
    expect(await call('PUT', '/P/age', { value: '7' })).toMatchObject({ status: 200 })
    expect(await call('DELETE', '/nope')).toMatchObject({
      status: 400,
      body: { message: 'No such nope category exist' },
    })
  })
})

describe('corrected errors', () => {
  it.each([
    ['GET', '/nope', undefined, 404, { title: 'No such Category found for nope' }],
    [
      'PUT',
      '/P',
      { age: '99', kind: 'z' },
      422,
      { code: 'BP_CONFIG_INVALID', issues: [{ path: '/age' }, { path: '/kind' }] },
    ],
    ['PUT', '/P', 'not json', 400, { title: 'The body is not JSON' }],
    ['PUT', '/P', '[]', 400, {}],
    ['POST', '', { key: 'x', description: '', value: {}, children: ['nope'] }, 422, {}],
    ['PUT', '/P/nope', { value: 'x' }, 404, { code: 'BP_CONFIG_UNKNOWN' }],
  ])('%s %s %j is %i', async (method, path, body, status, problem) => {
    const { call, manager } = await withCategory('default', {})
    expect(await call(method, path, body)).toMatchObject({ status, body: { status, ...problem } })
    expect(manager.categories()).toHaveLength(1)
  })

  it('keep two editors from overwriting each other', async () => {
    const { call } = await withCategory('default', {})
    const { etag } = await call('GET', '/P')
    expect(await call('PUT', '/P/age', { value: '6' }, { 'if-match': etag as string })).toMatchObject({
      status: 200,
      etag: '"2"',
    })
    expect(await call('PUT', '/P/age', { value: '7' }, { 'if-match': etag as string })).toMatchObject({ status: 409 })
  })

  it('refuse a body that is too large, and show no secret', async () => {
    const { call } = await withCategory('default', { limitBytes: 4_000 })
    expect(await call('PUT', '/P/fixed', { value: 'x'.repeat(5_000) })).toMatchObject({ status: 413 })
    expect((await call('GET', '/P/token')).body).toMatchObject({ value: '****', default: '****' })
  })
})
