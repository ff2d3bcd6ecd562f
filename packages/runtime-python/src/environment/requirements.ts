import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PluginSource } from '@backplane/core'

/** What a plugin wants installed. */
export interface Requirements {
  /** Requirement specifiers of its manifest. */
  readonly listed: readonly string[]
  /** The requirements file beside its code that counts too, and its text. */
  readonly file?: { readonly path: string; readonly text: string }
}

/**
 * Reads what a plugin wants: `requirements.lock` beside its code, which then says everything, or else the manifest's
 * `dependencies.python` and `requirements.txt`.
 */
export async function requirementsOf({ manifest, dir }: PluginSource): Promise<Requirements | undefined> {
  const lock = dir === undefined ? undefined : await textOf(join(dir, 'requirements.lock'))
  if (lock) return { listed: [], file: lock }
  const listed = manifest.dependencies?.python ?? []
  const file = dir === undefined ? undefined : await textOf(join(dir, 'requirements.txt'))
  if (file) return { listed, file }
  return listed.length === 0 ? undefined : { listed }
}

async function textOf(path: string): Promise<{ path: string; text: string } | undefined> {
  try {
    const text = await readFile(path, 'utf8')
    const asks = text.split('\n').some((line) => line.trim() !== '' && !line.trim().startsWith('#'))
    return asks ? { path, text } : undefined
  } catch {
    return undefined
  }
}

/** Names an environment by everything that decides what is in it. */
export function environmentKey(parts: {
  readonly requirements: Requirements
  readonly tag: string
  readonly python: string
  readonly settings: readonly string[]
}): string {
  const { listed, file } = parts.requirements
  const content = JSON.stringify([parts.tag, parts.python, [...listed].sort(), file?.text ?? '', parts.settings])
  return createHash('sha256').update(content).digest('hex').slice(0, 24)
}
