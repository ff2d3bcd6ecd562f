import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const prefix = 'backplane-plugin-'

/**
 * Working directories of plugins without a state folder. A directory's name says whose it is: it goes with the plugin's
 * process, and where both that and this host were killed, with the next host that makes one.
 */
export class ScratchFolders {
  #swept: Promise<void> | undefined

  /** Makes one. Throws what the file system throws. */
  async make(): Promise<string> {
    this.#swept ??= sweepScratch()
    await this.#swept
    return mkdtemp(join(tmpdir(), `${prefix}${namespaceOf()}-${process.pid}-${startOf(process.pid) ?? 0}-`))
  }
}

/** Removes the folders of hosts that are gone. What is not known is taken for alive: another container's host. */
export async function sweepScratch(folder = tmpdir()): Promise<void> {
  const here = namespaceOf()
  for (const name of namesIn(folder)) {
    const [, namespace, pid, start] = /^backplane-plugin-(\d+)-(\d+)-(\d+)-[^-]+$/.exec(name) ?? []
    if (namespace !== here || isAlive(Number(pid), start as string)) continue
    const path = join(folder, name)
    // Anybody may make names in a folder for temporary files.
    if (isOwn(path)) await rm(path, { recursive: true, force: true }).catch(() => {})
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function isOwn(path: string): boolean {
  try {
    const found = lstatSync(path)
    return found.isDirectory() && found.uid === process.getuid?.()
  } catch {
    return false
  }
}

function isAlive(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
  return (startOf(pid) ?? start) === start
}

/** The namespace that process ids belong to (Linux); `0` elsewhere. */
function namespaceOf(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
  } catch {
    return '0'
  }
}

/** When a process began, in ticks since the boot (Linux). */
function startOf(pid: number): string | undefined {
  try {
    // After the name, which may hold anything, the 20th field.
    return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ')[19]
  } catch {
    return undefined
  }
}
