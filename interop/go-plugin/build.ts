/**
 * Builds the Go programs: go-plugin's own examples and test helper, straight from its module, and the host beside this
 * file.
 */

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { cacheDir } from '../../tools/workspace.ts'

const execute = promisify(execFile)
const module = 'github.com/hashicorp/go-plugin'

/** A version of go-plugin and what it has. */
export const versions = {
  'v1.8.0': {
    examples: ['grpc', 'bidirectional', 'negotiated', 'streaming', 'basic'],
    helper: true,
    stdio: true,
    mux: true,
  },
  'v1.6.3': { examples: ['grpc', 'bidirectional', 'negotiated', 'basic'], helper: true, stdio: true, mux: true },
  'v1.0.1': { examples: ['grpc', 'bidirectional', 'negotiated', 'basic'], helper: false, stdio: false, mux: false },
} as const

export type Version = keyof typeof versions

const plugins: Readonly<Record<string, string>> = {
  grpc: 'grpc/plugin-go-grpc',
  bidirectional: 'bidirectional/plugin-go-grpc',
  negotiated: 'negotiated/plugin-go',
  streaming: 'streaming/plugin',
  basic: 'basic/plugin',
}

/** Paths of what was built for one version. */
export interface Built {
  readonly version: Version
  /** The example host of that name. */
  exampleHost(name: string): string
  /** The example plugin of that name. */
  examplePlugin(name: string): string
  /** go-plugin's own test binary, run as a plugin by `GO_WANT_HELPER_PROCESS`. */
  readonly helper: string
  /** `host/` beside this file. */
  readonly host: string
  /** `bench/` beside this file. */
  readonly bench: string
}

/** Builds everything for a version, once per change of this folder. */
export async function build(go: string, version: Version): Promise<Built> {
  const sources = join(import.meta.dirname, 'host')
  const hash = createHash('sha256')
    .update(version)
    .update(readFileSync(import.meta.filename))
  for (const file of readdirSync(sources).sort()) hash.update(readFileSync(join(sources, file)))
  const folder = cacheDir(`go-plugin-${version}-${hash.digest('hex').slice(0, 16)}`)
  const bin = join(folder, 'bin')
  const built: Built = {
    version,
    exampleHost: (name) => join(bin, `${name}-host`),
    examplePlugin: (name) => join(bin, `${name}-plugin`),
    helper: join(bin, 'helper.test'),
    host: join(bin, 'host'),
    bench: join(bin, 'bench'),
  }
  if (existsSync(bin)) return built
  console.log(`     building go-plugin ${version}'s examples`)
  const work = `${folder}.${process.pid}`
  rmSync(work, { recursive: true, force: true })
  for (const path of ownSources()) {
    const copy = join(work, relative(import.meta.dirname, path))
    mkdirSync(dirname(copy), { recursive: true })
    copyFileSync(path, copy)
  }
  const run = (...args: string[]) =>
    execute(go, args, { cwd: work, maxBuffer: 1 << 26, env: { ...process.env, GOFLAGS: '-mod=mod' } })
  await run('mod', 'init', 'backplane.dev/interop/go-plugin')
  await run('get', `${module}@${version}`)
  const out = join(work, 'bin')
  const { examples, helper, mux } = versions[version]
  for (const name of examples) {
    const host = `${module}/examples/${name}`
    const plugin = `${module}/examples/${plugins[name]}`
    await run('get', `${host}@${version}`, `${plugin}@${version}`)
    await run('build', '-o', join(out, `${name}-host`), host)
    await run('build', '-o', join(out, `${name}-plugin`), plugin)
  }
  await run('get', `${module}/test/grpc@${version}`)
  await run('build', ...(mux ? [] : ['-tags', 'before_mux']), '-o', join(out, 'host'), './host')
  if (mux) await run('build', '-o', join(out, 'bench'), './bench')
  if (helper) {
    await run('get', '-t', `${module}@${version}`)
    await run('test', '-c', '-o', join(out, 'helper.test'), module)
  }
  rmSync(folder, { recursive: true, force: true })
  renameSync(work, folder)
  return built
}

/** The Go files beside this one. */
function ownSources(): string[] {
  return ['bench', 'host'].flatMap((name) => {
    const folder = join(import.meta.dirname, name)
    return readdirSync(folder)
      .sort()
      .map((file) => join(folder, file))
  })
}

/** Builds the Go plugin of `examples/kv`, from its own module. */
export async function buildExample(go: string, folder: string): Promise<string> {
  const binary = join(folder, 'go-kv')
  await execute(go, ['build', '-o', binary, '.'], { cwd: join(import.meta.dirname, '../../examples/kv/go') })
  return binary
}
