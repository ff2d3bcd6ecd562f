import { describe, expect, it } from 'vitest'
import { runConfigCommand } from './commands.ts'
import { configManager } from './manager.ts'
import { memoryStore } from './memory-store.ts'

async function shell() {
  const manager = configManager()()
  await manager.register(
    'sine',
    {
      rate: { description: '', type: 'integer', default: '1' },
      key: { description: '', type: 'password', default: '' },
    },
    { description: 'a wave' },
  )
  const files = new Map<string, string>()
  const run = async (...words: string[]) => {
    const lines: string[] = []
    await runConfigCommand(words, {
      manager,
      print: (line) => void lines.push(line),
      read: async (path) => files.get(path) ?? '',
      write: async (path, text) => void files.set(path, text),
      actor: { name: 'ann', admin: true },
    })
    return lines
  }
  return { manager, files, run }
}

describe('the config commands', () => {
  it('list, get and set', async () => {
    const { manager, run } = await shell()
    expect(await run('list')).toEqual(['sine\ta wave'])
    expect(await run('set', 'sine', 'rate=5', 'key=a=b', '--reason', 'because')).toEqual([
      'rate: 1 -> 5',
      'key:  -> ****',
    ])
    expect(await run('get', 'sine')).toEqual(['rate=5', 'key=****'])
    expect(await run('get', 'sine', 'rate')).toEqual(['5'])
    expect(manager.values('sine')).toEqual({ rate: 5, key: 'a=b' })
    expect(manager.audit().at(-1)).toMatchObject({ actor: 'ann', reason: 'because' })
    expect(await run('set', 'sine', 'rate=x', '--dry-run')).toEqual(['/rate: the value is not a valid integer'])
    expect(await run('set', 'sine', 'rate=6', '--dry-run')).toEqual(['rate: 5 -> 6'])
    expect(await run('get', 'sine', 'rate')).toEqual(['5'])
    await expect(run('set', 'sine', 'rate=x')).rejects.toHaveProperty('code', 'BP_CONFIG_INVALID')
  })

  it('export, diff and import', async () => {
    const { files, run } = await shell()
    await run('export', 'a.json')
    await run('set', 'sine', 'rate=5')
    expect(await run('diff', 'a.json')).toEqual(['sine: changed', '  rate: 5 -> 1'])
    expect(await run('import', 'a.json', '--dry-run')).toEqual(['sine: changed', '  rate: 5 -> 1'])
    expect(await run('get', 'sine', 'rate')).toEqual(['5'])
    await run('import', 'a.json')
    expect(await run('get', 'sine', 'rate')).toEqual(['1'])
    expect((await run('export')).join('\n')).toBe(files.get('a.json')?.trim())
  })

  it('say what is not well with the store, apart from the answer', async () => {
    const store = memoryStore()
    await store.write([{ name: 'category/bad', document: 5 }])
    const condition = {
      repair: { path: '/c.log', reason: 'it is empty', documents: 0, keptAt: '/c.log.damaged-1' },
      readOnly: { path: '/c.log', reason: 'disk full' },
    }
    const manager = configManager({ store: Object.assign(store, { condition }) })()
    const [printed, noted]: string[][] = [[], []]
    const files = { read: async () => '', write: async () => {} }
    const print = (line: string) => void printed?.push(line)
    await runConfigCommand(['list'], { manager, print, note: (line) => void noted?.push(line), ...files })
    expect(printed).toEqual([])
    expect(noted).toEqual([
      '/c.log was damaged: it is empty; 0 documents were saved; what was there is kept in /c.log.damaged-1',
      '/c.log cannot be written: disk full',
      'category/bad cannot be read and is left as it is',
    ])
    await runConfigCommand(['list'], { manager, print, ...files })
    expect(printed).toEqual(noted)
  })

  it('say who may refuse and cannot be asked', async () => {
    const { manager, run } = await shell()
    manager.subscribe({ category: 'sine' }, { prepare: () => {} }, { name: 'plugin' })
    expect(await run('set', 'sine', 'rate=6', '--dry-run')).toEqual([
      'rate: 1 -> 6',
      'plugin may refuse: only the change itself tells',
    ])
  })

  it('watch until the signal', async () => {
    const { manager } = await shell()
    const controller = new AbortController()
    const lines: string[] = []
    const watching = runConfigCommand(
      ['watch', 'sine'],
      {
        manager,
        print: (line) => {
          lines.push(line)
          controller.abort()
        },
        read: async () => '',
        write: async () => {},
      },
      { signal: controller.signal },
    )
    await Promise.resolve()
    await manager.set('sine', 'rate', 7)
    await watching
    expect(lines).toEqual(['sine changed: rate = 7'])
  })

  it.each([
    [''],
    ['nope'],
    ['get', 'nope'],
    ['get', 'sine', 'nope'],
    ['set', 'sine'],
    ['set', 'sine', '=x'],
    ['diff'],
    ['import', 'nope.json'],
  ])('refuse %s %s %s', async (...words) => {
    const { run } = await shell()
    await expect(run(...words)).rejects.toHaveProperty('code', 'BP_INVALID_ARGUMENT')
  })
})
