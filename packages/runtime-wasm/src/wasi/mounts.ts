import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { coreError } from '@backplane/core'
import type { Mount } from './files.ts'

/** One folder that a plugin sees. */
export interface AllowedPath {
  /** The folder on this machine. */
  readonly host: string
  /** Where the plugin finds it. */
  readonly guest: string
  /** @default false */
  readonly readOnly?: boolean
}

/**
 * Folders that a plugin sees: a list of objects that say which end is which, or host path to guest path, `ro:` before
 * the host path for reading only. As an option of Extism's JavaScript SDK, such an object means the opposite, guest
 * path to host path: an entry that could be either is refused.
 */
export type AllowedPaths = readonly AllowedPath[] | Readonly<Record<string, string>>

/**
 * Brings a grant into one form. In Extism's manifests (`allowed_paths`) the host path comes first, always; `manifest`
 * says that it comes from there. Throws `BP_INVALID_ARGUMENT`, for a folder that is not there too.
 */
export function mountsOf(given: AllowedPaths, { manifest }: { readonly manifest: boolean }): Mount[] {
  if (Array.isArray(given)) return given.map(fromObject)
  return Object.entries(given as Readonly<Record<string, string>>).map(([key, guestPath]) => {
    if (typeof guestPath !== 'string') throw invalid(key, 'the guest path must be text')
    const readOnly = key.startsWith('ro:')
    const hostPath = resolve(readOnly ? key.slice(3) : key)
    if (!readOnly && !manifest) checkDirection(key, guestPath)
    return mount(hostPath, guestPath, readOnly)
  })
}

function fromObject(given: AllowedPath, index: number): Mount {
  const { host, guest, readOnly = false } = (given ?? {}) as Partial<AllowedPath>
  if (typeof host !== 'string' || typeof guest !== 'string' || typeof readOnly !== 'boolean')
    throw invalid(String(index), 'it must be { host, guest, readOnly? }')
  return mount(resolve(host), guest, readOnly)
}

/** Both ends are paths, and both readings could grant something: only one that cannot is told from the other. */
function checkDirection(key: string, value: string): void {
  if (resolve(key) === resolve(value) || !isFolder(resolve(value))) return
  const one = `{ host: '${key}', guest: '${value}' }`
  const other = `{ host: '${value}', guest: '${key}' }`
  const details = {
    what: `allowedPaths['${key}']`,
    reason: `'${value}' is a folder of this machine too, so it cannot be told which one is granted`,
  }
  throw coreError('BP_INVALID_ARGUMENT', {
    details,
    next: `Say which is which: allowedPaths: [${one}], or, as Extism's JavaScript SDK means it, [${other}].`,
  })
}

function mount(hostPath: string, guestPath: string, readOnly: boolean): Mount {
  if (!isFolder(hostPath)) throw invalid(hostPath, 'there is no such folder on this machine')
  return { hostPath, guestPath, readOnly }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function invalid(entry: string, reason: string) {
  return coreError('BP_INVALID_ARGUMENT', { details: { what: `allowedPaths['${entry}']`, reason } })
}
