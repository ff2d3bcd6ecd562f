import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  futimesSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { errno, WasiError } from './errno.ts'
import { inside } from './within.ts'

/** A folder of the host that a guest sees. */
export interface Mount {
  readonly hostPath: string
  readonly guestPath: string
  readonly readOnly: boolean
}

/** One file or folder that a guest has open. */
export interface OpenFile {
  readonly mount: Mount
  readonly path: string
  /** A descriptor of the host's; absent for folders. */
  readonly fd: number | undefined
  readonly writable: boolean
  append: boolean
  at: number
}

export interface OpenMode {
  readonly create: boolean
  readonly directory: boolean
  readonly exclusive: boolean
  readonly truncate: boolean
  readonly append: boolean
  readonly write: boolean
}

/** A folder as an open file. */
export function folder(mount: Mount, path: string): OpenFile {
  return { mount, path, fd: undefined, writable: false, append: false, at: 0 }
}

/** Opens what `within` gave. Throws `WasiError`, as everything here, or what the system says. */
export function open(mount: Mount, path: string, mode: OpenMode): OpenFile {
  if (mode.create || mode.truncate || mode.write || mode.append) writable(mount)
  const found = lstatSync(path, { throwIfNoEntry: false })
  // The path has been followed as far as it was to be.
  if (found?.isSymbolicLink()) throw new WasiError(errno.loop)
  if (found && mode.create && mode.exclusive) throw new WasiError(errno.exist)
  if (found?.isDirectory()) {
    if (mode.create || mode.truncate) throw new WasiError(errno.isdir)
    return folder(mount, path)
  }
  if (mode.directory) throw new WasiError(found ? errno.notdir : errno.noent)
  if (found && !found.isFile()) throw new WasiError(errno.acces)
  const flags =
    (mode.write || mode.append ? constants.O_RDWR : constants.O_RDONLY) |
    (mode.create ? constants.O_CREAT : 0) |
    (mode.exclusive ? constants.O_EXCL : 0) |
    (mode.truncate ? constants.O_TRUNC | constants.O_RDWR : 0) |
    // The path has been resolved: a link here has come since.
    (constants.O_NOFOLLOW ?? 0)
  return { mount, path, fd: openSync(path, flags), writable: mode.write || mode.append, append: mode.append, at: 0 }
}

export function read(file: OpenFile, into: Uint8Array, at?: number): number {
  if (file.fd === undefined) throw new WasiError(errno.isdir)
  const count = readSync(file.fd, into, 0, into.length, at ?? file.at)
  if (at === undefined) file.at += count
  return count
}

export function write(file: OpenFile, from: Uint8Array, at?: number): number {
  if (file.fd === undefined || !file.writable) throw new WasiError(errno.badf)
  const place = file.append ? fstatSync(file.fd).size : (at ?? file.at)
  const count = writeSync(file.fd, from, 0, from.length, place)
  if (at === undefined) file.at = place + count
  return count
}

/** What a guest is told of a file: sizes, times and numbers with every digit. */
export function stat(file: OpenFile): BigIntStats {
  return file.fd === undefined ? statSync(file.path, { bigint: true }) : fstatSync(file.fd, { bigint: true })
}

/** The same of a path that `within` gave. */
export function statOf(path: string): BigIntStats {
  return lstatSync(path, { bigint: true })
}

export function close(file: OpenFile): void {
  if (file.fd !== undefined) closeSync(file.fd)
}

export function truncate(file: OpenFile, size: number): void {
  if (file.fd === undefined || !file.writable) throw new WasiError(errno.badf)
  ftruncateSync(file.fd, size)
}

/** Times in seconds. */
export function setTimes(file: OpenFile, atime: number, mtime: number): void {
  writable(file.mount)
  if (file.fd === undefined) utimesSync(file.path, atime, mtime)
  else futimesSync(file.fd, atime, mtime)
}

export function setTimesOf(mount: Mount, path: string, atime: number, mtime: number): void {
  writable(mount)
  lutimesSync(path, atime, mtime)
}

/** Changes of a folder; refused on a mount for reading. */
export function change(mount: Mount, path: string, what: 'mkdir' | 'rmdir' | 'unlink'): void {
  writable(mount)
  if (what === 'mkdir') mkdirSync(path)
  else if (what === 'rmdir') rmdirSync(path)
  else unlinkSync(path)
}

/** One end of a change that has two. */
export interface Place {
  readonly mount: Mount
  readonly path: string
  /** Whether it was written with `/` at its end, as only folders are. */
  readonly asFolder: boolean
}

export function rename(from: Place, to: Place): void {
  for (const { mount } of [from, to]) writable(mount)
  if ((from.asFolder || to.asFolder) && !statOf(from.path).isDirectory()) throw new WasiError(errno.notdir)
  renameSync(from.path, to.path)
}

/** Makes another name of a file. Of one on a mount for reading none is made, or it could be written by that. */
export function link(from: Place, to: Place): void {
  for (const { mount } of [from, to]) writable(mount)
  if (to.asFolder) throw new WasiError(errno.noent)
  linkSync(from.path, to.path)
}

/** Makes a symbolic link. One that leads out of its mount is refused: who else reads the folder would follow it. */
export function symlink(target: string, { mount, path, asFolder }: Place): void {
  writable(mount)
  if (target === '') throw new WasiError(errno.noent)
  if (target.includes('\0')) throw new WasiError(errno.inval)
  if (target.startsWith('/') || isAbsolute(target) || !inside(mount, resolve(dirname(path), target)))
    throw new WasiError(errno.perm)
  if (asFolder) throw new WasiError(lstatSync(path, { throwIfNoEntry: false }) ? errno.exist : errno.noent)
  symlinkSync(target, path)
}

/** The text of a symbolic link. */
export function readlink(path: string): Buffer {
  if (!statOf(path).isSymbolicLink()) throw new WasiError(errno.inval)
  return readlinkSync(path, { encoding: 'buffer' })
}

/** What a folder holds, itself and the folder around it first. */
export function list(file: OpenFile): { readonly name: string; readonly found: BigIntStats | undefined }[] {
  if (file.fd !== undefined) throw new WasiError(errno.notdir)
  const own = statOf(file.path)
  const names = readdirSync(file.path)
  const found = (name: string) => lstatSync(join(file.path, name), { bigint: true, throwIfNoEntry: false })
  // Of what is around a mount nothing is told.
  return [{ name: '.', found: own }, { name: '..', found: own }, ...names.map((name) => ({ name, found: found(name) }))]
}

/** Throws `WasiError` (rofs) on a mount for reading. */
function writable({ readOnly }: Mount): void {
  if (readOnly) throw new WasiError(errno.rofs)
}
