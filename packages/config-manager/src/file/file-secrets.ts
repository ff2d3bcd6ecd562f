import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { messageOf } from '@backplane/core'
import { configError } from '../errors.ts'
import type { SecretStore } from '../secrets.ts'
import { type FileSystem, realFileSystem } from './file-system.ts'

/** What a file of secrets is made with. */
export interface FileSecretsInit {
  /**
   * The key, 32 bytes; from a keyring, a TPM, the environment. Without it a key is made beside the file: that keeps
   * secrets out of backups and logs of the configuration, not from anyone who can read the whole directory.
   */
  readonly key?: Uint8Array
  /** @default the real one */
  readonly files?: FileSystem
}

/**
 * Keeps secrets in a directory: one file, encrypted as a whole (AES-256-GCM, a new nonce each time), rewritten and
 * renamed into place on each change.
 */
export function fileSecrets(dir: string, { key, files = realFileSystem }: FileSecretsInit = {}): SecretStore {
  const path = join(dir, 'secrets.enc')
  let loading: Promise<{ readonly key: Uint8Array; readonly secrets: Map<string, string> }> | undefined
  let queue: Promise<unknown> = Promise.resolve()

  const load = () => {
    loading ??= openFile().catch((error) => {
      loading = undefined
      throw error
    })
    return loading
  }

  async function openFile() {
    await files.makeDirectory(dir)
    const present = key ?? (await ownKey(files, dir))
    const sealed = await files.read(path)
    return { key: present, secrets: sealed ? unseal(sealed, present, path) : new Map<string, string>() }
  }

  const save = (edit: (secrets: Map<string, string>) => void): Promise<void> => {
    const saving = queue.then(async () => {
      const opened = await load()
      const next = new Map(opened.secrets)
      edit(next)
      await replace(files, dir, path, seal(next, opened.key))
      edit(opened.secrets)
    })
    queue = saving.catch(() => {})
    return saving
  }

  return {
    put: (name, secret) => save((secrets) => secrets.set(name, secret)),
    get: async (name) => (await load()).secrets.get(name),
    delete: async (name) => {
      if ((await load()).secrets.has(name)) await save((secrets) => secrets.delete(name))
    },
  }
}

async function ownKey(files: FileSystem, dir: string): Promise<Uint8Array> {
  const path = join(dir, 'secrets.key')
  const present = await files.read(path)
  if (present) return Buffer.from(new TextDecoder().decode(present).trim(), 'base64')
  const key = randomBytes(32)
  await replace(files, dir, path, new TextEncoder().encode(`${key.toString('base64')}\n`))
  return key
}

async function replace(files: FileSystem, dir: string, path: string, bytes: Uint8Array): Promise<void> {
  const next = `${path}.next`
  await files.remove(next)
  const file = await files.append(next)
  try {
    for (let at = 0; at < bytes.length; ) at += await file.write(bytes.subarray(at))
    await file.sync()
  } finally {
    await file.close()
  }
  await files.rename(next, path)
  await files.syncDirectory(dir)
}

function seal(secrets: ReadonlyMap<string, string>, key: Uint8Array): Uint8Array {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const sealed = Buffer.concat([cipher.update(JSON.stringify([...secrets]), 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
}

function unseal(bytes: Uint8Array, key: Uint8Array, path: string): Map<string, string> {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
    decipher.setAuthTag(bytes.subarray(12, 28))
    const text = Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
    return new Map(JSON.parse(text) as [string, string][])
  } catch (error) {
    const reason = `the secrets do not open with this key (${messageOf(error)})`
    throw configError('BP_CONFIG_STORE_DAMAGED', { details: { path, reason }, cause: error })
  }
}
