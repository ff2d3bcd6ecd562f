import { readdirSync, readFileSync } from 'node:fs'

/**
 * The processor time that a process group has used so far, in ticks: only what changes says anything. `undefined` where
 * the system does not tell. It reads a file for each process of the machine, so ask rarely.
 */
export function processorTime(group: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  let ticks = 0
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
      // proc_pid_stat(5): after the name in parentheses come the state, the parent, the group; the 14th and 15th are
      // times.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (Number(fields[2]) === group) ticks += Number(fields[11]) + Number(fields[12])
    } catch {
      // It has ended meanwhile.
    }
  }
  return ticks
}
