import { closeSync, openSync, readFileSync } from 'node:fs'

/**
 * Descriptors that are left to the rest of the process: a program that it starts takes several for a moment, and so do
 * files that it writes. Of a small limit it is an eighth: a process that was given 64 uses half of them to be there at
 * all.
 */
const reserve = 256
const share = 1 / 8

/** How many files and sockets this process may have open; infinite where the system does not say. */
export function openFilesLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** Whether so few descriptors are left of `limit` that a broker should take no more of them. */
export function isShortOf(limit: number): boolean {
  if (limit === Number.POSITIVE_INFINITY) return false
  try {
    // The system gives the lowest that is free: all below it are in use.
    const next = openSync('/dev/null', 'r')
    closeSync(next)
    return next >= limit - Math.min(reserve, Math.floor(limit * share))
  } catch {
    return true
  }
}
