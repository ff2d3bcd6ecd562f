import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { processStart } from '../src/client/process-start.ts'
import { pluginClient } from '../src/index.ts'
import { ownedFolder, sweep } from '../src/net/owned-folder.ts'
import { eventually, leftovers, PingPong, Test, testPlugin } from './plugin.ts'

const linux = process.platform === 'linux'
const started: number[] = []
afterEach(() => {
  for (const pid of started.splice(0)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended, as it should.
    }
  }
})

/** Whether it runs: a zombie waits for a parent that has other things to do. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !linux || processStart(pid) !== undefined
  } catch {
    return false
  }
}

/** A host in a process of its own; gives it and the ids of its plugin's processes. */
async function hostWith(mode: string): Promise<{ host: ChildProcess; pids: number[] }> {
  const file = join(import.meta.dirname, 'fixtures/host.ts')
  const host = spawn(process.execPath, ['--conditions=@backplane/source', file, mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  started.push(host.pid as number)
  let out = ''
  host.stdout!.on('data', (chunk) => {
    out += chunk
  })
  await eventually(() => out.includes('\n'), 60_000)
  const pids = out.trim().split(' ').map(Number)
  started.push(...pids)
  return { host, pids }
}

describe.skipIf(process.platform === 'win32')('plugins of a host that is gone', () => {
  // Its parent has been taken from it, stdin is nothing to it, and it ignores SIGTERM: a guardian must insist.
  it.each(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGSEGV'] as const)(
    'end when it gets %s, with their own children and their folder',
    async (signal) => {
      const { host, pids } = await hostWith('stubborn')
      expect(pids).toHaveLength(2)
      expect(leftovers()).toHaveLength(1)
      host.kill(signal)
      await eventually(() => pids.every((pid) => !runs(pid)), 60_000)
      await eventually(() => leftovers().length === 0, 60_000)
    },
  )

  it('end though they are stopped', async () => {
    const { host, pids } = await hostWith('stubborn')
    process.kill(pids[0]!, 'SIGSTOP')
    host.kill('SIGKILL')
    await eventually(() => pids.every((pid) => !runs(pid)), 60_000)
  })

  it('are left where the host wants that, for the next one to reattach to', async () => {
    const { host, pids } = await hostWith('left')
    const [pid] = pids as [number]
    host.kill('SIGKILL')
    await new Promise((resolve) => host.once('close', resolve))
    // The guardian would have two seconds, and anyone who starts next sweeps.
    sweep(join(tmpdir(), 'plugin-dir'))
    await new Promise((resolve) => setTimeout(resolve, 3000))
    expect(runs(pid)).toBe(true)
    const [folder, ...others] = leftovers()
    expect(others).toEqual([])
    rmSync(join(tmpdir(), folder as string), { recursive: true })
  })

  it('stay after a host that handed them over and exited, and take their folder with them in the end', async () => {
    const client = pluginClient(testPlugin({ parentWatch: false }))
    await client.start()
    const reattach = (await client.detach())!
    sweep(join(tmpdir(), 'plugin-dir'))
    const { handshake } = testPlugin()
    const next = pluginClient({ handshake, plugins: { test: Test, ping: PingPong }, reattach })
    const test = await next.dispense('test')
    expect(await test.Double!({ Input: 4 })).toMatchObject({ Output: 8 })
    await next.kill()
    expect(leftovers()).toEqual([])
  })
})

describe.runIf(linux)('what a killed host and its killed guardian left', () => {
  const sleeper = () => {
    const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' })
    started.push(child.pid as number)
    return { pid: child.pid as number, child }
  }
  /** Whether a process got no signal so far: it ends by the first of those that it got. */
  const isUntouched = async ({ child }: ReturnType<typeof sleeper>) => {
    const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)))
    child.kill('SIGTERM')
    return (await ended) === 'SIGTERM'
  }
  const prefix = () => join(tmpdir(), 'swept-')
  const names = () => readdirSync(tmpdir()).filter((name) => name.startsWith('swept-'))
  /** A folder as another process would have left it. */
  const left = (changes: object, name = 'swept-abcdef') => {
    const folder = ownedFolder(join(tmpdir(), 'model-'))
    folder.hold({ pid: 4_000_000, start: '1', group: true })
    const owner = JSON.parse(readOwner(folder.path))
    folder.remove()
    const path = join(tmpdir(), name)
    mkdirSync(path)
    writeFileSync(join(path, 'owner.json'), JSON.stringify({ ...owner, ...changes }))
    return path
  }
  const dead = { pid: 4_000_001, start: '1' }

  afterEach(() => {
    for (const name of names()) rmSync(join(tmpdir(), name), { recursive: true, force: true })
  })

  it('is ended and removed by the next one', async () => {
    const { pid } = sleeper()
    left({ ...dead, process: { pid, start: processStart(pid), group: true } })
    ownedFolder(prefix()).remove()
    await eventually(() => !runs(pid), 60_000)
    expect(names()).toEqual([])
  })

  it('is told from a process that has only the same id', async () => {
    const other = sleeper()
    left({ ...dead, process: { pid: other.pid, start: '1', group: true } })
    sweep(prefix())
    expect(names()).toEqual([])
    expect(await isUntouched(other)).toBe(true)
  })

  it('is told from an owner that lives, by its beginning too', () => {
    left({ pid: process.pid, start: processStart(process.pid) }, 'swept-living')
    left({ pid: process.pid, start: '1' }, 'swept-reused')
    sweep(prefix())
    expect(names()).toEqual(['swept-living'])
  })

  it.each([
    ['another machine', { machine: 'elsewhere' }, 1],
    ['another container', { pids: 'pid:[1]' }, 1],
    ['an earlier boot', { boot: 'before', process: undefined }, 0],
  ])('is judged by where it ran: %s', async (_where, changes, remain) => {
    const other = sleeper()
    left({ ...dead, process: { pid: other.pid, start: processStart(other.pid), group: true }, ...changes })
    sweep(prefix())
    expect(names()).toHaveLength(remain)
    expect(await isUntouched(other)).toBe(true)
  })

  it.each([
    ['nothing', undefined],
    ['half a note', '{"machine":'],
    ['another kind of note', '[]'],
    [
      'a note with ids that reach everybody',
      JSON.stringify({ machine: 'x', pid: -1, process: { pid: -1, start: '1' } }),
    ],
  ])('is not touched where it says %s', (_what, text) => {
    const path = join(tmpdir(), 'swept-strange')
    mkdirSync(path)
    if (text !== undefined) writeFileSync(join(path, 'owner.json'), text)
    sweep(prefix())
    expect(existsSync(path)).toBe(true)
  })

  it('is not followed through a link', async () => {
    const other = sleeper()
    const held = { pid: other.pid, start: processStart(other.pid), group: true }
    const target = left({ ...dead, process: held }, 'target-abcdef')
    symlinkSync(target, join(tmpdir(), 'swept-link'))
    sweep(prefix())
    expect(names()).toEqual(['swept-link'])
    expect(existsSync(target)).toBe(true)
    rmSync(target, { recursive: true })
    expect(await isUntouched(other)).toBe(true)
  })

  it.each([-1, 0, 1, 1.5])('signals nobody where the id that is noted means more than one process: %s', (pid) => {
    const signalled: number[] = []
    const kill = vi.spyOn(process, 'kill').mockImplementation((target, signal) => {
      if (signal !== 0) signalled.push(target)
      throw Object.assign(new Error('no such process'), { code: 'ESRCH' })
    })
    try {
      left({ ...dead, process: { pid, start: processStart(1), group: true } })
      sweep(prefix())
    } finally {
      kill.mockRestore()
    }
    expect(signalled).toEqual([])
  })
})

function readOwner(path: string): string {
  return readFileSync(join(path, 'owner.json'), 'utf8')
}
