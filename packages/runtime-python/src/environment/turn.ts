import { mkdir, rm, stat, utimes } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** Who is at work shows so often that it still is; who has not shown for so long has ended. */
const beatMs = 5_000
const staleMs = 30_000

/**
 * Does work that others, here and in other processes, should wait for rather than do again; `lock` is a folder that is
 * there meanwhile. Not mutual exclusion: who is suspended for half a minute loses its turn, so the work must bear
 * another beside it.
 *
 * Asks `waiting` each time that it is another's turn, and gives up where that says false. Rejects with `signal`'s
 * reason.
 */
export async function inTurn(
  lock: string,
  { waiting, signal }: { waiting(): boolean; signal: AbortSignal },
  work: () => Promise<void>,
): Promise<void> {
  while (!(await taken(lock))) {
    if (!waiting()) return
    await sleep(200, undefined, { signal })
  }
  const beat = setInterval(() => void utimes(lock, new Date(), new Date()).catch(() => {}), beatMs)
  try {
    await work()
  } finally {
    clearInterval(beat)
    await rm(lock, { recursive: true, force: true })
  }
}

/** Takes a lock; one whose owner has not shown for long, or shows a time to come, was left behind. */
async function taken(lock: string): Promise<boolean> {
  try {
    await mkdir(lock)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const { mtimeMs = Date.now() } = await stat(lock).catch(() => ({}) as { mtimeMs?: number })
    if (Math.abs(Date.now() - mtimeMs) > staleMs) await rm(lock, { recursive: true, force: true })
    return false
  }
}
