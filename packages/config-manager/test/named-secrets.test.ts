/**
 * Texts whose name says that they are secrets: hidden from readers as passwords are, and kept when `****` comes back.
 */
import { describe, expect, it } from 'vitest'
import { type ConfigManager, configManager, memoryStore } from '../src/index.ts'

const items = {
  apiKey: { description: '', type: 'string', default: 'preset-hunter1' },
  region: { description: '', type: 'string', default: 'plain' },
} as const

async function filled(): Promise<ConfigManager> {
  const manager = configManager({ store: memoryStore() })()
  await manager.start()
  await manager.register('c', items)
  await manager.update('c', { apiKey: 'hunter2', region: 'open' })
  return manager
}

describe('a text with the name of a secret', () => {
  it('is shown to nobody but the plugin', async () => {
    await using manager = await filled()
    const diff = manager.diff({
      ...manager.export(),
      categories: { c: { ...manager.export().categories.c, items: { apiKey: { ...items.apiKey, value: 'hunter3' } } } },
    } as never)
    const refused = await manager.preview('c', { apiKey: 5n })
    const shown = JSON.stringify(
      [
        manager.items('c'),
        manager.item('c', 'apiKey'),
        manager.value('c', 'apiKey'),
        manager.audit(),
        manager.history('c'),
        manager.export(),
        await manager.preview('c', { apiKey: 'hunter4' }),
        diff,
        refused,
      ],
      (_, value) => (typeof value === 'bigint' ? String(value) : value),
    )
    expect(shown).not.toContain('hunter')
    expect(shown).toContain('open')
    expect(diff).toMatchObject([
      { category: 'c', values: expect.arrayContaining([{ item: 'apiKey', old: '****', new: '****' }]) },
    ])
    expect(manager.values('c')).toEqual({ apiKey: 'hunter2', region: 'open' })
  })

  it('stays as it is when the mask comes back', async () => {
    await using manager = await filled()
    expect(await manager.set('c', 'apiKey', '****')).toMatchObject({ changed: [] })
    await manager.update('c', { apiKey: '****', region: '****' })
    expect(manager.values('c')).toEqual({ apiKey: 'hunter2', region: '****' })
  })

  it('stays as it is when an export is brought back, its default too', async () => {
    await using manager = await filled()
    const snapshot = manager.export()
    expect(manager.diff(snapshot)).toEqual([])
    await manager.update('c', { region: 'other' })
    expect(await manager.import(snapshot)).toMatchObject({ changed: ['c'], missingSecrets: [] })
    expect(manager.values('c')).toEqual({ apiKey: 'hunter2', region: 'open' })
    await manager.reset('c', 'apiKey')
    expect(manager.values('c')).toMatchObject({ apiKey: 'preset-hunter1' })
  })

  it('is named as missing where an export is brought to another place', async () => {
    await using manager = await filled()
    await using other = configManager({ store: memoryStore() })()
    await other.start()
    expect(await other.import(manager.export())).toMatchObject({ created: ['c'], missingSecrets: ['c/apiKey'] })
    expect(other.values('c')).toEqual({ apiKey: '', region: 'open' })
  })

  it('is shown in strict mode, as Fledge shows it', async () => {
    await using manager = configManager({ store: memoryStore(), mode: 'strict-fledge' })()
    await manager.start()
    await manager.register('c', items)
    expect(manager.item('c', 'apiKey')).toMatchObject({ value: 'preset-hunter1' })
    await manager.set('c', 'apiKey', '****')
    expect(manager.item('c', 'apiKey')).toMatchObject({ value: '****' })
  })
})
