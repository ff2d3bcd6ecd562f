import { errno, WasiError } from './errno.ts'
import { type FileTable, putStat, rightWrite, times } from './file-table.ts'
import * as files from './files.ts'
import type { GuestMemory } from './guest-memory.ts'
import { within } from './within.ts'

const follows = 1
const oflag = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const
const flagAppend = 1

/** The functions of preview 1 that name files by paths, each within the folder that a descriptor names. */
export function pathFunctions(guest: GuestMemory, table: FileTable): Record<string, (...args: never[]) => unknown> {
  const place = (fd: number, at: number, length: number, follow: boolean): files.Place => {
    const { mount, folder } = table.folder(fd)
    const path = guest.text(at, length)
    return { mount, path: within(folder, path, follow), asFolder: /\/\.?$/.test(path) }
  }
  const change = (what: 'mkdir' | 'rmdir' | 'unlink') => (fd: number, at: number, length: number) => {
    const { mount, path } = place(fd, at, length, false)
    files.change(mount, path, what)
  }
  return {
    path_create_directory: change('mkdir'),
    path_remove_directory: change('rmdir'),
    path_unlink_file: change('unlink'),
    path_filestat_get: (fd: number, flags: number, at: number, length: number, into: number) =>
      putStat(guest, into, files.statOf(place(fd, at, length, (flags & follows) !== 0).path)),
    path_filestat_set_times: (
      fd: number,
      flags: number,
      at: number,
      length: number,
      atime: bigint,
      mtime: bigint,
      which: number,
    ) => {
      const { mount, path } = place(fd, at, length, (flags & follows) !== 0)
      files.setTimesOf(mount, path, ...times(files.statOf(path), atime, mtime, which))
    },
    path_rename: (fd: number, at: number, length: number, toFd: number, toAt: number, toLength: number) =>
      files.rename(place(fd, at, length, false), place(toFd, toAt, toLength, false)),
    path_link: (
      fd: number,
      flags: number,
      at: number,
      length: number,
      toFd: number,
      toAt: number,
      toLength: number,
    ) => {
      if ((flags & follows) !== 0) throw new WasiError(errno.inval)
      files.link(place(fd, at, length, false), place(toFd, toAt, toLength, false))
    },
    path_symlink: (at: number, length: number, fd: number, toAt: number, toLength: number) =>
      files.symlink(guest.text(at, length), place(fd, toAt, toLength, false)),
    path_readlink: (fd: number, at: number, length: number, into: number, room: number, used: number) => {
      const target = files.readlink(place(fd, at, length, false).path).subarray(0, room >>> 0)
      guest.bytes(into, target.length).set(target)
      guest.u32(used, target.length)
    },
    path_open: (
      fd: number,
      lookup: number,
      at: number,
      length: number,
      oflags: number,
      rights: bigint,
      _inheriting: bigint,
      fdflags: number,
      into: number,
    ) => {
      const { mount, path, asFolder } = place(fd, at, length, (lookup & follows) !== 0)
      const mode = {
        create: (oflags & oflag.create) !== 0,
        directory: asFolder || (oflags & oflag.directory) !== 0,
        exclusive: (oflags & oflag.exclusive) !== 0,
        truncate: (oflags & oflag.truncate) !== 0,
        append: (fdflags & flagAppend) !== 0,
        // Guests ask for every right where they mean to read; on a mount for reading that is what they get.
        write: (rights & rightWrite) !== 0n && !mount.readOnly,
      }
      if (mode.create && (oflags & oflag.directory) !== 0) throw new WasiError(errno.inval)
      guest.u32(
        into,
        table.add(() => files.open(mount, path, mode)),
      )
    },
  }
}
