import { readFileSync } from 'node:fs'

/**
 * Says when a process began, as a text to compare with; `undefined` where the system does not tell. Process ids come
 * again: an id and its beginning together name one process.
 */
export function processStart(pid: number): string | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // proc_pid_stat(5): the name, which may hold anything, stands in parentheses; the 22nd field is the start in ticks.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
