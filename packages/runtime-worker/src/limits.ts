import { readdir, stat } from 'node:fs/promises'
import type { Limits, PluginRuntime } from '@backplane/core'

/** Threads that a language's own machinery may have, beside what a plugin starts: the system counts them all. */
const ownThreads = 80
/** A process could not begin with fewer files. */
const leastFiles = 16

/** What the system holds here. It does not count the processes of its administrator, nor limit memory on macOS. */
export function enforcedLimits(): PluginRuntime['enforces'] {
  const always = ['limits.cpu_seconds', 'limits.open_files'] as const
  if (process.platform !== 'linux') return always
  const memory = [...always, 'limits.memory_mb'] as const
  return process.getuid?.() === 0 ? memory : [...memory, 'limits.processes']
}

/**
 * Gives the command that runs another one under the system's limits: a shell sets them, then becomes the program, so no
 * language has to do it itself and none can lift them. Memory is private memory that can be written to (RLIMIT_DATA),
 * not address space: Go and Java reserve far more of that than they use.
 */
export async function underLimits(
  { command, args }: { readonly command: string; readonly args: readonly string[] },
  { memory_mb, cpu_seconds, open_files, processes }: Limits,
): Promise<{ readonly command: string; readonly args: readonly string[] }> {
  const isLinux = process.platform === 'linux'
  // No image of its memory is left by a crash: it may hold secrets.
  const settings = ['ulimit -c 0']
  if (memory_mb !== undefined && isLinux) settings.push(`ulimit -d ${Math.ceil(memory_mb * 1024)}`)
  if (cpu_seconds !== undefined) settings.push(`ulimit -t ${Math.ceil(cpu_seconds)}`)
  if (open_files !== undefined) settings.push(`ulimit -n ${Math.max(leastFiles, open_files)}`)
  if (processes !== undefined && isLinux) {
    const most = (await tasksOfUser()) + processes + ownThreads
    // What bash calls -u is -p in dash and busybox, where -u is not known, and the other way round.
    settings.push(`if (ulimit -u ${most}) 2>/dev/null; then ulimit -u ${most}; else ulimit -p ${most}; fi`)
  }
  return { command: '/bin/sh', args: ['-c', `${settings.join(' && ')} && exec "$0" "$@"`, command, ...args] }
}

/** How many threads this user has: the system's limit on processes counts them. */
async function tasksOfUser(): Promise<number> {
  const user = process.getuid?.()
  const counts = (await readdir('/proc')).map(async (name) => {
    if (!/^\d+$/.test(name) || (await stat(`/proc/${name}`)).uid !== user) return 0
    return (await readdir(`/proc/${name}/task`)).length
  })
  // Those that have ended meanwhile are not counted.
  const settled = await Promise.allSettled(counts)
  return settled.reduce((sum, count) => sum + (count.status === 'fulfilled' ? count.value : 0), 0)
}
