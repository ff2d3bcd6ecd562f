import { join } from 'node:path'
import {
  BackplaneError,
  type ConfigStore,
  coreError,
  messageOf,
  type StoredDocument,
  type StoreWrite,
} from '@backplane/core'
import { configError } from '../errors.ts'
import type { SecretStore } from '../secrets.ts'
import { isUnwritable, type StoreCondition, type StoreRepair, type WithCondition } from '../store-condition.ts'
import { conflictOf } from '../store-conflict.ts'
import { fileSecrets } from './file-secrets.ts'
import { type FileSystem, type OpenFile, realFileSystem } from './file-system.ts'
import { batchLine, compactLog, type LogContent, readLog } from './log.ts'
import { takeWriterLock } from './writer-lock.ts'

/** What a file store is made with. */
export interface FileStoreInit {
  /** A log below this many bytes is never compacted. @default 1048576 */
  readonly compactAboveBytes?: number
  /** @default the real one */
  readonly files?: FileSystem
}

/** A store that brings a place for secrets: an encrypted file beside it. */
export interface FileStore extends ConfigStore, WithCondition {
  readonly secrets: SecretStore
}

/**
 * Keeps documents in a directory: a log of batches, each with a checksum, appended and synced; now and then the log is
 * rewritten and renamed into place. After a crash at any step a batch is found whole or not at all. One process writes;
 * not for a directory on a network file system, whose locks and renames promise less.
 *
 * A log of which more is gone than a crash takes is kept beside (`config.log.damaged-1`), and `condition` says so once
 * it is open. Where nothing can be written (a full disk, a read-only one) what is stored is read all the same, and
 * writes reject with `BP_CONFIG_STORE_READ_ONLY` until they succeed.
 */
export function fileStore(dir: string, init: FileStoreInit = {}): FileStore {
  return new DirectoryStore(dir, init)
}

class DirectoryStore implements FileStore {
  readonly secrets: SecretStore
  readonly #dir: string
  readonly #path: string
  readonly #files: FileSystem
  readonly #compactAbove: number
  #documents = new Map<string, StoredDocument>()
  #revision = 0
  #bytes = 0
  #compactBytes = 0
  #log: OpenFile | undefined
  #release: (() => Promise<void>) | undefined
  #queue: Promise<unknown> = Promise.resolve()
  #broken: unknown
  #repair: StoreRepair | undefined
  #readOnly: string | undefined

  constructor(dir: string, { files = realFileSystem, compactAboveBytes = 1_048_576 }: FileStoreInit) {
    this.#dir = dir
    this.#path = join(dir, 'config.log')
    this.#files = files
    this.#compactAbove = compactAboveBytes
    this.secrets = fileSecrets(join(dir, 'secrets'), { files })
  }

  get condition(): StoreCondition {
    return {
      ...(this.#repair ? { repair: this.#repair } : {}),
      ...(this.#readOnly === undefined ? {} : { readOnly: { path: this.#path, reason: this.#readOnly } }),
    }
  }

  async open(): Promise<void> {
    if (this.#log || this.#readOnly !== undefined) return
    try {
      await this.#attach()
    } catch (error) {
      await this.#letGo()
      if (!isUnwritable(error)) throw BackplaneError.from(error, failed)
      await this.#readAlone(error)
    }
  }

  async #attach(): Promise<void> {
    await this.#files.makeDirectory(this.#dir)
    this.#release = await takeWriterLock(this.#files, this.#dir)
    await this.#files.remove(this.#nextPath)
    const bytes = await this.#files.read(this.#path)
    if (bytes) await this.#takeLog(bytes)
    else await this.#replaceLog(compactLog(new Map(), 0))
    this.#broken = undefined
    this.#log = await this.#files.append(this.#path)
    if (bytes && this.#bytes < bytes.length) await this.#cutTo(this.#bytes)
    await this.#files.syncDirectory(this.#dir)
  }

  /** Reads without a lock and without repairing anything: nothing can be written. */
  async #readAlone(reason: unknown): Promise<void> {
    try {
      const bytes = await this.#files.read(this.#path)
      if (bytes) this.#take(readLog(bytes, this.#path))
    } catch (error) {
      throw BackplaneError.from(error, failed)
    }
    this.#readOnly = messageOf(reason)
  }

  async #takeLog(bytes: Uint8Array): Promise<void> {
    const content = readLog(bytes, this.#path)
    const { damage, documents } = content
    if (damage !== undefined) {
      const keptAt = bytes.length === 0 ? undefined : await this.#keepAside(bytes)
      if (content.soundBytes === 0) await this.#replaceLog(compactLog(new Map(), 0))
      const kept = keptAt === undefined ? {} : { keptAt }
      this.#repair = { path: this.#path, reason: damage, documents: documents.size, ...kept }
    }
    this.#take(content)
  }

  #take({ documents, revision, soundBytes, damage }: LogContent): void {
    this.#documents = documents
    this.#revision = revision
    this.#bytes = damage !== undefined && soundBytes === 0 ? this.#bytes : soundBytes
    this.#compactBytes = this.#bytes
  }

  /** Writes the damaged log beside, under a name of its own. */
  async #keepAside(bytes: Uint8Array): Promise<string> {
    for (let count = 1; ; count++) {
      const path = `${this.#path}.damaged-${count}`
      if (await this.#files.read(path)) continue
      const file = await this.#files.append(path)
      try {
        await writeAll(file, bytes)
        await file.sync()
      } finally {
        await file.close()
      }
      return path
    }
  }

  /** Tries to write again where nothing could be written before. */
  async #becomeWritable(): Promise<void> {
    const known = this.#revision
    try {
      await this.#attach()
    } catch (error) {
      await this.#letGo()
      throw this.#unwritable(messageOf(error), error)
    }
    if (this.#revision !== known) {
      await this.#letGo()
      throw this.#unwritable('another process has written it meanwhile; start again')
    }
    this.#readOnly = undefined
  }

