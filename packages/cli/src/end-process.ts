import { readdirSync, readFileSync } from 'node:fs'

/** How long what still runs may take to end by itself once the command is done, in milliseconds. */
const graceMs = 1_000

/**
 * Takes the place of a process, by which its threads end, then ends the children that it has (proc(5) has them under
 * the one thread that is left) and itself. In that order no thread can go on and start another child.
 */
const ending = (code: number) =>
  `trap '' INT TERM HUP; read -r pids < /proc/$$/task/$$/children; kill -9 $pids; exit ${code}`

/**
 * Ends this process with an exit code though a thread of it is in a system call that does not return: `process.exit`
 * would wait for that thread. Handlers of `exit` run, and children are ended.
 */
export function endProcess(code: number): never {
  process.exitCode = code
  process.emit('exit', code)
  try {
    // Another program takes the place of this one, threads included, and ends with the code: a signal could not carry
    // it.
    process.removeAllListeners('warning')
    process.execve?.('/bin/sh', ['sh', '-c', `{ ${ending(code)}; } 2>/dev/null`], {})
  } catch {
    // There is no shell.
  }
  for (const pid of children()) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
  process.kill(process.pid, 'SIGKILL')
  throw process.exit(code)
}

/**
 * Sees to it that the process ends soon, whatever a plugin's thread does; what is still being written is waited for.
 */
export function endSoon(code: number): void {
  process.exitCode = code
  setInterval(() => {
    if (process.stdout.writableLength + process.stderr.writableLength === 0) endProcess(code)
  }, graceMs).unref()
}

/** The processes that threads of this one have started; empty where the system does not say. */
function children(): number[] {
  try {
    return readdirSync('/proc/self/task').flatMap((thread) =>
      readFileSync(`/proc/self/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    )
  } catch {
    return []
  }
}
