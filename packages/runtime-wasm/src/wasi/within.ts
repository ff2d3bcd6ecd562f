import { lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, sep } from 'node:path'
import { errno, WasiError } from './errno.ts'
import type { Mount } from './files.ts'

/** As many links as Linux follows in one path. */
const mostLinks = 40

/**
 * Where a path of a guest leads, from the folder that its descriptor names (a real path). Each of its parts is followed
 * by itself, as the system does it; the last only with `follow`. Throws `WasiError`: `perm` for what leaves that
 * folder, by `..`, a link or an absolute path, within the same mount too.
 */
export function within(folder: string, path: string, follow = true): string {
  if (path.includes('\0')) throw new WasiError(errno.inval)
  if (path === '') throw new WasiError(errno.noent)
  const ahead: string[] = []
  const push = (more: string) => {
    // Of absolute links too: what they mean on the host is nothing that a guest knows.
    if (more.startsWith('/') || isAbsolute(more)) throw new WasiError(errno.perm)
    ahead.push(...more.split('/').reverse())
  }
  push(path)
  let place = folder
  for (let links = 0; ahead.length > 0; ) {
    const name = ahead.pop() as string
    if (name === '' || name === '.') continue
    if (name === '..') {
      if (place === folder) throw new WasiError(errno.perm)
      place = dirname(place)
      continue
    }
    // On Windows both would begin another path.
    if (sep === '\\' && /[\\:]/.test(name)) throw new WasiError(errno.perm)
    const next = join(place, name)
    const found = lstatSync(next, { throwIfNoEntry: false })
    if (found?.isSymbolicLink() && (follow || ahead.length > 0)) {
      if (++links > mostLinks) throw new WasiError(errno.loop)
      push(readlinkSync(next))
      continue
    }
    if (ahead.length > 0) {
      const ends = ahead.every((rest) => rest === '' || rest === '.')
      if (found ? !found.isDirectory() : !ends) throw new WasiError(found ? errno.notdir : errno.noent)
    }
    place = next
  }
  return place
}

/** Whether a place of the host lies within a mount. */
export function inside(mount: Mount, place: string): boolean {
  const way = relative(realpathSync(mount.hostPath), place)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way))
}