  #unwritable(reason: string, cause?: unknown): BackplaneError {
    return configError('BP_CONFIG_STORE_READ_ONLY', { details: { path: this.#path, reason }, cause })
  }

  async read(name: string): Promise<StoredDocument | undefined> {
    return this.#documents.get(name)
  }

  async list(): Promise<readonly string[]> {
    return [...this.#documents.keys()]
  }

  write(batch: readonly StoreWrite[]): Promise<ReadonlyMap<string, number>> {
    const writing = this.#queue.then(() => this.#writeNow(batch))
    this.#queue = writing.catch(() => {})
    return writing
  }

  async close(): Promise<void> {
    await this.#queue
    this.#readOnly = undefined
    await this.#letGo()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #writeNow(batch: readonly StoreWrite[]): Promise<ReadonlyMap<string, number>> {
    if (this.#readOnly !== undefined) await this.#becomeWritable()
    if (this.#broken !== undefined) throw failed(this.#broken)
    if (!this.#log) throw coreError('BP_CLOSED', { details: { what: `The configuration store in ${this.#dir}` } })
    for (const write of batch) {
      const conflict = conflictOf(write, this.#documents.get(write.name)?.revision)
      if (conflict) throw conflict
    }
    if (batch.length === 0) return new Map()
    await this.#append(batchLine(batch, this.#revision + 1))
    const revisions = new Map<string, number>()
    for (const { name, document } of batch) {
      const revision = ++this.#revision
      revisions.set(name, revision)
      if (document === null) this.#documents.delete(name)
      else this.#documents.set(name, { revision, document })
    }
    await this.#compactIfLarge()
    return revisions
  }

  /** Appends and syncs a line; if that fails, takes it back. What could not be taken back must not be built upon. */
  async #append(line: Uint8Array): Promise<void> {
    try {
      await writeAll(this.#log as OpenFile, line)
      await this.#log?.sync()
    } catch (error) {
      await this.#cutTo(this.#bytes).catch((reason) => {
        this.#broken = reason
      })
      throw failed(error)
    }
    this.#bytes += line.length
  }

  async #cutTo(length: number): Promise<void> {
    await this.#log?.truncate(length)
    await this.#log?.sync()
  }

  async #compactIfLarge(): Promise<void> {
    if (this.#bytes < this.#compactAbove || this.#bytes < 2 * this.#compactBytes) return
    try {
      await this.#replaceLog(compactLog(this.#documents, this.#revision))
    } catch {
      // The old log is whole: compaction is tried again once it has grown.
      this.#compactBytes = this.#bytes
    }
    await this.#reopen()
  }

  /** Rewrites a log and renames it into place: it is found whole, or the one before it. */
  async #replaceLog(log: Uint8Array): Promise<void> {
    await this.#files.remove(this.#nextPath)
    const next = await this.#files.append(this.#nextPath)
    try {
      await writeAll(next, log)
      await next.sync()
    } finally {
      await next.close()
    }
    await this.#log?.close()
    this.#log = undefined
    await this.#files.rename(this.#nextPath, this.#path)
    this.#bytes = log.length
    this.#compactBytes = log.length
    await this.#files.syncDirectory(this.#dir)
  }

  /**
   * After compaction, and after one that failed half way. The batch before it is on the disk: only the next one fails.
   */
  async #reopen(): Promise<void> {
    try {
      this.#log ??= await this.#files.append(this.#path)
    } catch (error) {
      this.#broken = error
    }
  }

  async #letGo(): Promise<void> {
    const log = this.#log
    this.#log = undefined
    try {
      await log?.close()
    } finally {
      const release = this.#release
      this.#release = undefined
      await release?.()
    }
  }

  get #nextPath(): string {
    return `${this.#path}.next`
  }
}

async function writeAll(file: OpenFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const written = await file.write(bytes.subarray(at))
    if (written === 0) throw configError('BP_CONFIG_STORE_FAILED', { details: { reason: 'nothing could be written' } })
    at += written
  }
}

function failed(error: unknown): BackplaneError {
  return configError('BP_CONFIG_STORE_FAILED', { details: { reason: messageOf(error) }, cause: error })
}
