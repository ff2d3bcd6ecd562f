import { createHash, timingSafeEqual } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { messageOf } from '@backplane/core'
import { handshakeError } from '../errors.ts'

/**
 * What a plugin's files must be before it is started. A file may change between the check and the start: keep plugins
 * where only a trusted user writes.
 */
export interface SecureConfig {
  /** Expected digest, as bytes or hex. With several files it is over their bytes, one after another in this order. */
  readonly checksum: string | Uint8Array
  /** @default 'sha256' */
  readonly algorithm?: string
  /**
   * Files to check. Name the script too when the command is an interpreter: of `node plugin.js` the command's own file
   * is Node's. @default the command's file, as in go-plugin
   */
  readonly files?: readonly string[]
}

/**
 * Checks a plugin's files.
 *
 * @throws BP_HANDSHAKE_CHECKSUM with go-plugin's texts
 */
export async function verifyChecksum(secure: SecureConfig, command: string, signal?: AbortSignal): Promise<void> {
  const expected =
    typeof secure.checksum === 'string' ? Buffer.from(secure.checksum, 'hex') : Buffer.from(secure.checksum)
  if (expected.length === 0) throw refused('no checksum provided')
  const algorithm = secure.algorithm ?? 'sha256'
  const hash = (() => {
    try {
      return createHash(algorithm)
    } catch (cause) {
      throw refused(`no hash implementation provided: ${algorithm}`, cause)
    }
  })()
  for (const file of secure.files ?? [command]) {
    try {
      await pipeline(createReadStream(file), hash, { end: false, ...(signal && { signal }) })
    } catch (cause) {
      throw refused(`error verifying checksum: ${messageOf(cause)}`, cause)
    }
  }
  const actual = hash.digest()
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) throw refused('checksums did not match')
}

function refused(reason: string, cause?: unknown) {
  return handshakeError('BP_HANDSHAKE_CHECKSUM', { details: { reason }, cause })
}
