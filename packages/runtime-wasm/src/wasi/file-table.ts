import { type BigIntStats, realpathSync } from 'node:fs'
import { errno, WasiError } from './errno.ts'
import * as files from './files.ts'
import type { GuestMemory } from './guest-memory.ts'
import { pathFunctions } from './path-functions.ts'
import type { WasiInit } from './wasi.ts'
import { inside } from './within.ts'

/** What may be read or written, as `poll_oneoff` asks. */
export interface Readiness {
  /** Bytes that can be read at once. */
  readonly bytes: number
  /** Whether nothing more will come. */
  readonly ended: boolean
}

const filetype = { unknown: 0, character: 2, directory: 3, file: 4, link: 7 } as const
const mostOpen = 256
const everyRight = 0x1fffffffn
/** Rights of preview 1 that mean writing: fd_write, allocate, create, rename, size, unlink and the like. */
export const rightWrite = 1n << 6n
const flagAppend = 1

/** A guest's file descriptors: three streams, its mounts, and what it opens within them. */
export class FileTable {
  readonly #init: WasiInit
  readonly #open = new Map<number, files.OpenFile>()
  readonly #mounts = new Map<number, files.Mount>()
  readonly #lines: Record<1 | 2, string> = { 1: '', 2: '' }
  readonly #decoders = { 1: new TextDecoder(), 2: new TextDecoder() }
  #stdinAt = 0

  constructor(init: WasiInit) {
    this.#init = init
    for (const mount of init.mounts) this.#mounts.set(3 + this.#mounts.size, mount)
  }

