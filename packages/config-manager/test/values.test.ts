import { describe, expect, expectTypeOf, it } from 'vitest'
import { type Config, category, configManager } from '../src/index.ts'

const items = category({
  gpiopin: { description: 'Pin', type: 'integer', default: '4', minimum: '0', maximum: '27' },
  ratio: { description: 'Ratio', type: 'float', default: '0.5' },
  enabled: { description: 'On', type: 'boolean', default: 'true' },
  mode: { description: 'Mode', type: 'enumeration', default: 'fast', options: ['fast', 'slow'] },
  name: { description: 'Name', type: 'string', default: 'x', length: '5' },
  filter: { description: 'Filter', type: 'JSON', default: { pipeline: [] } },
  ports: { description: 'Ports', type: 'list', items: 'integer', default: '["1","2"]', listSize: '3' },
  hosts: { description: 'Hosts', type: 'kvlist', items: 'string', default: '{"a":"http://x:1,2"}' },
  tags: { description: 'Tags', type: 'list', items: 'string', default: '[]', listName: 'tags' },
  script: { description: 'Script', type: 'script', default: '' },
})

async function made() {
  const manager = configManager()()
  await manager.register('sine', items)
  return manager
}

describe('typed values', () => {
  it('have the types of their definition', async () => {
    await using manager = await made()
    const values = manager.values<typeof items>('sine')
    expectTypeOf(values).toEqualTypeOf<Config<typeof items> | undefined>()
    expectTypeOf<Config<typeof items>['gpiopin']>().toEqualTypeOf<number>()
    expectTypeOf<Config<typeof items>['mode']>().toEqualTypeOf<'fast' | 'slow'>()
    expectTypeOf<Config<typeof items>['ports']>().toEqualTypeOf<readonly number[]>()
    expect(values).toEqual({
      gpiopin: 4,
      ratio: 0.5,
      enabled: true,
      mode: 'fast',
      name: 'x',
      filter: { pipeline: [] },
      ports: [1, 2],
      hosts: { a: 'http://x:1,2' },
      tags: [],
      script: '',
    })
  })

  it('are taken in their types and kept in Fledge form', async () => {
    await using manager = await made()
    await manager.update('sine', {
      gpiopin: 7,
      ratio: 1e16,
      enabled: false,
      filter: { pipeline: ['f'] },
      ports: [3, 4],
      hosts: { b: 'x:y,z' },
      tags: ['é'],
      script: 'print("é")',
    })
    const text = (item: string) => manager.value('sine', item)
    expect(text('gpiopin')).toBe('7')
    expect(text('ratio')).toBe('1e+16')
    expect(text('enabled')).toBe('false')
    expect(text('ports')).toBe('["3", "4"]')
    expect(text('tags')).toBe('{"tags": ["\\u00e9"]}')
    expect(text('script')).toBe('7072696e742822c3a92229')
    expect(manager.values('sine')).toMatchObject({
      gpiopin: 7,
      ratio: 1e16,
      enabled: false,
      filter: { pipeline: ['f'] },
      ports: [3, 4],
      hosts: { b: 'x:y,z' },
      tags: ['é'],
      script: 'print("é")',
    })
    expect(manager.item('sine', 'script')?.value).toBe('print("é")')
  })

  it('lose no digit of a large integer', async () => {
    await using manager = configManager()()
    await manager.register('c', { n: { description: '', type: 'integer', default: '0' } })
    await manager.set('c', 'n', 2n ** 70n)
    expect(manager.values('c')).toEqual({ n: 2n ** 70n })
  })
})

