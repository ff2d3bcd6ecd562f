import { type ChildProcess, spawn } from 'node:child_process'
import { BackplaneError, type Logger } from '@backplane/core'

/** What must not outlive this process. */
export interface Ward {
  readonly pid: number
  /** Whether the process leads a group, which is ended as a whole. */
  readonly group: boolean
  /** A folder that goes with it; an absolute path. */
  readonly folder?: string
}

/** How long a guardian without wards stays, in milliseconds: who starts one plugin after another needs one of them. */
const lingerMs = 2000

/**
 * Each line of its input holds all that is to end with the host, tab-separated: process ids, negative for a group, and
 * folders. When the input ends, the host is gone, and the last whole line holds. A plugin may end of itself first
 * (SIGTERM), since it may have something to put in order; two seconds later nobody asks any more. A process that is
 * stopped takes no other signal than SIGKILL and SIGCONT, so it is continued for that.
 */
const script = `trap '' HUP INT QUIT TERM
last=
while IFS= read -r line; do last=$line; done
IFS='\t'
set -f
alive() {
  for it in $last; do
    case $it in /*) ;; *) kill -0 -- "$it" 2>/dev/null && return 0 ;; esac
  done
  return 1
}
each() {
  for it in $last; do
    case $it in /*) ;; *) kill -s "$1" -- "$it" 2>/dev/null ;; esac
  done
}
each TERM
each CONT
round=0
while [ $round -lt 20 ] && alive; do
  sleep 0.1 2>/dev/null || { sleep 1; round=$((round + 9)); }
  round=$((round + 1))
done
each KILL
for it in $last; do
  case $it in /*) rm -rf -- "$it" ;; esac
done`

/** The one guardian of a process. */
interface Guardian {
  readonly wards: Set<Ward>
  process: ChildProcess | undefined
  linger: NodeJS.Timeout | undefined
}

const key = Symbol.for('backplane.handshake-grpc.guardian')

/**
 * Sees to it that a child process ends with this process, in whatever way this one ends (SIGKILL, a crash of V8); gives
 * what takes that back.
 *
 * A program that was not made for it cannot be told of its parent's end by any means of Node: Linux has a signal for it
 * (PR_SET_PDEATHSIG), which a process can only ask for itself. So one small shell, in a session of its own, reads a
 * pipe whose other end is held by this process alone; when the system closes it, the shell ends what is left. On
 * Windows Node's own job object does the same.
 */
export function guard(ward: Ward, logger: Logger): () => void {
  if (process.platform === 'win32') return () => {}
  const guardian = theGuardian()
  guardian.wards.add(ward)
  tell(guardian, logger)
  return () => {
    if (guardian.wards.delete(ward)) tell(guardian, logger)
  }
}

/** It hangs on the process, not on this module, so that two copies of the package share it. */
function theGuardian(): Guardian {
  const holder = process as { [key]?: Guardian } & NodeJS.Process
  holder[key] ??= { wards: new Set(), process: undefined, linger: undefined }
  return holder[key]
}

function tell(guardian: Guardian, logger: Logger): void {
  clearTimeout(guardian.linger)
  guardian.linger = undefined
  const { wards } = guardian
  if (wards.size > 0) guardian.process ??= begin(guardian, logger)
  guardian.process?.stdin?.write(`${lineOf(wards)}\n`)
  if (wards.size === 0) guardian.linger = setTimeout(() => end(guardian), lingerMs).unref()
}

function lineOf(wards: ReadonlySet<Ward>): string {
  const ids = [...wards].map(({ pid, group }) => (group ? -pid : pid))
  const folders = [...wards].flatMap(({ folder }) => (folder === undefined || /[\t\n]/.test(folder) ? [] : [folder]))
  return [...ids, ...folders].join('\t')
}

function begin(guardian: Guardian, logger: Logger): ChildProcess | undefined {
  const lost = (cause: unknown) => {
    if (guardian.process === child) guardian.process = undefined
    const err = BackplaneError.from(cause).message
    logger.warn({ err }, 'plugins may outlive this process: what ends them could not be started')
  }
  let child: ChildProcess | undefined
  try {
    child = spawn('/bin/sh', ['-c', script], {
      cwd: '/',
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
      // A session of its own: what is sent to the host's group or terminal does not reach it.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
  } catch (cause) {
    lost(cause)
    return undefined
  }
  child.once('error', lost)
  child.once('exit', () => {
    if (guardian.process === child) guardian.process = undefined
  })
  child.stdin?.on('error', () => {})
  child.unref()
  ;(child.stdin as (typeof child.stdin & { unref?(): void }) | null)?.unref?.()
  return child
}

function end(guardian: Guardian): void {
  guardian.process?.stdin?.end()
  guardian.process = undefined
}
