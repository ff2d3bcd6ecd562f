/** What the repository's own tools need to know of its layout. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** The repository's root folder. */
export const root = resolve(import.meta.dirname, '..')

/** Where the repository stands for everybody. */
export const repository = 'https://github.com/backplane-dev/backplane'

/** The parts of a package.json that the tools look at. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly private?: boolean
  readonly type?: string
  readonly license?: string
  readonly bin?: string | Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string | object>>>>
  readonly typesVersions?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
  readonly files?: readonly string[]
  readonly sideEffects?: boolean
  readonly engines?: Readonly<Record<string, string>>
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** One entry point of a package: `.` or a sub-path, and the source that it starts from. */
export interface EntryPoint {
  /** The key in `exports`: `.`, `./broker`. */
  readonly key: string
  /** `index` for `.`, else the sub-path without `./`, slashes made dashes. */
  readonly name: string
  /** What a user writes in an import. */
  readonly specifier: string
  /** The absolute path of its source file. */
  readonly source: string
}

/** One package in `packages/`. */
export interface Package {
  /** The folder's name, which is the package's name without its scope. */
  readonly id: string
  /** The absolute path of the folder. */
  readonly folder: string
  readonly manifest: Manifest
  readonly entries: readonly EntryPoint[]
}

/** Reads every package in `packages/`, in the order of their names. */
export function packages(of = root): Package[] {
  const home = join(of, 'packages')
  return readdirSync(home)
    .filter((id) => existsSync(join(home, id, 'package.json')))
    .sort()
    .map((id) => {
      const folder = join(home, id)
      const manifest = readJson<Manifest>(join(folder, 'package.json'))
      return { id, folder, manifest, entries: entriesOf(folder, manifest) }
    })
}

function entriesOf(folder: string, manifest: Manifest): EntryPoint[] {
  return Object.entries(manifest.exports ?? {}).flatMap(([key, target]) => {
    const source = typeof target === 'object' ? target['@backplane/source'] : undefined
    if (typeof source !== 'string') return []
    const name = key === '.' ? 'index' : key.slice(2).replaceAll('/', '-')
    return [{ key, name, specifier: manifest.name + key.slice(1), source: join(folder, source) }]
  })
}

/** Reads a JSON file; the caller says what is in it. */
export function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T
}

/** Every file under `folder`, as paths relative to it, sorted; `dist`, `node_modules` and dot folders are left out. */
export function filesUnder(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      if (!entry.isDirectory()) return [entry.name]
      if (entry.name === 'dist' || entry.name === 'node_modules' || entry.name.startsWith('.')) return []
      return filesUnder(join(folder, entry.name)).map((path) => join(entry.name, path))
    })
    .sort()
}

/** A path in the cache that all checkouts share: `BACKPLANE_CACHE`, else `~/.cache/backplane`. */
export function cacheDir(...parts: string[]): string {
  return join(process.env.BACKPLANE_CACHE ?? join(homedir(), '.cache', 'backplane'), ...parts)
}
