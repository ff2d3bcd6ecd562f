import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { messageOf } from '@backplane/core'
import { cliError } from './errors.ts'
import type { CliIo } from './io.ts'

/** What a config file says. */
export interface ConfigFile {
  /** Absolute path. */
  readonly path: string
  /** The folder that paths in it are relative to. */
  readonly dir: string
  /** Texts, as flags and variables would give them. */
  readonly values: Readonly<Record<string, string>>
}

/**
 * Reads `asked`, or what the environment names, or `backplane.json` if there is one. Throws `BP_CLI_CONFIG` for one
 * that cannot be used, and for settings that are none of `known`: a typing mistake would else go unnoticed.
 */
export function readConfigFile(
  asked: string | undefined,
  { env, cwd }: CliIo,
  known: readonly string[],
): ConfigFile | undefined {
  const named = asked ?? (env.BACKPLANE_CONFIG || undefined)
  const path = resolve(cwd, named ?? 'backplane.json')
  if (named === undefined && !existsSync(path)) return undefined
  const unusable = (reason: string, cause?: unknown) => cliError('BP_CLI_CONFIG', { details: { path, reason }, cause })
  let content: unknown
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw unusable(messageOf(error), error)
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw unusable('it holds no JSON object')
  const { $schema: _, ...settings } = content as Record<string, unknown>
  const unknown = Object.keys(settings).filter((name) => !known.includes(name))
  if (unknown.length > 0) throw unusable(`it has no setting ${unknown.join(', ')}; there are ${known.join(', ')}`)
  const values = Object.entries(settings).map(([name, value]) => {
    const text = asText(value)
    if (text === undefined) throw unusable(`${name} is ${JSON.stringify(value)}, which it cannot be`)
    return [name, text]
  })
  return { path, dir: dirname(path), values: Object.fromEntries(values) }
}

function asText(value: unknown): string | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value)
  const texts = Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string')
  return texts ? value.join(',') : undefined
}
