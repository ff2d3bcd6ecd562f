import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fileStore } from '../src/file/index.ts'
import {
  chosen,
  configManager,
  discoveredItems,
  discovery,
  memorySecrets,
  memoryStore,
  sharedMemory,
} from '../src/index.ts'
import { sqliteStore } from '../src/sqlite/index.ts'

const items = {
  user: { description: '', type: 'string', default: 'me' },
  token: { description: '', type: 'password', default: '' },
} as const

it('exports only what there is', async () => {
  await using manager = configManager({ store: memoryStore() })()
  await manager.register('c', items)
  expect(Object.keys(manager.export({ categories: ['c'] }).categories)).toEqual(['c'])
  expect(() => manager.export({ categories: ['c', 'nowhere'] })).toThrow(
    expect.objectContaining({ code: 'BP_CONFIG_UNKNOWN', message: expect.stringContaining('nowhere') }),
  )
})

describe('secrets', () => {
  it('are nowhere but in the secret store and with the plugin', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'config-secret-'))
    {
      await using manager = configManager({ store: fileStore(dir) })()
      await manager.register('c', items)
      const events: unknown[] = []
      await manager.update('c', { token: 'hunter2', user: 'you' })
      expect(await manager.set('c', 'token', '****')).toMatchObject({ changed: [] })
      expect(manager.values('c')).toMatchObject({ token: 'hunter2' })
      await manager.update('c', { token: '****', user: 'them' })
      expect(manager.values('c')).toEqual({ token: 'hunter2', user: 'them' })
      await manager.set('c', 'user', 'you')
      await manager.set('c', 'token', 'hunter3', { reason: 'rotated' })
      await expect(
        manager.register('c', { ...items, token: { ...items.token, rule: 'len("value") < 3' } }),
      ).resolves.toMatchObject({ needsAttention: [{ item: 'token', value: '****' }] })
      events.push(
        manager.items('c'),
        manager.item('c', 'token'),
        manager.value('c', 'token'),
        manager.audit(),
        manager.history('c'),
        manager.export(),
        await manager.preview('c', { token: 'hunter4' }),
      )
      expect(JSON.stringify(events)).not.toContain('hunter')
      await manager.set('c', 'token', 'ok')
      expect(manager.values('c')).toEqual({ token: 'ok', user: 'you' })
    }
    const everything = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    for (const { parentPath, name } of everything)
      expect(readFileSync(join(parentPath, name)).includes('hunter')).toBe(false)
    await using again = configManager({ store: fileStore(dir) })()
    await again.start()
    expect(again.values('c')).toMatchObject({ token: 'ok' })
    rmSync(dir, { recursive: true })
  })

  it('that are defaults are kept as the values are, and come back', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'config-secret-'))
    const withDefaults = {
      own: { description: '', type: 'password', default: 'hunter-default' },
      set: { description: '', type: 'password', default: 'hunter-other' },
      optional: { description: '', type: 'password', default: '' },
    } as const
    const kept = () => readFileSync(join(dir, 'config.log'), 'latin1')
    {
      await using manager = configManager({ store: fileStore(dir) })()
      await manager.register('c', withDefaults)
      await manager.set('c', 'set', 'hunter-mine')
      expect(JSON.stringify([manager.items('c'), manager.export(), manager.audit()])).not.toContain('hunter')
    }
    expect(kept()).not.toContain('hunter')
    {
      await using manager = configManager({ store: fileStore(dir) })()
      await manager.register('c', withDefaults)
      expect(manager.values('c')).toEqual({ own: 'hunter-default', set: 'hunter-mine', optional: '' })
      await manager.reset('c', 'set')
      expect(manager.values('c')).toMatchObject({ set: 'hunter-other' })
      await manager.register('c', { ...withDefaults, own: { ...withDefaults.own, default: 'hunter-new' } })
    }
    expect(kept()).not.toContain('hunter')
    await using again = configManager({ store: fileStore(dir) })()
    await again.start()
    expect(again.values('c')).toMatchObject({ set: 'hunter-other' })
    await again.reset('c', 'own')
    expect(again.values('c')).toMatchObject({ own: 'hunter-new' })
    rmSync(dir, { recursive: true })
  })

  it('are kept apart by the name of a text too, and come back', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'config-secret-'))
    const named = {
      api_key: { description: '', type: 'string', default: 'hunter-default' },
      auth_token: { description: '', type: 'string', default: '' },
    } as const
    const isKeptApart = () => !readFileSync(join(dir, 'config.log'), 'latin1').includes('hunter')
    {
      await using manager = configManager({ store: fileStore(dir) })()
      await manager.register('c', named)
      await manager.set('c', 'auth_token', 'hunter-mine')
      expect(manager.values('c')).toEqual({ api_key: 'hunter-default', auth_token: 'hunter-mine' })
      expect(JSON.stringify([manager.items('c'), manager.export(), manager.history('c')])).not.toContain('hunter')
    }
    expect(isKeptApart()).toBe(true)
    await using again = configManager({ store: fileStore(dir) })()
    await again.start()
    expect(again.values('c')).toEqual({ api_key: 'hunter-default', auth_token: 'hunter-mine' })
    await again.set('c', 'auth_token', 'hunter-next')
    expect(again.values('c')).toMatchObject({ auth_token: 'hunter-next' })
    expect(isKeptApart()).toBe(true)
    rmSync(dir, { recursive: true })
  })

  it('of a text by its name are stored as they are where there is no place for secrets', async () => {
    await using manager = configManager({ store: sqliteStore(':memory:') })()
    await manager.register('c', { api_key: { description: '', type: 'string', default: '' } })
    await manager.set('c', 'api_key', 'x')
    expect(manager.values('c')).toEqual({ api_key: 'x' })
  })

  it('are refused where there is no place for them', async () => {
    await using manager = configManager({ store: sqliteStore(':memory:') })()
    await manager.register('c', items)
    await expect(manager.set('c', 'token', 'x')).rejects.toMatchObject({ code: 'BP_CONFIG_SECRETS_MISSING' })
    await using other = configManager({ store: sqliteStore(':memory:'), secrets: memorySecrets() })()
    await other.register('c', items)
    await other.set('c', 'token', 'x')
  })

  it('are not in the words of an error', async () => {
    await using manager = configManager()()
    await manager.register('c', { token: { ...items.token, rule: 'len("value") > 8', default: 'long enough' } })
    const error = await manager.set('c', 'token', 'hunter2').catch((reason) => reason)
    expect(JSON.stringify(error)).not.toContain('hunter2')
  })
})

