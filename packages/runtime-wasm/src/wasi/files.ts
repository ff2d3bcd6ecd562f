import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  rmdirSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { errno, WasiError } from './errno.ts'

/** A folder of the host that a guest sees. */
export interface Mount {
  readonly hostPath: string
  readonly guestPath: string
  readonly readOnly: boolean
}

/** Reads Extism's `allowed_paths`: host path to guest path, `ro:` before the host path for reading only. */
export function mountsOf(allowedPaths: Readonly<Record<string, string>>): Mount[] {
  return Object.entries(allowedPaths).map(([host, guestPath]) => {
    const readOnly = host.startsWith('ro:')
    return { hostPath: resolve(readOnly ? host.slice(3) : host), guestPath, readOnly }
  })
}

/** One file or folder that a guest has open. */
export interface OpenFile {
  readonly mount: Mount
  readonly path: string
  /** A descriptor of the host's; absent for folders. */
  readonly fd: number | undefined
  readonly writable: boolean
  readonly append: boolean
  at: number
}

/** Where a path of a guest leads. Throws `WasiError` for what lies outside its mount, through symbolic links too. */
export function within(mount: Mount, folder: string, path: string): string {
  if (path.includes('\0') || isAbsolute(path)) throw new WasiError(errno.notcapable)
  const root = realpathSync(mount.hostPath)
  const target = resolve(folder, path)
  const inside = (place: string) => {
    const way = relative(root, place)
    return way === '' || (!way.startsWith(`..${sep}`) && way !== '..' && !isAbsolute(way))
  }
  let known = target
  // What does not exist yet is judged by the folder that it would be in.
  while (!exists(known)) {
    const parent = dirname(known)
    if (parent === known) break
    known = parent
  }
  const real = join(realpathSync(known), relative(known, target))
  if (!inside(real)) throw new WasiError(errno.notcapable)
  return real
}

export interface OpenMode {
  readonly create: boolean
  readonly directory: boolean
  readonly exclusive: boolean
  readonly truncate: boolean
  readonly append: boolean
  readonly write: boolean
}

/** Opens what {@link within} gave. */
export function open(mount: Mount, path: string, mode: OpenMode): OpenFile {
  const changes = mode.create || mode.truncate || mode.write || mode.append
  if (mount.readOnly && changes) throw new WasiError(errno.rofs)
  const found = exists(path) ? statSync(path) : undefined
  if (found?.isDirectory()) return { mount, path, fd: undefined, writable: false, append: false, at: 0 }
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

export function stat(file: OpenFile): Stats {
  return file.fd === undefined ? statSync(file.path) : fstatSync(file.fd)
}

export function close(file: OpenFile): void {
  if (file.fd !== undefined) closeSync(file.fd)
}

export function truncate(file: OpenFile, size: number): void {
  if (file.fd === undefined || !file.writable) throw new WasiError(errno.badf)
  ftruncateSync(file.fd, size)
}

/** Changes of a folder; refused on a mount for reading. */
export function change(mount: Mount, path: string, what: 'mkdir' | 'rmdir' | 'unlink'): void {
  if (mount.readOnly) throw new WasiError(errno.rofs)
  if (what === 'mkdir') mkdirSync(path)
  else if (what === 'rmdir') rmdirSync(path)
  else unlinkSync(path)
}

export function list(file: OpenFile): { name: string; directory: boolean }[] {
  if (file.fd !== undefined) throw new WasiError(errno.notdir)
  return readdirSync(file.path, { withFileTypes: true }).map((entry) => ({
    name: entry.name,
    directory: entry.isDirectory(),
  }))
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}
