import { createHash } from 'node:crypto'
import { abortedBy, BackplaneError, throwIfAborted } from '@backplane/core'
import { wasmError } from '../errors.ts'
import { readPluginFile } from '../module/read-file.ts'
import { isResponse, type ManifestLike, unreadable, type WasmSource } from './manifest.ts'

/** A module's bytes, checked against its hash. */
export interface ModuleBytes {
  readonly name: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** How {@link readSources} reads. */
interface SourceOptions extends BodyOptions {
  readonly fetch: typeof fetch
}

interface BodyOptions {
  /** Longest file, in bytes. */
  readonly most: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads the modules of a manifest; the last is `main` unless one is named so. Throws `BP_WASM_SOURCE`,
 * `BP_WASM_SIZE_LIMIT` and `BP_WASM_HASH`.
 */
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

/**
 * What is promised, and the text of a manifest that came as a `Response` of JSON. Throws `BP_WASM_SOURCE` and
 * `BP_WASM_SIZE_LIMIT`.
 */
export async function readManifest(
  given: ManifestLike | PromiseLike<ManifestLike>,
  options: BodyOptions,
): Promise<ManifestLike> {
  const settled = await orAborted(given, options.signal)
  if (!isResponse(settled) || !/^(application|text)\/json\b/.test(settled.headers.get('content-type') ?? ''))
    return settled
  return new TextDecoder().decode(await bodyOf(settled, nameOf(settled), options))
}

async function read(
  { path, url, data, response, headers, method }: WasmSource,
  options: SourceOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { signal, most } = options
  throwIfAborted(signal)
  if (data !== undefined)
    return typeof data === 'string' ? new Uint8Array(Buffer.from(data, 'base64')) : new Uint8Array(data)
  try {
    if (path !== undefined) return await readPluginFile(path, { most, signal })
    if (response !== undefined) {
      const answer = await orAborted(response, signal)
      return await bodyOf(answer, nameOf(answer), options)
    }
    const address = new URL(url as string)
    if (address.protocol === 'file:') return await readPluginFile(address, { most, signal })
    const init = { ...(headers ? { headers } : {}), ...(method ? { method } : {}), ...(signal ? { signal } : {}) }
    return await bodyOf(await options.fetch(address, init), url as string, options)
  } catch (cause) {
    if (signal?.aborted) throw abortedBy(signal)
    if (cause instanceof BackplaneError) throw cause
    throw unreadable(path ?? url ?? 'the Response', cause)
  }
}

function nameOf({ url }: Response): string {
  return url === '' ? 'the Response' : url
}

/** Reads no more of it than `most` bytes. */
async function bodyOf(
  answer: Response,
  source: string,
  { most, signal }: BodyOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!answer.ok) throw unreadable(source, { message: `the server answered ${answer.status}` })
  if (answer.bodyUsed) throw unreadable(source, { message: 'its body has been read before' })
  const parts: Uint8Array[] = []
  const reader = answer.body?.getReader()
  try {
    let actual = 0
    for (;;) {
      const { done, value } = (await orAborted(reader?.read(), signal)) ?? { done: true }
      if (done || value === undefined) return new Uint8Array(Buffer.concat(parts))
      actual += value.length
      if (actual > most)
        throw wasmError('BP_WASM_SIZE_LIMIT', { details: { what: source, actual, value: most, limit: 'moduleBytes' } })
      parts.push(value)
    }
  } finally {
    reader?.cancel().catch(() => {})
  }
}

function orAborted<T>(work: T | PromiseLike<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return Promise.resolve(work)
  return new Promise((resolve, reject) => {
    const stop = () => reject(abortedBy(signal))
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    Promise.resolve(work)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop))
  })
}
