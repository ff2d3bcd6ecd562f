import { createHash } from 'node:crypto'
import { abortedBy, BackplaneError, throwIfAborted } from '@backplane/core'
import { wasmError } from '../errors.ts'
import { readPluginFile } from '../module/read-file.ts'
import { unreadable, type WasmSource } from './manifest.ts'

/** A module's bytes, checked against its hash. */
export interface ModuleBytes {
  readonly name: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** How {@link readSources} reads. */
interface SourceOptions {
  readonly fetch: typeof fetch
  /** Longest file, in bytes. */
  readonly most: number
  readonly signal?: AbortSignal | undefined
}

/** Reads the modules of a manifest; the last is `main` unless one is named so. Throws `BP_WASM_SOURCE`, `BP_WASM_SIZE_LIMIT` and `BP_WASM_HASH`. */
export async function readSources(sources: readonly WasmSource[], options: SourceOptions): Promise<ModuleBytes[]> {
  const hasMain = sources.some(({ name }) => name === 'main')
  return Promise.all(
    sources.map(async (source, index) => {
      const name = source.name ?? (index === sources.length - 1 && !hasMain ? 'main' : `module ${index}`)
      const bytes = await read(source, options)
      if (source.hash !== undefined) checkHash(bytes, source.hash, `Module '${name}'`)
      return { name, bytes }
    }),
  )
}

/** Throws `BP_WASM_HASH` where the SHA-256 (hexadecimal) of `bytes` is another. */
export function checkHash(bytes: Uint8Array, expected: string, what: string): void {
  const actual = createHash('sha256').update(bytes).digest('hex')
  if (actual !== expected.toLowerCase()) throw wasmError('BP_WASM_HASH', { details: { what, actual, expected } })
}

async function read(
  { path, url, data, headers, method }: WasmSource,
  options: SourceOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { signal, most } = options
  throwIfAborted(signal)
  if (data !== undefined)
    return typeof data === 'string' ? new Uint8Array(Buffer.from(data, 'base64')) : new Uint8Array(data)
  try {
    if (path !== undefined) return await readPluginFile(path, { most, signal })
    const address = new URL(url as string)
    if (address.protocol === 'file:') return await readPluginFile(address, { most, signal })
    const init = { ...(headers ? { headers } : {}), ...(method ? { method } : {}), ...(signal ? { signal } : {}) }
    const answer = await options.fetch(address, init)
    if (!answer.ok) throw unreadable(url as string, { message: `the server answered ${answer.status}` })
    return new Uint8Array(await answer.arrayBuffer())
  } catch (cause) {
    if (signal?.aborted) throw abortedBy(signal)
    if (cause instanceof BackplaneError) throw cause
    throw unreadable(path ?? (url as string), cause)
  }
}