describe('a change that is not valid', () => {
  it('is refused with everything that is wrong, and changes nothing', async () => {
    await using manager = await made()
    const refused = manager.update('sine', {
      gpiopin: 99,
      ratio: 'inf',
      mode: 'medium',
      name: 'too long',
      ports: [1, 2, 3, 4],
      nope: 1,
      hosts: '{"a":"1","a":"2"}',
    })
    await expect(refused).rejects.toMatchObject({
      code: 'BP_CONFIG_INVALID',
      details: {
        issues: [
          { path: '/gpiopin', code: 'value-range', received: '99' },
          { path: '/ratio', code: 'value-type', expected: 'float' },
          { path: '/mode', code: 'choice-unknown', expected: 'fast, slow' },
          { path: '/name', code: 'value-length' },
          { path: '/ports', code: 'list-size' },
          { path: '/nope', code: 'values-unknown-item' },
          { path: '/hosts', code: 'list-duplicate-key' },
        ],
        fledge: {
          class: 'TypeError',
          message: 'For config item gpiopin you cannot set the new value, beyond the range (0,27)',
        },
      },
    })
    expect(manager.facts('sine')?.revision).toBe(1)
  })

  it.each([
    ['an address of the other family', { type: 'IPv4', default: '127.0.0.1' }, '::1'],
    ['an integer with an underscore', { type: 'integer', default: '1' }, '1_000'],
    ['an integer with spaces', { type: 'integer', default: '1' }, ' 5 '],
    ['nan', { type: 'float', default: '1' }, 'nan'],
    ['a list in Python quotes', { type: 'list', items: 'string', default: '[]' }, "['a']"],
    ['an element that is no integer', { type: 'list', items: 'integer', default: '[]' }, ['1', 'x']],
    ['an option that does not exist', { type: 'list', items: 'enumeration', options: ['a'], default: '[]' }, ['b']],
    ['what the rule refuses', { type: 'integer', default: '2', rule: 'value % 2 == 0' }, '3'],
    ['what the quoted rule refuses', { type: 'string', default: 'a', rule: '"value" in ("a", "b")' }, 'c'],
    [
      'a value that would break out of its rule',
      { type: 'string', default: 'a', rule: 'len("value") < 9' },
      '") < 99 or ("',
    ],
    [
      'a JSON value against its schema',
      { type: 'JSON', default: '{"n":1}', schema: { type: 'object', properties: { n: { type: 'integer' } } } },
      { n: 'x' },
    ],
    [
      'an object element against its properties',
      {
        type: 'list',
        items: 'object',
        default: '[]',
        properties: { n: { description: '', type: 'integer', default: '1' } },
      },
      [{ n: 'x' }],
    ],
    ['a blank mandatory value', { type: 'string', default: 'a', mandatory: 'true' }, ' '],
    ['a read-only item', { type: 'string', default: 'a', readonly: 'true' }, 'b'],
  ])('refuses %s', async (_, definition, value) => {
    await using manager = configManager()()
    await manager.register('c', { item: { description: '', ...definition } as never })
    await expect(manager.set('c', 'item', value)).rejects.toHaveProperty('code')
    expect(manager.value('c', 'item')).toBe(manager.item('c', 'item')?.default)
  })

  it('names each defect of a definition with its path', async () => {
    await using manager = configManager()()
    const refused = manager.register('c', {
      a: { description: '', type: 'integer', default: '99', maximum: '10' },
      b: { description: '', type: 'enumeration', default: 'x', options: ['y'] },
      c: { type: 'nope', default: '' } as never,
      d: { description: '', type: 'string', default: 'a', rule: 'value +' },
      e: { description: '', type: 'integer', default: '5', minimum: '9', maximum: '1' },
    })
    await expect(refused).rejects.toMatchObject({
      details: {
        issues: [
          { path: '/a', code: 'value-above' },
          { path: '/b/default', code: 'default-not-option' },
          { path: '/c/type', code: 'type-unknown' },
          { path: '/c/description', code: 'property-missing' },
          { path: '/d/rule', code: 'rule-unusable' },
          { path: '/e/minimum', code: 'limits-crossed' },
        ],
      },
    })
    expect(manager.categories()).toEqual([])
  })
})

describe('validity', () => {
  it('makes an item inapplicable while it is false', async () => {
    await using manager = configManager()()
    await manager.register('c', {
      poll: { description: '', type: 'enumeration', default: 'Interval', options: ['Interval', 'OnDemand'] },
      seconds: { description: '', type: 'integer', default: '1', validity: 'poll == "Interval"' },
    })
    await manager.set('c', 'seconds', 5)
    await expect(manager.update('c', { poll: 'OnDemand', seconds: 6 })).rejects.toMatchObject({
      details: { issues: [{ path: '/seconds', code: 'not-applicable' }] },
    })
    await manager.set('c', 'poll', 'OnDemand')
    await expect(manager.set('c', 'seconds', 7)).rejects.toHaveProperty('code', 'BP_CONFIG_INVALID')
    await manager.update('c', { seconds: 8, poll: 'Interval' })
    expect(manager.values('c')).toEqual({ poll: 'Interval', seconds: 8 })
  })
})

