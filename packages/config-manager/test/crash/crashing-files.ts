import type { FileSystem } from '../../src/file/file-system.ts'

/** What a file holds, and what of it is sure to be on the disk. */
interface FileState {
  bytes: Uint8Array
  synced: Uint8Array
}

/** Thrown at the step at which the machine stops. */
class Crash extends Error {}

/**
 * A file system in memory that stops at a chosen step, in the middle of a write if it is one. After that everything
 * fails, as nothing runs any more; {@link CrashingFiles.survivors} is what the next start finds.
 */
export class CrashingFiles implements FileSystem {
  #steps: number
  readonly #torn: number
  #files = new Map<string, FileState>()
  #renames: { readonly to: string; readonly state: FileState; readonly before: FileState | undefined }[] = []
  #stopped = false

  /**
   * @param steps - how many steps are taken before the crash @param torn - how much of a write is taken at the crash, 0
   * to 1
   */
  constructor(steps: number, torn: number, files: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#steps = steps
    this.#torn = torn
    for (const [path, bytes] of files) this.#files.set(path, { bytes, synced: bytes })
  }

  /** Whether the crash has come. */
  get stopped(): boolean {
    return this.#stopped
  }

  /**
   * What the next start finds. After a killed process that is everything written; after a power failure only what was
   * synced is sure: of the rest a part is there, and a rename that was not synced may not have happened.
   */
  survivors(power: boolean, part: number): Map<string, Uint8Array> {
    const files = new Map(this.#files)
    if (power) {
      for (const { to, state, before } of [...this.#renames].reverse()) {
        if (files.get(to) !== state) continue
        if (before) files.set(to, before)
        else files.delete(to)
      }
    }
    return new Map([...files].map(([path, state]) => [path, power ? partly(state, part) : state.bytes]))
  }

  async makeDirectory(): Promise<void> {
    this.#step()
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    this.#step()
    return this.#files.get(path)?.bytes
  }

  async append(path: string) {
    this.#step()
    const state = this.#files.get(path) ?? { bytes: new Uint8Array(), synced: new Uint8Array() }
    this.#files.set(path, state)
    return {
      write: async (bytes: Uint8Array) => {
        const taken = this.#stepTaking(bytes)
        state.bytes = joined(state.bytes, taken)
        if (this.#stopped) throw new Crash()
        return taken.length
      },
      sync: async () => {
        this.#step()
        state.synced = state.bytes
      },
      truncate: async (length: number) => {
        this.#step()
        state.bytes = state.bytes.slice(0, length)
      },
      close: async () => this.#step(),
    }
  }

  async createExclusively(path: string, text: string): Promise<void> {
    this.#step()
    if (this.#files.has(path)) throw Object.assign(new Error('exists'), { code: 'EEXIST' })
    const bytes = new TextEncoder().encode(text)
    this.#files.set(path, { bytes, synced: bytes })
  }

  async rename(from: string, to: string): Promise<void> {
    this.#step()
    const state = this.#files.get(from) as FileState
    this.#renames.push({ to, state, before: this.#files.get(to) })
    this.#files.delete(from)
    this.#files.set(to, state)
  }

  async remove(path: string): Promise<void> {
    this.#step()
    this.#files.delete(path)
  }

  async syncDirectory(): Promise<void> {
    this.#step()
    this.#renames = []
  }

  #step(): void {
    if (this.#stopped || this.#steps-- <= 0) {
      this.#stopped = true
      throw new Crash()
    }
  }

  #stepTaking(bytes: Uint8Array): Uint8Array {
    if (this.#stopped) throw new Crash()
    if (this.#steps-- > 0) return bytes
    this.#stopped = true
    return bytes.slice(0, Math.floor(bytes.length * this.#torn))
  }
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(left.length + right.length)
  bytes.set(left)
  bytes.set(right, left.length)
  return bytes
}

/** Of what was appended since the last sync some bytes are there; what was cut off may be back. */
function partly({ bytes, synced }: FileState, part: number): Uint8Array {
  if (bytes.length < synced.length) return part < 0.5 ? synced : bytes
  return bytes.slice(0, synced.length + Math.floor((bytes.length - synced.length) * part))
}
