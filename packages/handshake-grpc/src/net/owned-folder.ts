import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { processStart } from '../client/process-start.ts'
import { atExit } from './exit.ts'

/** One process among all that ever had its id. */
interface ProcessMark {
  readonly pid: number
  /** When it began, as its system says; absent where that is not told. */
  readonly start?: string
}

/** A process that is to be ended with a folder's owner; `group` when it leads a group that is ended as a whole. */
type OwnedProcess = ProcessMark & { readonly group: boolean }

/** What stands in {@link ownerFile}. */
interface Owner extends ProcessMark {
  readonly machine: string
  /** The boot and the namespace of process ids that the ids belong to; empty where the system names none. */
  readonly boot: string
  readonly pids: string
  readonly process?: OwnedProcess
}

/** A temporary folder of this process. */
export interface OwnedFolder {
  readonly path: string
  /** Notes a process that belongs to the folder; who sweeps the folder ends it first. */
  hold(process: OwnedProcess): void
  /** Leaves the folder to somebody else: it is neither removed with this process nor swept. */
  release(): void
  remove(): void
}

const ownerFile = 'owner.json'

/**
 * Makes a private temporary folder, named `prefix` and six characters, that says whose it is. It goes with this
 * process, and where this process is killed, with the next one that makes such a folder beside it.
 *
 * Throws what the file system throws.
 */
export function ownedFolder(prefix: string): OwnedFolder {
  sweepOnce(prefix)
  const path = mkdtempSync(prefix)
  const write = (held?: OwnedProcess) =>
    writeFileSync(join(path, ownerFile), JSON.stringify({ ...self(), ...(held && { process: held }) }), { mode: 0o600 })
  const clean = () => rmSync(path, { recursive: true, force: true })
  const forget = atExit(clean)
  try {
    write()
  } catch (error) {
    forget()
    clean()
    throw error
  }
  return {
    path,
    hold(held) {
      try {
        write(held)
      } catch {
        // Nobody finds the process by this folder then; its guardian still does.
      }
    },
    release() {
      forget()
      rmSync(join(path, ownerFile), { force: true })
    },
    remove() {
      forget()
      clean()
    },
  }
}

const key = Symbol.for('backplane.handshake-grpc.swept')

/** What a killed process left is there when this one begins; what comes later has owners that live. */
function sweepOnce(prefix: string): void {
  const holder = process as { [key]?: Set<string> } & NodeJS.Process
  holder[key] ??= new Set()
  if (holder[key].has(prefix)) return
  holder[key].add(prefix)
  sweep(prefix)
}

/**
 * Removes the folders of that prefix whose owners are gone, and ends the processes that they held. A folder is believed
 * only where it and its note belong to this user and no link leads to them, since anybody may make names in `/tmp`.
 */
export function sweep(prefix: string): void {
  const parent = dirname(prefix)
  for (const name of namesIn(parent)) {
    if (!name.startsWith(basename(prefix))) continue
    const path = join(parent, name)
    try {
      const owner = ownerOf(path)
      if (!owner || !isGone(owner)) continue
      if (owner.process && isHere(owner)) endProcess(owner.process)
      rmSync(path, { recursive: true, force: true })
    } catch {
      // Somebody else sweeps too, or it cannot be read: then it is not ours to judge.
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function ownerOf(path: string): Owner | undefined {
  const user = process.getuid?.()
  const folder = lstatSync(path)
  const file = lstatSync(join(path, ownerFile))
  if (!folder.isDirectory() || !file.isFile() || folder.uid !== user || file.uid !== user) return undefined
  const { machine, boot, pids, pid, start, process: held } = JSON.parse(readFileSync(join(path, ownerFile), 'utf8'))
  if (typeof machine !== 'string' || !isPid(pid)) return undefined
  const noted = isPid(held?.pid) && typeof held.start === 'string'
  return { machine, boot, pids, pid, start, ...(noted && { process: held }) }
}

/** Signals to 0, to 1 and to negative numbers reach others than one process. */
function isPid(pid: unknown): pid is number {
  return Number.isInteger(pid) && (pid as number) > 1
}

/** What is not known is taken for alive: another container's process, another machine's. */
function isGone(owner: Owner): boolean {
  const here = self()
  if (owner.machine !== here.machine) return false
  if (owner.boot !== here.boot) return true
  return owner.pids === here.pids && !isAlive(owner)
}

function isHere({ machine, boot, pids }: Owner): boolean {
  const here = self()
  return machine === here.machine && boot === here.boot && pids === here.pids
}

function isAlive({ pid, start }: ProcessMark): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return start === undefined || (processStart(pid) ?? start) === start
}

/** Only a process whose beginning is known to be the same is ended: ids come again. */
function endProcess({ pid, start, group }: OwnedProcess): void {
  if (start === undefined || processStart(pid) !== start) return
  try {
    process.kill(group ? -pid : pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}

function self(): Owner {
  const { pid } = process
  const start = processStart(pid)
  return {
    machine: hostname(),
    boot: told(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()),
    pids: told(() => readlinkSync('/proc/self/ns/pid')),
    pid,
    ...(start !== undefined && { start }),
  }
}

function told(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
