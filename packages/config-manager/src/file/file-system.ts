import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'

/** An open file, as far as the file store writes it. */
export interface OpenFile {
  /** Appends bytes; resolves with how many were taken, which may be fewer than given. */
  write(bytes: Uint8Array): Promise<number>
  /** Resolves when everything written is on the disk. */
  sync(): Promise<void>
  truncate(length: number): Promise<void>
  close(): Promise<void>
}

/** What the file store asks of a file system; injected, so that tests can fail it or stop it at every step. */
export interface FileSystem {
  makeDirectory(path: string): Promise<void>
  /** The bytes of a file, or `undefined` if there is none. */
  read(path: string): Promise<Uint8Array | undefined>
  /** Opens for appending; makes the file if there is none, readable by its owner alone. */
  append(path: string): Promise<OpenFile>
  /** Makes a file with this content; rejects with code `EEXIST` if there is one. */
  createExclusively(path: string, text: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** Removes a file; harmless if it is not there. */
  remove(path: string): Promise<void>
  /** Makes a directory's entries durable, so that a rename survives a power failure. */
  syncDirectory(path: string): Promise<void>
}

/** The real file system. */
export const realFileSystem: FileSystem = {
  async makeDirectory(path) {
    await mkdir(path, { recursive: true, mode: 0o700 })
  },
  async read(path) {
    try {
      return await readFile(path)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  },
  async append(path) {
    const handle = await open(path, 'a', 0o600)
    return {
      write: async (bytes) => (await handle.write(bytes)).bytesWritten,
      sync: () => handle.sync(),
      truncate: (length) => handle.truncate(length),
      close: () => handle.close(),
    }
  },
  createExclusively: (path, text) => writeFile(path, text, { flag: 'wx', mode: 0o600 }),
  rename,
  remove: (path) => rm(path, { force: true }),
  async syncDirectory(path) {
    // Windows cannot open a directory, and needs no such sync: its renames are journalled.
    if (process.platform === 'win32') return
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
}

/** The system's code of an error (`ENOENT`), if it has one. */
export function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined
}
