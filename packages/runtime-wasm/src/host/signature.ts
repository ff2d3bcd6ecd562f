import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { type Manifest, messageOf } from '@backplane/core'
import { lenientReplacer } from '@backplane/core/json'
import { wasmError } from '../errors.ts'

/**
 * The bytes that a plugin's author signs: the manifest without its signature, keys in order, and the module's SHA-256.
 * Permissions and limits are under the signature as well as the code.
 */
export function signedBytes(manifest: Manifest, module: Uint8Array): Uint8Array {
  const { signature: _, ...wasm } = (manifest.wasm ?? {}) as Record<string, unknown>
  const digest = createHash('sha256').update(module).digest('hex')
  return new TextEncoder().encode(`backplane wasm 1\n${canonical({ ...manifest, wasm })}\n${digest}`)
}

/** Throws `BP_WASM_SIGNATURE` unless one of the trusted keys (raw Ed25519, base64) has signed this plugin. */
export function checkSignature(manifest: Manifest, module: Uint8Array, trusted: readonly string[]): void {
  const what = `plugin '${manifest.id}'`
  const refuse = (reason: string, cause?: unknown) =>
    wasmError('BP_WASM_SIGNATURE', { details: { what, reason }, cause })
  const signature = manifest.wasm?.signature as { key: string; value: string } | undefined
  if (!signature) throw refuse('it is not signed')
  if (!trusted.includes(signature.key)) throw refuse(`the key ${signature.key} is not trusted here`)
  let holds: boolean
  try {
    holds = verify(
      null,
      signedBytes(manifest, module),
      publicKey(signature.key),
      Buffer.from(signature.value, 'base64'),
    )
  } catch (cause) {
    throw refuse(messageOf(cause), cause)
  }
  if (!holds) throw refuse('the module or its manifest has been changed')
}

function publicKey(base64: string): KeyObject {
  const x = Buffer.from(base64, 'base64').toString('base64url')
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (key, item: unknown) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return lenientReplacer(key, item)
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
  })
}