  close(): void {
    for (const stream of [1, 2] as const) this.#flush(stream)
    for (const file of this.#open.values()) files.close(file)
    this.#open.clear()
  }

  functions(guest: GuestMemory): Record<string, (...args: never[]) => unknown> {
    return {
      ...this.#streams(guest),
      ...this.#descriptors(guest),
      ...this.#places(guest),
      ...pathFunctions(guest, this),
    }
  }

  #streams(guest: GuestMemory): Record<string, (...args: never[]) => unknown> {
    const each = (list: number, count: number, done: number, run: (part: Uint8Array) => number) => {
      let total = 0
      for (const part of guest.vectors(list, count)) {
        const moved = run(part)
        total += moved
        if (moved < part.length) break
      }
      guest.u32(done, total)
    }
    return {
      fd_write: (fd: number, list: number, count: number, done: number) =>
        each(list, count, done, (part) => {
          if (fd === 1 || fd === 2) return this.#print(fd, part)
          return files.write(this.#file(fd), part)
        }),
      fd_pwrite: (fd: number, list: number, count: number, offset: bigint, done: number) => {
        let at = Number(offset)
        each(list, count, done, (part) => {
          const moved = files.write(this.#file(fd), part, at)
          at += moved
          return moved
        })
      },
      fd_read: (fd: number, list: number, count: number, done: number) =>
        each(list, count, done, (part) => (fd === 0 ? this.#stdin(part) : files.read(this.#file(fd), part))),
      fd_pread: (fd: number, list: number, count: number, offset: bigint, done: number) => {
        let at = Number(offset)
        each(list, count, done, (part) => {
          const moved = files.read(this.#file(fd), part, at)
          at += moved
          return moved
        })
      },
    }
  }

  #descriptors(guest: GuestMemory): Record<string, (...args: never[]) => unknown> {
    const seek = (fd: number, offset: bigint, whence: number, at: number) => {
      if (fd >= 0 && fd <= 2) throw new WasiError(errno.spipe)
      const file = this.#opened(fd)
      if (file.fd === undefined) throw new WasiError(errno.badf)
      const from = whence === 0 ? 0 : whence === 1 ? file.at : whence === 2 ? Number(files.stat(file).size) : Number.NaN
      const place = from + Number(offset)
      if (!(place >= 0)) throw new WasiError(errno.inval)
      file.at = place
      guest.u64(at, BigInt(place))
    }
    const known = (fd: number) => void this.#type(fd)
    return {
      fd_close: (fd: number) => {
        known(fd)
        const file = this.#open.get(fd)
        if (file) files.close(file)
        this.#open.delete(fd)
        this.#mounts.delete(fd)
      },
      fd_renumber: (from: number, to: number) => {
        const file = this.#file(from)
        const replaced = this.#file(to)
        if (from === to) return
        files.close(replaced)
        this.#open.set(to, file)
        this.#open.delete(from)
      },
      fd_seek: seek,
      fd_tell: (fd: number, at: number) => seek(fd, 0n, 1, at),
      fd_sync: known,
      fd_datasync: known,
      // Advice may be left alone; room cannot be promised.
      fd_advise: known,
      fd_allocate: (fd: number) => {
        known(fd)
        throw new WasiError(errno.notsup)
      },
      fd_filestat_set_size: (fd: number, size: bigint) => files.truncate(this.#file(fd), Number(size)),
      fd_filestat_set_times: (fd: number, atime: bigint, mtime: bigint, flags: number) => {
        const file = this.#opened(fd)
        files.setTimes(file, ...times(files.stat(file), atime, mtime, flags))
      },
      fd_fdstat_set_flags: (fd: number, flags: number) => {
        known(fd)
        const file = this.#open.get(fd)
        if (file) file.append = (flags & flagAppend) !== 0
      },
      fd_fdstat_set_rights: known,
      fd_fdstat_get: (fd: number, at: number) => {
        const type = this.#type(fd)
        const place = at >>> 0
        guest.bytes(place, 24).fill(0)
        guest.bytes(place, 1)[0] = type
        guest.bytes(place + 2, 1)[0] = this.#open.get(fd)?.append ? flagAppend : 0
        const rights = this.#mounts.get(fd)?.readOnly ? everyRight & ~rightWrite : everyRight
        guest.u64(place + 8, rights)
        guest.u64(place + 16, rights)
      },
      fd_filestat_get: (fd: number, at: number) => {
        if (fd >= 0 && fd <= 2) putStat(guest, at, undefined, filetype.character)
        else putStat(guest, at, files.stat(this.#opened(fd)))
      },
      sock_accept: this.#noSocket,
      sock_recv: this.#noSocket,
      sock_send: this.#noSocket,
      sock_shutdown: this.#noSocket,
    }
  }

  #noSocket = (fd: number) => {
    this.#type(fd)
    throw new WasiError(errno.notsock)
  }

  #places(guest: GuestMemory): Record<string, (...args: never[]) => unknown> {
    return {
      fd_prestat_get: (fd: number, at: number) => {
        const name = new TextEncoder().encode(this.#mount(fd).guestPath)
        guest.u32(at, 0)
        guest.u32((at >>> 0) + 4, name.length)
      },
      fd_prestat_dir_name: (fd: number, at: number, length: number) => {
        const name = new TextEncoder().encode(this.#mount(fd).guestPath)
        if (length >>> 0 < name.length) throw new WasiError(errno.nametoolong)
        guest.bytes(at, name.length).set(name)
      },
      fd_readdir: (fd: number, at: number, length: number, cookie: bigint, used: number) =>
        this.#list(guest, fd, guest.bytes(at, length), cookie, used),
    }
  }

  /** The folder that a descriptor names, and the mount that it lies in. Throws `WasiError`. */
  folder(fd: number): { readonly mount: files.Mount; readonly folder: string } {
    const { mount, path, fd: own } = this.#opened(fd)
    if (own !== undefined) throw new WasiError(errno.notdir)
    return { mount, folder: path }
  }

  /** Gives an open file its number. */
  add(open: () => files.OpenFile): number {
    if (this.#open.size >= mostOpen) throw new WasiError(errno.mfile)
    let next = 3
    while (this.#open.has(next) || this.#mounts.has(next)) next++
    this.#open.set(next, open())
    return next
  }

  /** What can be read of a descriptor, or written to it, at once: nothing here waits. Throws `WasiError`. */
  ready(fd: number, reading: boolean): Readiness {
    if (fd >= 0 && fd <= 2) {
      if (reading !== (fd === 0)) throw new WasiError(errno.badf)
      const bytes = reading ? this.#init.stdin.length - this.#stdinAt : mostAtOnce
      return { bytes, ended: bytes === 0 }
    }
    const file = this.#file(fd)
    return { bytes: reading ? Math.max(0, Number(files.stat(file).size) - file.at) : mostAtOnce, ended: false }
  }

  #print(stream: 1 | 2, part: Uint8Array): number {
    if (stream === 1 && this.#init.write) {
      this.#init.write(part.slice())
      return part.length
    }
    const text = this.#lines[stream] + this.#decoders[stream].decode(part, { stream: true })
    const lines = text.split('\n')
    const rest = lines.pop() ?? ''
    for (const line of lines) this.#init.output(stream === 1 ? 'stdout' : 'stderr', line)
    this.#lines[stream] = rest
    // A line without an end would grow for ever.
    if (rest.length > 65_536) this.#flush(stream)
    return part.length
  }

  #flush(stream: 1 | 2): void {
    const rest = this.#lines[stream]
    this.#lines[stream] = ''
    if (rest !== '') this.#init.output(stream === 1 ? 'stdout' : 'stderr', rest)
  }

  #stdin(into: Uint8Array): number {
    const part = this.#init.stdin.subarray(this.#stdinAt, this.#stdinAt + into.length)
    into.set(part)
    this.#stdinAt += part.length
    return part.length
  }

  #file(fd: number): files.OpenFile {
    const file = this.#open.get(fd)
    if (!file) throw new WasiError(errno.badf)
    return file
  }

  #mount(fd: number): files.Mount {
    const mount = this.#mounts.get(fd)
    if (!mount) throw new WasiError(errno.badf)
    return mount
  }

  /** An open file or folder, or a mount as one; what has come to lead out of its mount since is no longer there. */
  #opened(fd: number): files.OpenFile {
    const mount = this.#mounts.get(fd)
    const file = mount ? files.folder(mount, mount.hostPath) : this.#file(fd)
    if (file.fd !== undefined) return file
    const path = realpathSync(file.path)
    if (!inside(file.mount, path)) throw new WasiError(errno.perm)
    return { ...file, path }
  }

  #type(fd: number): number {
    if (fd >= 0 && fd <= 2) return filetype.character
    if (this.#mounts.has(fd)) return filetype.directory
    return this.#file(fd).fd === undefined ? filetype.directory : filetype.file
  }

  #list(guest: GuestMemory, fd: number, into: Uint8Array, cookie: bigint, used: number): void {
    let at = 0
    const all = files.list(this.#opened(fd))
    for (let index = Number(cookie); index < all.length && at < into.length; index++) {
      const { name, found } = all[index] as (typeof all)[number]
      const text = new TextEncoder().encode(name)
      const entry = new DataView(new ArrayBuffer(24 + text.length))
      entry.setBigUint64(0, BigInt(index + 1), true)
      entry.setBigUint64(8, found?.ino ?? 0n, true)
      entry.setUint32(16, text.length, true)
      entry.setUint8(20, typeOf(found))
      const bytes = new Uint8Array(entry.buffer)
      bytes.set(text, 24)
      // The last may be cut: the guest asks again with a larger buffer.
      into.set(bytes.subarray(0, into.length - at), at)
      at += Math.min(bytes.length, into.length - at)
    }
    guest.u32(used, at)
  }
}

const mostAtOnce = 65_536

function typeOf(found: BigIntStats | undefined): number {
  if (found?.isDirectory()) return filetype.directory
  if (found?.isFile()) return filetype.file
  return found?.isSymbolicLink() ? filetype.link : filetype.unknown
}

/** Writes a `filestat` (preview 1). */
export function putStat(
  guest: GuestMemory,
  at: number,
  found: BigIntStats | undefined,
  type: number = typeOf(found),
): void {
  guest.bytes(at, 64).fill(0)
  const place = at >>> 0
  guest.u64(place, found?.dev ?? 0n)
  guest.u64(place + 8, found?.ino ?? 0n)
  guest.bytes(place + 16, 1)[0] = type
  guest.u64(place + 24, found?.nlink ?? 1n)
  guest.u64(place + 32, found?.size ?? 0n)
  for (const [index, time] of [found?.atimeNs, found?.mtimeNs, found?.ctimeNs].entries())
    guest.u64(place + 40 + 8 * index, time ?? 0n)
}

/** Times to be set, in seconds, by `fstflags` (preview 1). Throws `WasiError` where a time is given twice. */
export function times(found: BigIntStats, atime: bigint, mtime: bigint, flags: number): [atime: number, mtime: number] {
  const one = (given: bigint, before: bigint, bits: number) => {
    if ((bits & 3) === 3) throw new WasiError(errno.inval)
    const ns = bits & 1 ? BigInt.asUintN(64, given) : bits & 2 ? BigInt(Date.now()) * 1_000_000n : before
    return Number(ns) / 1e9
  }
  return [one(atime, found.atimeNs, flags), one(mtime, found.mtimeNs, flags >> 2)]
}
