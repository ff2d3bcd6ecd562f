import { readFile } from 'node:fs/promises'
import { contractError } from '@backplane/core/errors'
import { codeOf, type FileSystem } from './file-system.ts'

/** Who holds a directory: a process id, and when that process started, since ids are used again. */
interface Holder {
  readonly pid: number
  readonly started: string
}

/**
 * Takes a directory's one writer's place, or rejects with `BP_CONFIG_LOCKED`. The place of a process that is gone is
 * taken over; a second lock makes sure that only one does so.
 */
export async function takeWriterLock(files: FileSystem, dir: string): Promise<() => Promise<void>> {
  const path = `${dir}/writer.lock`
  const text = JSON.stringify({ pid: process.pid, started: await startOf(process.pid) } satisfies Holder)
  if (!(await tryCreate(files, path, text))) await takeOver(files, dir, path, text)
  return async () => {
    if (decode(await files.read(path)) === text) await files.remove(path)
  }
}

async function takeOver(files: FileSystem, dir: string, path: string, text: string): Promise<void> {
  const guard = `${path}.takeover`
  if (!(await tryCreate(files, guard, text))) {
    await refuseIfAlive(files, guard, dir)
    await files.remove(guard)
    if (!(await tryCreate(files, guard, text))) await refuseIfAlive(files, guard, dir)
  }
  try {
    await refuseIfAlive(files, path, dir)
    await files.remove(path)
    if (!(await tryCreate(files, path, text))) await refuseIfAlive(files, path, dir)
  } finally {
    await files.remove(guard)
  }
}

async function tryCreate(files: FileSystem, path: string, text: string): Promise<boolean> {
  try {
    await files.createExclusively(path, text)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

async function refuseIfAlive(files: FileSystem, path: string, dir: string): Promise<void> {
  const holder = holderOf(decode(await files.read(path)))
  if (holder && (await isAlive(holder))) throw contractError('BP_CONFIG_LOCKED', { details: { pid: holder.pid, dir } })
}

async function isAlive({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return codeOf(error) === 'EPERM'
  }
  return (await startOf(pid)) === started
}

/** When a process started, as Linux counts it; elsewhere unknown, and the id alone must do. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything; the start time is the 20th field after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function holderOf(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Holder> | null
    return typeof holder?.pid === 'number' && typeof holder.started === 'string' ? (holder as Holder) : undefined
  } catch {
    return undefined
  }
}

function decode(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes)
}
