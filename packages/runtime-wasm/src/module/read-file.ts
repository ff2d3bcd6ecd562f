import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { wasmError } from '../errors.ts'

/**
 * Reads a plugin's file whole, and rejects where it is none (a pipe or a device would never come to an end), and with
 * `BP_WASM_SIZE_LIMIT` where it has more than `most` bytes. Not for what is fetched.
 */
export async function readPluginFile(
  path: string | URL,
  { most, signal }: { readonly most: number; readonly signal?: AbortSignal | undefined },
): Promise<Uint8Array<ArrayBuffer>> {
  // Opening a pipe that nobody writes waits without this.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const about = await file.stat()
    if (!about.isFile()) throw wasmError('BP_WASM_SOURCE', { details: { source: `${path}`, reason: 'it is no file' } })
    if (about.size > most) {
      const details = { what: 'The file', actual: about.size, value: most, limit: 'moduleBytes' }
      throw wasmError('BP_WASM_SIZE_LIMIT', { details })
    }
    return new Uint8Array(await file.readFile({ signal }))
  } finally {
    await file.close()
  }
}