describe('snapshots', () => {
  it('bring configuration elsewhere', async () => {
    await using from = configManager()()
    await from.register('p', {}, { description: 'parent' })
    await from.register('c', items)
    await from.update('c', { user: 'ann', token: 's' })
    await from.link('p', ['c'])
    const snapshot = JSON.parse(JSON.stringify(from.export()))
    await using to = configManager()()
    expect(to.diff === undefined).toBe(false)
    await to.start()
    expect(to.diff(snapshot)).toMatchObject([
      { category: 'p', kind: 'missing' },
      { category: 'c', kind: 'missing' },
    ])
    expect(await to.import(snapshot)).toMatchObject({ created: ['p', 'c'], changed: [], missingSecrets: ['c/token'] })
    expect(to.values('c')).toEqual({ user: 'ann', token: '' })
    expect(to.children('p')).toMatchObject([{ key: 'c' }])
    expect(to.facts('c')?.provenance.user).toBe('user')
    expect(to.diff(snapshot)).toEqual([])
    await to.set('c', 'user', 'bob')
    expect(to.diff(snapshot)).toEqual([
      { category: 'c', kind: 'changed', definitions: [], values: [{ item: 'user', old: 'bob', new: 'ann' }] },
    ])
    expect(await to.import(snapshot)).toMatchObject({ created: [], changed: ['c'] })
    expect(to.values('c')).toEqual({ user: 'ann', token: '' })
  })

  it.each([
    ['no snapshot', {}],
    ['another format', { format: 'x', categories: {} }],
    ['a category without items', { format: 'backplane-config-1', categories: { a: {} } }],
    [
      'a child that is nowhere',
      {
        format: 'backplane-config-1',
        categories: { a: { description: '', displayName: '', items: {}, children: ['x'] } },
      },
    ],
    [
      'a circle',
      {
        format: 'backplane-config-1',
        categories: { a: { description: '', displayName: '', items: {}, children: ['a'] } },
      },
    ],
    [
      'a bad value',
      {
        format: 'backplane-config-1',
        categories: {
          a: {
            description: '',
            displayName: '',
            children: [],
            items: { n: { description: '', type: 'integer', default: '1', value: 'x' } },
          },
        },
      },
    ],
  ])('are refused as a whole: %s', async (_, snapshot) => {
    await using manager = configManager()()
    await manager.register('c', items)
    await expect(manager.import(snapshot as never)).rejects.toHaveProperty('code')
    expect(manager.categories()).toHaveLength(1)
  })

  it('of the past can be brought back', async () => {
    await using manager = configManager({ historyDepth: 3 })()
    await manager.register('c', items)
    for (const user of ['a', 'b', 'c', 'd']) await manager.set('c', 'user', user)
    expect(manager.history('c').map((past) => past.items.user?.value)).toEqual(['c', 'b', 'a'])
    await manager.restore('c', 3, { reason: 'undo' })
    expect(manager.values('c')).toMatchObject({ user: 'b' })
    await expect(manager.restore('c', 1)).rejects.toHaveProperty('code', 'BP_CONFIG_UNKNOWN')
  })
})

