import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { type ConfigManager, configManager } from '../src/index.ts'
import { parseExpression } from '../src/rule/syntax.ts'

const items = {
  a: { description: '', type: 'integer', default: '1' },
  j: { description: '', type: 'JSON', default: '{}' },
} as const

async function made(): Promise<ConfigManager> {
  const manager = configManager()()
  await manager.register('c', items)
  return manager
}

/** Arrays within arrays. */
const nested = (depth: number): unknown => (depth === 0 ? 0 : [nested(depth - 1)])
const circular: { self?: unknown } = {}
circular.self = circular

it('refuses a mode that is none', () => {
  expect(() => configManager({ mode: 'strict' as never })()).toThrow(
    expect.objectContaining({ code: 'BP_INVALID_ARGUMENT' }),
  )
})

describe('a hierarchy', () => {
  it('is listed however deep it is', async () => {
    await using manager = configManager()()
    const depth = 3_000
    for (let level = 0; level < depth; level++) await manager.register(`c${level}`, {})
    // From below, so that looking for a circle is short.
    for (let level = depth - 2; level >= 0; level--) await manager.link(`c${level}`, [`c${level + 1}`])
    let listed = manager.categories({ root: true, children: true })
    let found = 0
    while (listed[0]) {
      found++
      listed = [...(listed[0].children ?? [])]
    }
    expect(found).toBe(depth)
  })

  it('is listed at once where many ways lead to one category', async () => {
    await using manager = configManager()()
    const levels = 40
    for (let level = 0; level < levels; level++) {
      for (const side of ['l', 'r', 'm']) await manager.register(`${side}${level}`, {})
      await manager.link(`m${level}`, [`l${level}`, `r${level}`])
      if (level > 0) for (const side of ['l', 'r']) await manager.link(`${side}${level - 1}`, [`m${level}`])
    }
    expect(manager.categories({ root: true, children: true })).toHaveLength(1)
  })
})

describe('what is no configuration', () => {
  it.each([undefined, null, 5, 'text', [1]])('is refused as values: %j', async (values) => {
    await using manager = await made()
    const refused = { code: 'BP_CONFIG_INVALID' }
    await expect(manager.update('c', values as never)).rejects.toMatchObject(refused)
    await expect(manager.preview('c', values as never)).rejects.toMatchObject(refused)
  })

  it.each(['a', 'j'])('is refused as the value of %s where JSON cannot say it', async (item) => {
    await using manager = await made()
    for (const value of [circular, { big: () => 1 }, nested(300)])
      await expect(manager.set('c', item, value)).rejects.toMatchObject({ code: 'BP_CONFIG_INVALID' })
  })

  it.each([
    null,
    { items: null, children: [] },
    { items: { a: null }, children: [] },
    { items: {}, children: [5] },
    { items: {}, children: [], description: 5 },
  ])('is refused as a category of a snapshot: %j', async (category) => {
    await using manager = await made()
    const snapshot = { format: 'backplane-config-1', categories: { x: category } }
    const refused = expect.objectContaining({ code: 'BP_CONFIG_IMPORT_INVALID' })
    await expect(manager.import(snapshot as never)).rejects.toEqual(refused)
    expect(() => manager.diff(snapshot as never)).toThrow(refused)
  })
})

describe('an expression of very many digits', () => {
  it('is read in time that grows with its length, not with its square', () => {
    const timeOf = (digits: number) => {
      const started = process.cpuUsage()
      for (let count = 0; count < 5; count++)
        expect(() => parseExpression(`${'1'.repeat(digits)}a`, 'python')).toThrow('cannot read')
      return process.cpuUsage(started).user + 1_000
    }
    timeOf(1_000)
    expect(timeOf(40_000) / timeOf(5_000)).toBeLessThan(32)
  })
})

describe('several who wait for the next change', () => {
  it('get one each', async () => {
    await using manager = await made()
    const changes = manager.watch({ category: 'c' }, { coalesce: false })
    const waiting = [changes.next(), changes.next()]
    const third = changes.next()
    await manager.set('c', 'a', 2)
    await manager.set('c', 'a', 3)
    expect((await Promise.all(waiting)).map(({ value }) => value.new.a)).toEqual([2, 3])
    await changes.return?.()
    await expect(third).resolves.toEqual({ value: undefined, done: true })
  })
})

describe('a participant that waits for itself', () => {
  it('runs into its time limit, in a process that has nothing else to do as well', () => {
    const program = `
      import { configManager } from '@backplane/config-manager'
      const config = configManager()()
      await config.register('c', { a: { description: '', type: 'integer', default: '1' } })
      let isFirst = true
      const apply = async () => {
        if (!isFirst) return
        isFirst = false
        await config.set('c', 'a', 3)
      }
      config.subscribe({ category: 'c' }, { apply }, { timeoutMs: 20 })
      const error = await config.set('c', 'a', 2).catch((reason) => reason)
      process.stdout.write(error.code)
    `
    const args = ['--conditions=@backplane/source', '--input-type=module', '--eval', program]
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      timeout: 20_000,
    })
    expect({ stdout, stderr }).toMatchObject({ stdout: 'BP_CONFIG_ROLLED_BACK' })
  })
})
