/** Python virtual environments, made once for all checkouts. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { cacheDir } from '../tools/workspace.ts'

const execute = promisify(execFile)

/** A Python virtual environment. */
export interface Venv {
  readonly folder: string
  /** The path of one of its commands: `bin('python')`. */
  bin(command: string): string
}

/** Makes the environment with these requirements, unless it is in the cache already. */
export async function makeVenv(python: string, requirements: readonly string[]): Promise<Venv> {
  const hash = createHash('sha256')
    .update([python, ...requirements].join('\n'))
    .digest('hex')
    .slice(0, 16)
  const folder = cacheDir(`venv-${hash}`)
  const complete = join(folder, '.complete')
  await once(`${folder}.lock`, complete, async () => {
    console.log(`     making a virtual environment: ${requirements.join(' ')}`)
    rmSync(folder, { recursive: true, force: true })
    await execute(python, ['-m', 'venv', folder])
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...requirements]
    await execute(join(folder, 'bin', 'python'), pip, { maxBuffer: 1 << 26 })
    writeFileSync(complete, `${requirements.join('\n')}\n`)
  })
  return { folder, bin: (command) => join(folder, 'bin', command) }
}

/** Does `work` unless `done` exists; a folder is the lock between processes, stale after 15 minutes. */
async function once(lock: string, done: string, work: () => Promise<void>): Promise<void> {
  mkdirSync(dirname(lock), { recursive: true })
  for (;;) {
    if (existsSync(done)) return
    try {
      mkdirSync(lock)
      break
    } catch {
      const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
      if (age > 15 * 60_000) rmSync(lock, { recursive: true, force: true })
      await sleep(250)
    }
  }
  try {
    await work()
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}