describe('a shared store', () => {
  it('carries a change to the other host, and refuses one that is late', async () => {
    const shared = sharedMemory()
    await using here = configManager({ store: memoryStore({ shared }) })()
    await using there = configManager({ store: memoryStore({ shared }) })()
    await here.register('c', { user: items.user })
    await there.start()
    const events = there.watch({ category: 'c' })
    const next = events.next()
    await here.set('c', 'user', 'ann')
    expect((await next).value).toMatchObject({ remote: true, old: { user: 'me' }, new: { user: 'ann' } })
    const racing = await Promise.allSettled([here.set('c', 'user', 'x'), there.set('c', 'user', 'y')])
    expect(racing.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await here.remove('c')
    for await (const event of events) if (event.kind === 'removed') break
    expect(there.categories()).toEqual([])
    await events.return?.()
  })
})

describe('discovery', () => {
  it('feeds options and leaves a way to type in what it did not find', async () => {
    await using manager = configManager()()
    await manager.register('c', discoveredItems('camera', 'Which camera'))
    let found = ['cam-1', 'cam-2']
    const cameras = discovery({ discover: async () => found })()
    await cameras.feed(manager, 'c', 'camera')
    await manager.set('c', 'camera', 'cam-2')
    found = ['cam-1']
    await cameras.feed(manager, 'c', 'camera')
    expect(manager.item('c', 'camera')?.options).toEqual(['cam-1', 'Manual', 'cam-2'])
    expect(chosen(manager.values('c') ?? {}, 'camera')).toBe('cam-2')
    await manager.register('c', discoveredItems('camera', 'Which camera'))
    expect(chosen(manager.values('c') ?? {}, 'camera')).toBe('cam-2')
    await manager.update('c', { camera: 'Manual', cameraManual: 'rtsp://x' })
    expect(chosen(manager.values('c') ?? {}, 'camera')).toBe('rtsp://x')
    expect(manager.item('c', 'camera')?.options).toEqual(['cam-1', 'Manual', 'cam-2'])
  })

  it.each([
    ['no list', 'cam-1'],
    ['no list', null],
    ['item 0', [1, null, { x: 1 }]],
    ['item 1', ['cam-1', null]],
    ['item 1', ['cam-1', '  ']],
    ['item 0', [['cam-1']]],
  ])('refuses what can be no option (%s: %j), and offers nothing of it', async (reason, found) => {
    await using manager = configManager()()
    await manager.register('c', discoveredItems('camera', 'Which camera'))
    const cameras = discovery({ discover: async () => found as string[] })()
    const fed = cameras.feed(manager, 'c', 'camera')
    await expect(fed).rejects.toMatchObject({
      code: 'BP_CONFIG_DISCOVERY_FAILED',
      message: expect.stringContaining(reason),
    })
    expect(manager.item('c', 'camera')?.options).toEqual(['Manual'])
    expect(cameras.last).toBeUndefined()
  })

  it('offers the way to type something in once, whatever was found', async () => {
    await using manager = configManager()()
    await manager.register('c', discoveredItems('camera', 'Which camera'))
    await discovery({ discover: async () => ['Manual', 'cam-1', 'cam-1'] })().feed(manager, 'c', 'camera')
    expect(manager.item('c', 'camera')?.options).toEqual(['cam-1', 'Manual'])
  })

  it('is cached, timed and cancellable, and looks once for many', async () => {
    let looks = 0
    let aborted = 0
    const slow = discovery({
      timeoutMs: 10,
      discover: ({ signal }) => {
        looks++
        signal.addEventListener('abort', () => aborted++)
        return looks === 1 ? Promise.resolve(['a']) : new Promise(() => {})
      },
    })()
    expect(await Promise.all([slow.options(), slow.options()])).toMatchObject([{ found: ['a'] }, { found: ['a'] }])
    await slow.options()
    expect(looks).toBe(1)
    await expect(slow.options({ fresh: true })).rejects.toMatchObject({ code: 'BP_CONFIG_DISCOVERY_FAILED' })
    expect(aborted).toBe(1)
    expect(slow.last?.found).toEqual(['a'])
    const controller = new AbortController()
    const given = slow.options({ fresh: true, signal: controller.signal })
    controller.abort()
    await expect(given).rejects.toMatchObject({ code: 'BP_ABORTED' })
    expect(aborted).toBe(2)
  })
})
