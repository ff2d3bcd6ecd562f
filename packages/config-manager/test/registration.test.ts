import { describe, expect, it } from 'vitest'
import { type ConfigManager, configManager, type ItemDefinition, memoryStore, renamed } from '../src/index.ts'

const text = (preset: string, more: Partial<ItemDefinition> = {}): ItemDefinition => ({
  description: '',
  type: 'string',
  default: preset,
  ...more,
})

async function withItems(items: Record<string, ItemDefinition>, options = {}): Promise<ConfigManager> {
  const manager = configManager()()
  await manager.register('c', items, options)
  return manager
}

describe('registering again', () => {
  it('keeps what a user set, and lets what nobody set follow the new default', async () => {
    await using manager = await withItems({ a: text('1'), b: text('1') })
    await manager.set('c', 'a', 'mine')
    const result = await manager.register('c', { a: text('2'), b: text('2'), d: text('new') })
    expect(result).toMatchObject({ outcome: 'changed', revision: 3, needsAttention: [] })
    expect(manager.values('c')).toEqual({ a: 'mine', b: '2', d: 'new' })
    expect(manager.facts('c')?.provenance).toEqual({ a: 'user', b: 'default', d: 'default' })
  })

  it('drops items that are no longer named, or keeps them on request', async () => {
    await using manager = await withItems({ a: text('1'), b: text('1') })
    await manager.register('c', { a: text('1') }, { keepOriginalItems: true })
    expect(Object.keys(manager.items('c') ?? {})).toEqual(['a', 'b'])
    await manager.register('c', { a: text('1') })
    expect(Object.keys(manager.items('c') ?? {})).toEqual(['a'])
  })

  it('changes nothing if nothing differs, and the description alone if that does', async () => {
    await using manager = await withItems({ a: text('1') }, { description: 'one' })
    expect(await manager.register('c', { a: text('1') })).toMatchObject({ outcome: 'unchanged', revision: 1 })
    expect(await manager.register('c', { a: text('1') }, { description: 'two' })).toMatchObject({ outcome: 'changed' })
    expect(manager.categories()).toEqual([{ key: 'c', description: 'two', displayName: 'c' }])
  })

  it('reports a kept value that is no longer allowed and falls back to the default', async () => {
    await using manager = await withItems({ a: text('x', { length: '9' }) })
    await manager.set('c', 'a', 'very long')
    const { needsAttention } = await manager.register('c', { a: text('x', { length: '3' }) })
    expect(needsAttention).toMatchObject([
      { item: 'a', value: 'very long', issues: [{ path: '/a', code: 'value-length' }] },
    ])
    expect(manager.values('c')).toEqual({ a: 'x' })
    expect(manager.history('c')[0]?.items.a?.value).toBe('very long')
  })

  it('removes deprecated items and notes it once', async () => {
    await using manager = await withItems({ a: text('1'), b: text('1') })
    const without = { a: text('1'), b: text('1', { deprecated: 'true' }) }
    await manager.register('c', without)
    await manager.register('c', without)
    expect(manager.values('c')).toEqual({ a: '1' })
    expect(manager.audit().filter(({ details }) => details.newValue === 'deprecated')).toHaveLength(1)
  })

  it('lays the environment over everything, and takes it off when it is gone', async () => {
    await using manager = await withItems({ a: text('1') })
    await manager.set('c', 'a', 'mine')
    await manager.register('c', { a: text('1') }, { environment: { a: 'env' } })
    expect(manager.values('c')).toEqual({ a: 'env' })
    expect(manager.facts('c')?.provenance).toEqual({ a: 'environment' })
    await manager.register('c', { a: text('1') })
    expect(manager.values('c')).toEqual({ a: '1' })
    await expect(
      manager.register('c', { a: text('1', { length: '2' }) }, { environment: { a: 'long' } }),
    ).rejects.toHaveProperty('code', 'BP_CONFIG_INVALID')
  })
})

describe('migrations', () => {
  const next = { rate: { description: '', type: 'float', default: '1.0' } as const, unit: text('s') }
  const migrations = [
    { from: 1, to: 2, migrate: renamed('poll', 'rate') },
    {
      from: 2,
      to: 3,
      migrate: (values: Record<string, unknown>) => ({ rate: String(Number(values.rate) / 1000), unit: 'ms' }),
    },
  ] as const

  it('carry values from version to version', async () => {
    await using manager = await withItems(
      { poll: { description: '', type: 'integer', default: '1000' } },
      { version: 1 },
    )
    await manager.set('c', 'poll', 2500)
    const result = await manager.register('c', next, { version: 3, migrations: migrations as never })
    expect(result.needsAttention).toEqual([])
    expect(manager.values('c')).toEqual({ rate: 2.5, unit: 'ms' })
    expect(manager.facts('c')).toMatchObject({ version: 3, provenance: { rate: 'migration', unit: 'migration' } })
  })

  it('leave everything alone when one fails, and refuse to go back', async () => {
    await using manager = await withItems(
      { poll: { description: '', type: 'integer', default: '1000' } },
      { version: 2 },
    )
    const broken = [
      {
        from: 2,
        to: 3,
        migrate: () => {
          throw new Error('oops')
        },
      },
    ]
    await expect(manager.register('c', next, { version: 3, migrations: broken })).rejects.toMatchObject({
      code: 'BP_CONFIG_MIGRATION_FAILED',
    })
    await expect(manager.register('c', next, { version: 1 })).rejects.toMatchObject({ code: 'BP_CONFIG_DOWNGRADE' })
    expect(manager.values('c')).toEqual({ poll: 1000 })
  })
})

