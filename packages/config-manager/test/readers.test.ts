import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { fileStore } from '../src/file/index.ts'
import { type ConfigManager, type ConfigMode, configManager, memorySecrets, memoryStore } from '../src/index.ts'

const definitions = () => ({
  x: { description: '', type: 'string', default: 'good' },
  kind: { description: '', type: 'enumeration', default: 'a', options: ['a', 'b'] },
  json: { description: '', type: 'JSON', default: { deep: { list: [1] } }, schema: { type: 'object' } },
  bucket: { description: '', type: 'bucket', default: '{}', properties: { key: { asset: { default: '*' } } } },
  list: {
    description: '',
    type: 'list',
    items: 'object',
    default: '[]',
    properties: { p: { description: '', type: 'string', default: '' } },
  },
  who: { description: '', type: 'string', default: '', permissions: ['admin'] },
  token: { description: '', type: 'password', default: 'initial' },
})

/** Writes to everything that can be reached from a value; frozen parts refuse. */
function spoil(value: unknown, seen = new Set<unknown>()): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  for (const name of Object.keys(value)) spoil((value as Record<string, unknown>)[name], seen)
  if (Array.isArray(value)) Reflect.set(value, value.length, 'evil')
  for (const name of Object.keys(value)) Reflect.set(value, name, 'evil')
  Reflect.set(value, 'evil', 'evil')
}

const readers: Readonly<Record<string, (manager: ConfigManager) => unknown>> = {
  items: (manager) => manager.items('c'),
  item: (manager) => Object.keys(definitions()).map((name) => manager.item('c', name)),
  value: (manager) => Object.keys(definitions()).map((name) => manager.value('c', name)),
  values: (manager) => manager.values('c'),
  facts: (manager) => manager.facts('c'),
  categories: (manager) => [manager.categories(), manager.categories({ root: true, children: true })],
  children: (manager) => manager.children('top'),
  audit: (manager) => manager.audit(),
  history: (manager) => manager.history('c'),
  export: (manager) => manager.export(),
  diff: (manager) => manager.diff({ format: 'backplane-config-1', categories: {} }),
  preview: (manager) => manager.preview('c', { x: 'other' }),
  condition: (manager) => manager.condition,
}

async function filled(mode: ConfigMode) {
  const given = definitions()
  const manager = configManager({ mode, store: memoryStore(), secrets: memorySecrets() })()
  await manager.register('c', given as never)
  await manager.register('top', {})
  const children = ['c']
  await manager.link('top', children)
  await manager.set('c', 'x', 'better')
  return { manager, given, children }
}

function everything(manager: ConfigManager): string {
  const parts = [manager.items('c'), manager.values('c'), manager.audit(), manager.history('c'), manager.categories()]
  return JSON.stringify([...parts, manager.children('top'), manager.facts('c'), manager.export()])
}

describe.each(['default', 'strict-fledge'] as const)('who reads configuration in %s mode', (mode) => {
  it.each(Object.keys(readers))('cannot change it by what %s gives', async (name) => {
    const { manager } = await filled(mode)
    const before = everything(manager)
    spoil(await readers[name]?.(manager))
    expect(everything(manager)).toBe(before)
    await expect(manager.set('c', 'kind', 'evil')).rejects.toThrow()
    await manager.close()
  })

  it('cannot change it by what it registered, linked or set', async () => {
    const { manager, given, children } = await filled(mode)
    const before = everything(manager)
    spoil(given)
    spoil(children)
    expect(everything(manager)).toBe(before)
    const value = { deep: [1] }
    await manager.set('c', 'json', value)
    const after = everything(manager)
    spoil(value)
    expect(everything(manager)).toBe(after)
    await manager.close()
  })

  it('cannot change it by the events that it gets, nor what others get', async () => {
    const { manager } = await filled(mode)
    const seen: unknown[] = []
    manager.subscribe({ category: 'c' }, { apply: (event) => spoil([event.new, event.old, event.changed]) })
    manager.on({ category: 'c' }, (event) => {
      seen.push(JSON.stringify(event.new))
      spoil([event.new, event.old, event.changed])
    })
    manager.on({ category: 'c' }, (event) => {
      seen.push(JSON.stringify(event.new))
    })
    await manager.set('c', 'json', { deep: [2] })
    await vi.waitFor(() => expect(seen).toHaveLength(2))
    expect(JSON.stringify(seen)).not.toContain('evil')
    expect(JSON.stringify(manager.values('c'))).not.toContain('evil')
    await manager.close()
  })
})

describe('a definition that contains itself', () => {
  it('is refused', async () => {
    const loop: Record<string, unknown> = {}
    loop.self = loop
    await using manager = configManager()()
    const item = { description: '', type: 'bucket', default: '{}', properties: { key: loop } }
    await expect(manager.register('c', { item } as never)).rejects.toMatchObject({ code: 'BP_INVALID_ARGUMENT' })
  })
})

describe('the default of a password', () => {
  it('is not written in clear, and is there again after a restart', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'config-default-'))
    const item = { description: '', type: 'password', default: 'initial-secret' } as const
    {
      await using manager = configManager({ store: fileStore(dir) })()
      await manager.register('c', { token: item, other: { description: '', type: 'integer', default: '1' } })
      await manager.set('c', 'token', 'changed')
      await manager.set('c', 'other', 2)
    }
    expect(readFileSync(join(dir, 'config.log'), 'utf8')).not.toMatch(/initial-secret|changed"/)
    {
      await using manager = configManager({ store: fileStore(dir) })()
      await manager.start()
      expect(manager.values('c')?.token).toBe('changed')
      await manager.reset('c', 'token')
      expect(manager.values('c')?.token).toBe('initial-secret')
      const again = await manager.register('c', {
        token: item,
        other: { description: '', type: 'integer', default: '1' },
      })
      expect(again.outcome).toBe('unchanged')
    }
    rmSync(dir, { recursive: true })
  })
})

describe('the time that a participant has', () => {
  it.each([Number.POSITIVE_INFINITY, 3e9])('of %d milliseconds is not over at once', async (timeoutMs) => {
    await using manager = configManager()()
    await manager.register('c', { a: { description: '', type: 'integer', default: '1' } })
    const apply = () => new Promise<void>((resolve) => setTimeout(resolve, 20))
    manager.subscribe({ category: 'c' }, { apply }, { timeoutMs })
    await expect(manager.set('c', 'a', 2)).resolves.toMatchObject({ changed: ['a'] })
  })
})
