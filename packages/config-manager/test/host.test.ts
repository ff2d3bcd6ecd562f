import { type ConfigChange, createHost } from '@backplane/core'
import { functionRuntime, manualClock } from '@backplane/core/memory'
import { describe, expect, it } from 'vitest'
import { type ConfigManager, configManager, memoryStore, sharedMemory } from '../src/index.ts'

const config = { rate: { type: 'integer', default: '1', description: 'Rate', maximum: '9' } } as const

/** A plugin that shows what it runs with, and refuses 5. */
function plugin() {
  const seen: ConfigChange[] = []
  const module = {
    functions: {},
    configure: async (change: ConfigChange) => {
      if (change.values.rate === 5) throw new Error('not five')
      seen.push(change)
    },
  }
  return { seen, module }
}

async function hosted(manager: ConfigManager, module: unknown, version = '1.0.0', items: object = config) {
  const host = createHost({ identity: { deviceId: 'box' }, runtimes: [functionRuntime()], config: () => manager })
  await host.start()
  await host.load({ manifest: { id: 'sine', version, config: items }, module } as never)
  return host
}

describe('in a host', () => {
  it("a manifest's config is a category, and a change reaches the running plugin or is refused with a reason", async () => {
    const manager = configManager()()
    const { seen, module } = plugin()
    await using _host = await hosted(manager, module)
    expect(manager.values('sine')).toEqual({ rate: 1 })
    await manager.set('sine', 'rate', 4)
    expect(seen).toEqual([{ values: { rate: 4 }, previous: { rate: 1 }, changed: ['rate'] }])
    await expect(manager.set('sine', 'rate', 5)).rejects.toMatchObject({
      code: 'BP_CONFIG_VETOED',
      details: { subscriber: 'plugin sine' },
    })
    await expect(manager.set('sine', 'rate', 10)).rejects.toMatchObject({ code: 'BP_CONFIG_INVALID' })
    expect(manager.values('sine')).toEqual({ rate: 4 })
    expect(seen).toHaveLength(1)
  })

  it('a refusal by a later participant takes the plugin back', async () => {
    const manager = configManager()()
    const { seen, module } = plugin()
    await using _host = await hosted(manager, module)
    manager.subscribe({ category: 'sine' }, { prepare: () => Promise.reject(new Error('no')) })
    await expect(manager.set('sine', 'rate', 4)).rejects.toMatchObject({ code: 'BP_CONFIG_VETOED' })
    expect(seen.map(({ values }) => values.rate)).toEqual([4, 1])
  })

  it('a change that another host made reaches the plugin too', async () => {
    const shared = sharedMemory()
    const there = configManager({ store: memoryStore({ shared }) })()
    const { seen, module } = plugin()
    await using _host = await hosted(configManager({ store: memoryStore({ shared }) })(), module)
    await there.start()
    await there.set('sine', 'rate', 7)
    await expect.poll(() => seen).toMatchObject([{ values: { rate: 7 }, previous: { rate: 1 }, changed: ['rate'] }])
    await there.close()
  })

  it('a change for a plugin that waits to start again is pending, and in force when it is up', async () => {
    const manager = configManager()()
    const started: unknown[] = []
    const module = {
      functions: {
        fall: (_: unknown, __: unknown, { crash }: { crash: (reason: string) => void }) => crash('fell'),
      },
      setup: ({ config }: { config: unknown }) => void started.push(config),
    }
    const clock = manualClock()
    await using host = createHost({
      identity: { deviceId: 'box' },
      runtimes: [functionRuntime()],
      config: () => manager,
      clock,
    })
    await host.load({ manifest: { id: 'sine', config }, module } as never)
    await host.call('fall').catch(() => {})
    expect(host.plugin('sine')?.state).toBe('backoff')
    expect(await manager.set('sine', 'rate', 4)).toMatchObject({ applied: [], pending: ['plugin sine'] })
    expect(manager.values('sine')).toEqual({ rate: 4 })
    await clock.advance(60_000)
    await expect.poll(() => host.plugin('sine')?.state).toBe('running')
    expect(started).toEqual([{ rate: 1 }, { rate: 4 }])
    expect(await manager.set('sine', 'rate', 5)).toMatchObject({ applied: ['plugin sine'], pending: [] })
  })

  it('an upgrade does not put its new items to the version that still runs', async () => {
    const manager = configManager()()
    const { seen, module } = plugin()
    await using host = await hosted(manager, module)
    const next = plugin()
    const manifest = {
      id: 'sine',
      version: '2.0.0',
      config: { ...config, unit: { type: 'string', default: 's', description: '' } },
    }
    await host.reload('sine', { manifest, module: next.module } as never)
    expect(seen).toEqual([])
    await manager.set('sine', 'unit', 'ms')
    expect(next.seen).toMatchObject([{ changed: ['unit'], values: { unit: 'ms' } }])
    expect(seen).toEqual([])
  })

  it('a restart and an upgrade keep what users set', async () => {
    const store = memoryStore()
    {
      const manager = configManager({ store })()
      await using _host = await hosted(manager, plugin().module)
      await manager.set('sine', 'rate', 4)
    }
    const manager = configManager({ store })()
    const upgraded = {
      ...config,
      rate: { ...config.rate, default: '2' },
      unit: { type: 'string', default: 's', description: 'Unit' },
    }
    await using _host = await hosted(manager, plugin().module, '2.0.0', upgraded)
    expect(manager.values('sine')).toEqual({ rate: 4, unit: 's' })
  })
})