describe('a restart', () => {
  it('finds values, provenance, history, audit and links again', async () => {
    const store = memoryStore()
    {
      await using manager = configManager({ store })()
      await manager.register('p', {})
      await manager.register('c', { a: text('1') })
      await manager.link('p', ['c'])
      await manager.set('c', 'a', 'mine', { actor: { name: 'ann', admin: true }, reason: 'because' })
    }
    await using manager = configManager({ store })()
    await manager.register('c', { a: text('2') })
    expect(manager.values('c')).toEqual({ a: 'mine' })
    expect(manager.children('p')).toMatchObject([{ key: 'c' }])
    expect(manager.history('c').map(({ revision }) => revision)).toEqual([2, 1])
    expect(manager.audit()).toContainEqual(
      expect.objectContaining({
        actor: 'ann',
        reason: 'because',
        details: { category: 'c', item: 'a', oldValue: '1', newValue: 'mine' },
      }),
    )
  })

  it('rebuilds a category that was damaged in the store, and keeps its values', async () => {
    const store = memoryStore()
    await store.write([
      {
        name: 'category/c',
        document: {
          description: 'd',
          displayName: 'c',
          names: ['a'],
          items: [{ type: 'string', value: 'mine' }],
          provenance: [['a', 'user']],
        },
      },
      { name: 'category/odd', document: 5 },
    ])
    await using manager = configManager({ store })()
    expect(await manager.register('c', { a: text('1') })).toMatchObject({ outcome: 'changed', repaired: true })
    expect(manager.values('c')).toEqual({ a: 'mine' })
    expect(manager.categories()).toHaveLength(1)
  })
})

describe('properties and added items', () => {
  it('changes one property if definition and value still fit', async () => {
    await using manager = await withItems({ n: { description: '', type: 'integer', default: '5', maximum: '9' } })
    await manager.updateProperty('c', 'n', 'maximum', '7')
    expect(manager.item('c', 'n')?.maximum).toBe('7')
    await expect(manager.updateProperty('c', 'n', 'maximum', '3')).rejects.toHaveProperty('code', 'BP_CONFIG_INVALID')
    await expect(manager.updateProperty('c', 'n', 'maximum', 'x')).rejects.toHaveProperty('code', 'BP_CONFIG_INVALID')
    await expect(manager.updateProperty('c', 'n', 'type', 'string')).rejects.toHaveProperty('code', 'BP_CONFIG_INVALID')
    expect(manager.item('c', 'n')?.maximum).toBe('7')
  })

  it('adds an item, once', async () => {
    await using manager = await withItems({ a: text('1') })
    await manager.addItem('c', 'b', text('2'))
    expect(manager.values('c')).toEqual({ a: '1', b: '2' })
    await expect(manager.addItem('c', 'b', text('2'))).rejects.toHaveProperty('code', 'BP_CONFIG_INVALID')
    await manager.set('c', 'b', 'x')
    await manager.reset('c', 'b')
    expect(manager.values('c')).toEqual({ a: '1', b: '2' })
    expect(manager.facts('c')?.provenance.b).toBe('default')
  })
})

describe('hierarchy', () => {
  it('refuses cycles, shared children and reserved categories', async () => {
    await using manager = configManager()()
    for (const name of ['a', 'b', 'd', 'South']) await manager.register(name, {})
    await manager.link('a', ['b', 'b'])
    await manager.link('b', ['d'])
    expect(manager.categories({ root: true, children: true })).toMatchObject([
      { key: 'a', children: [{ key: 'b', children: [{ key: 'd' }] }] },
      { key: 'South' },
    ])
    await expect(manager.link('d', ['a'])).rejects.toHaveProperty('code', 'BP_CONFIG_INVALID')
    await expect(manager.link('a', ['a'])).rejects.toHaveProperty('code', 'BP_CONFIG_INVALID')
    await expect(manager.link('a', ['nope'])).rejects.toHaveProperty('code', 'BP_CONFIG_UNKNOWN')
    await expect(manager.remove('South')).rejects.toHaveProperty('code', 'BP_CONFIG_INVALID')
    await manager.link('South', ['d'])
    await expect(manager.remove('a')).rejects.toHaveProperty('code', 'BP_CONFIG_INVALID')
    await manager.unlink('South', 'd')
    expect(await manager.remove('a')).toEqual(['d', 'b', 'a'])
    expect(manager.categories()).toMatchObject([{ key: 'South' }])
    await manager.register('a', {})
  })
})
