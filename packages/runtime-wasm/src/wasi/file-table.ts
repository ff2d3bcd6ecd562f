import type { Stats } from 'node:fs'
import { realpathSync, statSync } from 'node:fs'
import { errno, WasiError } from './errno.ts'
import * as files from './files.ts'
import type { GuestMemory } from './guest-memory.ts'
import type { WasiInit } from './wasi.ts'

const filetype = { directory: 3, file: 4, character: 2 } as const
const mostOpen = 256
const everyRight = 0x1fffffffn
/** Rights of preview 1 that mean writing: fd_write, allocate, create, rename, size, unlink and the like. */
const rightWrite = 1n << 6n

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
    return { ...this.#streams(guest), ...this.#descriptors(guest), ...this.#paths(guest) }
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
      if (fd <= 2) throw new WasiError(errno.spipe)
      const file = this.#file(fd)
      const from = whence === 0 ? 0 : whence === 1 ? file.at : whence === 2 ? files.stat(file).size : Number.NaN
      const place = from + Number(offset)
      if (!(place >= 0)) throw new WasiError(errno.inval)
      file.at = place
      guest.u64(at, BigInt(place))
    }
    return {
      fd_close: (fd: number) => {
        const file = this.#open.get(fd)
        if (!file && !this.#mounts.has(fd) && fd > 2) throw new WasiError(errno.badf)
        if (file) files.close(file)
        this.#open.delete(fd)
      },
      fd_seek: seek,
      fd_tell: (fd: number, at: number) => seek(fd, 0n, 1, at),
      fd_sync: (fd: number) => void this.#file(fd),
      fd_datasync: (fd: number) => void this.#file(fd),
      fd_filestat_set_size: (fd: number, size: bigint) => files.truncate(this.#file(fd), Number(size)),
      fd_fdstat_set_flags: (fd: number) => void this.#type(fd),
      fd_fdstat_get: (fd: number, at: number) => {
        guest.bytes(at, 24).fill(0)
        guest.bytes(at, 1)[0] = this.#type(fd)
        const rights = this.#mounts.get(fd)?.readOnly ? everyRight & ~rightWrite : everyRight
        guest.u64((at >>> 0) + 8, rights)
        guest.u64((at >>> 0) + 16, rights)
      },
      fd_filestat_get: (fd: number, at: number) => {
        const mount = this.#mounts.get(fd)
        if (fd <= 2) putStat(guest, at, undefined, filetype.character)
        else if (mount) putStat(guest, at, statSync(mount.hostPath), filetype.directory)
        else putStat(guest, at, files.stat(this.#file(fd)), this.#type(fd))
      },
      fd_prestat_get: (fd: number, at: number) => {
        const name = new TextEncoder().encode(this.#mount(fd).guestPath)
        guest.u32(at, 0)
        guest.u32((at >>> 0) + 4, name.length)
      },
      fd_prestat_dir_name: (fd: number, at: number, length: number) => {
        const name = new TextEncoder().encode(this.#mount(fd).guestPath)
        if (length >>> 0 < name.length) throw new WasiError(errno.inval)
        guest.bytes(at, name.length).set(name)
      },
      fd_readdir: (fd: number, at: number, length: number, cookie: bigint, used: number) =>
        this.#list(guest, fd, guest.bytes(at, length), cookie, used),
    }
  }

  #paths(guest: GuestMemory): Record<string, (...args: never[]) => unknown> {
    const change = (what: 'mkdir' | 'rmdir' | 'unlink') => (fd: number, at: number, length: number) => {
      const { mount, folder } = this.#folder(fd)
      files.change(mount, files.within(mount, folder, guest.text(at, length)), what)
    }
    return {
      path_create_directory: change('mkdir'),
      path_remove_directory: change('rmdir'),
      path_unlink_file: change('unlink'),
      path_filestat_get: (fd: number, _flags: number, at: number, length: number, into: number) => {
        const { mount, folder } = this.#folder(fd)
        const found = statSync(files.within(mount, folder, guest.text(at, length)))
        putStat(guest, into, found, found.isDirectory() ? filetype.directory : filetype.file)
      },
      path_open: (
        fd: number,
        _dirflags: number,
        at: number,
        length: number,
        oflags: number,
        rights: bigint,
        _inheriting: bigint,
        fdflags: number,
        into: number,
      ) => {
        const { mount, folder } = this.#folder(fd)
        const path = files.within(mount, folder, guest.text(at, length))
        if (this.#open.size >= mostOpen) throw new WasiError(errno.notcapable)
        const file = files.open(mount, path, {
          create: (oflags & 1) !== 0,
          directory: (oflags & 2) !== 0,
          exclusive: (oflags & 4) !== 0,
          truncate: (oflags & 8) !== 0,
          append: (fdflags & 1) !== 0,
          // Guests ask for every right where they mean to read; on a mount for reading that is what they get.
          write: (rights & rightWrite) !== 0n && !mount.readOnly,
        })
        let next = 3 + this.#mounts.size
        while (this.#open.has(next)) next++
        this.#open.set(next, file)
        guest.u32(into, next)
      },
    }
  }

  #print(stream: 1 | 2, part: Uint8Array): number {
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

  #folder(fd: number): { mount: files.Mount; folder: string } {
    const mount = this.#mounts.get(fd)
    if (mount) return { mount, folder: realpathSync(mount.hostPath) }
    const file = this.#file(fd)
    if (file.fd !== undefined) throw new WasiError(errno.notdir)
    return { mount: file.mount, folder: file.path }
  }

  #type(fd: number): number {
    if (fd >= 0 && fd <= 2) return filetype.character
    if (this.#mounts.has(fd)) return filetype.directory
    return this.#file(fd).fd === undefined ? filetype.directory : filetype.file
  }

  #list(guest: GuestMemory, fd: number, into: Uint8Array, cookie: bigint, used: number): void {
    const mount = this.#mounts.get(fd)
    const file = mount
      ? { mount, path: realpathSync(mount.hostPath), fd: undefined, writable: false, append: false, at: 0 }
      : this.#file(fd)
    let at = 0
    const all = files.list(file)
    for (let index = Number(cookie); index < all.length && at < into.length; index++) {
      const { name, directory } = all[index] as { name: string; directory: boolean }
      const text = new TextEncoder().encode(name)
      const entry = new DataView(new ArrayBuffer(24 + text.length))
      entry.setBigUint64(0, BigInt(index + 1), true)
      entry.setUint32(16, text.length, true)
      entry.setUint8(20, directory ? filetype.directory : filetype.file)
      const bytes = new Uint8Array(entry.buffer)
      bytes.set(text, 24)
      // The last may be cut: the guest asks again with a larger buffer.
      into.set(bytes.subarray(0, into.length - at), at)
      at += Math.min(bytes.length, into.length - at)
    }
    guest.u32(used, at)
  }
}

function putStat(guest: GuestMemory, at: number, found: Stats | undefined, type: number): void {
  guest.bytes(at, 64).fill(0)
  const place = at >>> 0
  guest.bytes(place + 16, 1)[0] = type
  guest.u64(place + 24, 1n)
  guest.u64(place + 32, BigInt(found?.size ?? 0))
  for (const [index, time] of [found?.atimeMs, found?.mtimeMs, found?.ctimeMs].entries())
    guest.u64(place + 40 + 8 * index, BigInt(Math.round(time ?? 0)) * 1_000_000n)
}
