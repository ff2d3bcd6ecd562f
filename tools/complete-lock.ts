/**
 * `npm run lock:complete [-- --check]`: makes the lock file whole for every platform.
 *
 * npm leaves an optional dependency out of the lock when it cannot fetch it where the lock is written (binaries for
 * other platforms, on a registry that does not serve them). `npm ci` then refuses the lock, and other platforms lack
 * their binary. Each gets an entry with its version and the platform that its name tells; addresses are never recorded.
 *
 * An entry without `integrity` is installed whatever the registry serves, so each gets the one that npm knows of it.
 * `--check` changes nothing, asks nobody, and fails where something is missing.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './workspace.ts'

interface LockEntry {
  version?: string
  resolved?: string
  integrity?: string
  link?: boolean
  /** It comes within the archive of another package, whose integrity is its own. */
  inBundle?: boolean
  /** The name to install, where the folder has another one. */
  name?: string
  dev?: boolean
  optional?: boolean
  os?: string[]
  cpu?: string[]
  libc?: string[]
  optionalDependencies?: Record<string, string>
}

interface Lock {
  packages: Record<string, LockEntry>
}

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64']

/** Gives the lock with an entry for every optional dependency and without addresses, and what had to change. */
export function completeLock(lock: Lock): { lock: Lock; changes: string[] } {
  const entries = structuredClone(lock.packages)
  const changes: string[] = []
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (/^https?:/.test(entry.resolved ?? '')) {
      delete entries[path]!.resolved
      changes.push(`address of ${path}`)
    }
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      if (places(path, name).some((place) => place in entries)) continue
      const place = `node_modules/${name}`
      const { cpu, libc, os } = platformOf(name)
      const version = range.replace(/^[\^~]/, '')
      const dev = entry.dev && ({ dev: true } as const)
      entries[place] = { version, ...cpu, ...dev, ...libc, optional: true, ...os }
      changes.push(place)
    }
  }
  const sorted = Object.entries(entries).sort(([a], [b]) => a.localeCompare(b, 'en'))
  return { lock: { ...lock, packages: Object.fromEntries(sorted) }, changes }
}

/** The packages that would be installed unchecked: each entry that is fetched and has no `integrity`. */
export function unchecked(lock: Lock): { readonly place: string; readonly spec: string }[] {
  return Object.entries(lock.packages)
    .filter(([place, { inBundle, link }]) => place.includes('node_modules/') && !link && !inBundle)
    .filter(([, { integrity }]) => !/^sha(512|384|256)-[A-Za-z0-9+/]+=*$/.test(integrity ?? ''))
    .map(([place, { name, version }]) => ({ place, spec: `${name ?? place.split('node_modules/').at(-1)}@${version}` }))
}

/** Gives each unchecked entry its integrity, as `integrityOf` knows it. */
export function withIntegrity(
  lock: Lock,
  integrityOf: (spec: string) => string,
): { readonly lock: Lock; readonly changes: readonly string[] } {
  const packages = { ...lock.packages }
  const missing = unchecked(lock)
  for (const { place, spec } of missing) {
    const { version, integrity: _, ...rest } = packages[place]!
    packages[place] = { version, integrity: integrityOf(spec), ...rest }
  }
  return { lock: { ...lock, packages }, changes: missing.map(({ place }) => `integrity of ${place}`) }
}

/** What npm's registry says of one version of a package. */
function publishedIntegrity(spec: string): string {
  const text = execFileSync('npm', ['view', spec, 'dist.integrity'], { cwd: root, encoding: 'utf8' }).trim()
  if (!/^sha512-/.test(text)) throw new Error(`npm knows no integrity of ${spec}; it said '${text}'`)
  return text
}

/** Where Node would find `name` for a package that lies at `path`: beside its own dependencies, then further up. */
function places(path: string, name: string): string[] {
  const inside = `${path === '' ? '' : `${path}/`}node_modules/${name}`
  if (path === '') return [inside]
  const above = path.slice(0, Math.max(0, path.lastIndexOf('node_modules/') - 1))
  return [inside, ...places(above, name)]
}

function platformOf(name: string) {
  const words = name.split(/[^a-z0-9]+/)
  const os = words.filter((word) => systems.includes(word))
  const cpu = words.filter((word) => processors.includes(word))
  const libc = words.flatMap((word) => (word.startsWith('musl') ? ['musl'] : word.startsWith('gnu') ? ['glibc'] : []))
  return { cpu: cpu.length > 0 && { cpu }, libc: libc.length > 0 && { libc }, os: os.length > 0 && { os } }
}

if (import.meta.main) {
  const file = join(root, 'package-lock.json')
  const check = process.argv.includes('--check')
  const whole = completeLock(JSON.parse(readFileSync(file, 'utf8')) as Lock)
  const { lock, changes: sealed } = withIntegrity(whole.lock, check ? () => '' : publishedIntegrity)
  const changes = [...whole.changes, ...sealed]
  if (!check && changes.length > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
  for (const change of changes) console.log(`${check ? 'missing' : 'completed'}: ${change}`)
  console.log(
    changes.length === 0 ? 'The lock file is complete.' : `${changes.length} entries ${check ? 'wanting' : 'changed'}`,
  )
  if (check && changes.length > 0) {
    console.log('Run `npm run lock:complete` and commit the lock file.')
    process.exitCode = 1
  }
}
