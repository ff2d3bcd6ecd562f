import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { coreError } from '@backplane/core'
import { wasmError } from '../errors.ts'
import { createPluginRuntime, type PluginRuntimeInit, type VyraRuntime } from './runtime.ts'

/** Options of {@link pluginPool}. */
export interface PluginPoolInit extends Omit<PluginRuntimeInit, 'pluginId' | 'wasmPath'> {
  /** Holds `<id>/<version>/logic.wasm` and `metadata.json`. */
  readonly dir: string
}

/** Plugins of a folder, each version with a runtime of its own, started when it is first asked for. */
export interface PluginPool extends AsyncDisposable {
  /** Versions that are there, the newest first. */
  versions(id: string): Promise<string[]>
  /**
   * Gives the started runtime. Rejects with `BP_WASM_SOURCE` when there is no such plugin. @param version the newest,
   * if left out
   */
  get(id: string, version?: string): Promise<VyraRuntime>
  /** Stops one version, or all of a plugin. */
  stop(id: string, version?: string): Promise<void>
  /** Stops everything. Idempotent. */
  shutdown(): Promise<void>
}

/**
 * Makes a pool over a folder. Not for folders that others write to while it runs: a version that is started stays as it
 * was.
 */
export function pluginPool(init: PluginPoolInit): PluginPool {
  const { dir, ...shared } = init
  const running = new Map<string, Promise<VyraRuntime>>()
  // Ids and versions become parts of a path.
  const part = (text: string, what: string) => {
    if (/^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(text) && !text.includes('..')) return text
    throw coreError('BP_INVALID_ARGUMENT', { details: { what, reason: `'${text}' is no name of a folder` } })
  }
  const versions = async (id: string): Promise<string[]> => {
    const found = await readdir(join(dir, part(id, 'the id'))).catch(() => [])
    return found.sort(newestFirst)
  }
  const start = async (id: string, version: string): Promise<VyraRuntime> => {
    const wasmPath = join(dir, id, version, 'logic.wasm')
    if (!shared.preferStub && !(await stat(wasmPath).catch(() => undefined))?.isFile())
      throw wasmError('BP_WASM_SOURCE', { details: { source: `${id} ${version}`, reason: 'there is no logic.wasm' } })
    const runtime = createPluginRuntime({ ...shared, pluginId: id, wasmPath })
    await runtime.start()
    return runtime
  }
  const stopAll = async (keys: readonly string[]): Promise<void> => {
    const all = keys.map((key) => running.get(key))
    for (const key of keys) running.delete(key)
    await Promise.all(all.map(async (one) => (await one?.catch(() => undefined))?.stop()))
  }
  return {
    versions,
    async get(id, wanted) {
      const version = wanted === undefined ? (await versions(id))[0] : part(wanted, 'the version')
      if (version === undefined)
        throw wasmError('BP_WASM_SOURCE', { details: { source: id, reason: 'there is no version of it' } })
      const key = `${part(id, 'the id')}/${version}`
      const known = running.get(key)
      if (known) return known
      const starting = start(id, version)
      running.set(key, starting)
      // What failed may be tried again.
      starting.catch(() => running.delete(key))
      return starting
    },
    stop: (id, version) =>
      stopAll(
        [...running.keys()].filter((key) =>
          version === undefined ? key.startsWith(`${id}/`) : key === `${id}/${version}`,
        ),
      ),
    shutdown: () => stopAll([...running.keys()]),
    [Symbol.asyncDispose]: () => stopAll([...running.keys()]),
  }
}

/** By numbers where there are numbers; a pre-release is older than its release. */
function newestFirst(a: string, b: string): number {
  const split = (text: string) => text.split(/[.+-]/).map((piece) => (/^\d+$/.test(piece) ? Number(piece) : piece))
  const [one, two] = [split(a), split(b)]
  for (let i = 0; i < Math.max(one.length, two.length); i++) {
    const [x, y] = [one[i], two[i]]
    if (x === y) continue
    if (x === undefined) return typeof y === 'string' ? -1 : 1
    if (y === undefined) return typeof x === 'string' ? 1 : -1
    if (typeof x === 'number' && typeof y === 'number') return y - x
    return String(x) < String(y) ? 1 : -1
  }
  return 0
}