describe('permissions', () => {
  it('bind actors that are no administrators', async () => {
    await using manager = configManager()()
    await manager.register('c', {
      item: { description: '', type: 'string', default: 'a', permissions: ['control'] },
      free: { description: '', type: 'string', default: 'a' },
    })
    await expect(manager.set('c', 'item', 'b', { actor: { role: 'view' } })).rejects.toHaveProperty(
      'code',
      'BP_CONFIG_FORBIDDEN',
    )
    await expect(manager.set('c', 'item', 'b', { actor: {} })).rejects.toHaveProperty('code', 'BP_CONFIG_FORBIDDEN')
    // Neither may change what no role is asked for.
    for (const actor of [{}, { name: 'ann' }, { role: null }, { role: 3 as never }, { admin: 'yes' as never }]) {
      await expect(manager.set('c', 'free', 'b', { actor })).rejects.toHaveProperty('code', 'BP_CONFIG_FORBIDDEN')
    }
    await manager.set('c', 'free', 'b', { actor: { role: 'any' } })
    await manager.set('c', 'item', 'b', { actor: { role: 'control' } })
    await manager.set('c', 'item', 'c', { actor: { admin: true } })
    await manager.set('c', 'item', 'd')
    expect(manager.value('c', 'item')).toBe('d')
  })
})

describe('where and what is wrong', () => {
  it('is said by a path to the member, and in whole words', async () => {
    await using manager = configManager()()
    const p = { description: '', type: 'integer', default: '5', minimum: '3' } as const
    const nested = { description: '', type: 'list', items: 'float', default: '[]', minimum: '1' } as const
    const o = { description: '', type: 'list', items: 'object', default: '[]', properties: { p } } as const
    const k = { description: '', type: 'kvlist', items: 'object', default: '{}', properties: { p, nested } } as const
    const l = { description: '', type: 'list', items: 'integer', default: '[]', minimum: '2.5' } as const
    const m = { description: '', type: 'kvlist', items: 'integer', default: '{}' } as const
    await manager.register('c', { o, k, l, m })
    const issuesOf = async (values: Record<string, unknown>) => {
      const { issues } = await manager.preview('c', values)
      return issues.map(({ path, code, message }) => [path, code, message])
    }
    expect(await issuesOf({ o: [{ p: 1 }] })).toEqual([['/o/0/p', 'value-below', 'the value is below 3']])
    expect(await issuesOf({ k: { a: { nested: ['0.5'] } } })).toEqual([
      ['/k/a/nested/0', 'value-below', 'the value is below 1'],
    ])
    expect(await issuesOf({ k: { 'a/b': { p: 'x' } } })).toEqual([
      ['/k/a~1b/p', 'value-type', 'the value is not a valid integer'],
    ])
    expect(await issuesOf({ k: [1] })).toEqual([['/k', 'list-objects', 'the value is not an object of objects']])
    expect(await issuesOf({ m: 'x' })).toEqual([['/m', 'list-unreadable', 'the value is not an object of integer']])
    expect(await issuesOf({ l: ['x'] })).toEqual([['/l/0', 'list-element', 'an element is not a valid integer']])
    const told = JSON.stringify(await issuesOf({ o: 5, k: 5, l: 5, m: 5 }))
    expect(told).not.toMatch(/undefined|a an |upstream/)
  })

  it('is said beforehand by a preview, as far as anybody can tell', async () => {
    await using manager = configManager()()
    await manager.register('c', { a: { description: '', type: 'integer', default: '1' } })
    const refuse = () => Promise.reject(new Error('no'))
    manager.subscribe({ category: 'c' }, { prepare: refuse }, { name: 'silent' })
    expect(await manager.preview('c', { a: 2 })).toMatchObject({ valid: true, refusals: [], unasked: ['silent'] })
    manager.subscribe({ category: 'c' }, { test: refuse, prepare: refuse }, { name: 'open' })
    expect(await manager.preview('c', { a: 2 })).toMatchObject({
      valid: false,
      refusals: [{ subscriber: 'open', reason: 'no' }],
      unasked: ['silent'],
    })
  })
})
