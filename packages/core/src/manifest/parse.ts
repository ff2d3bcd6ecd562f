import { contractError } from '../contract-errors.ts'
import type { Manifest } from '../contracts/manifest.ts'
import { parseJson } from '../json/parse.ts'
import { fromDeviceConnect, type ManifestOrigin } from './device-connect.ts'
import { validate } from './generated/validator.ts'

/** One thing wrong with a manifest. */
export interface ManifestIssue {
  /** Where, as a JSON path from the root: `functions[0].name`; empty for the whole. */
  readonly path: string
  /** What is wrong, and what would be right. */
  readonly message: string
}

interface AjvError {
  readonly instancePath: string
  readonly keyword: string
  readonly message?: string
  readonly params: Readonly<Record<string, unknown>>
}

/**
 * Lists everything wrong with a value as a manifest of this schema; empty when it is one. Does not adapt other systems'
 * forms.
 */
export function manifestIssues(value: unknown): readonly ManifestIssue[] {
  const check = validate as unknown as ((value: unknown) => boolean) & { errors?: readonly AjvError[] | null }
  if (check(value)) return []
  const errors = check.errors ?? []
  // A union reports each of its members and then itself; the last says enough.
  const unions = errors.filter((error) => error.keyword === 'anyOf').map((error) => error.instancePath)
  return errors
    .filter((error) => error.keyword === 'anyOf' || !unions.some((path) => error.instancePath.startsWith(path)))
    .map((error) => issue(error, value))
}

/**
 * Reads a manifest, in this family's form or in Device Connect's (Python folder and docker manifest).
 *
 * Throws `BP_MANIFEST_INVALID` with every issue in `details.list`.
 */
export function parseManifest(value: unknown, origin: ManifestOrigin = {}): Manifest {
  const manifest = fromDeviceConnect(value, origin)
  const list = manifestIssues(manifest)
  if (list.length === 0) return manifest as Manifest
  const of = origin.folder === undefined ? '' : ` of '${origin.folder}'`
  const issues = list.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
  throw contractError('BP_MANIFEST_INVALID', { details: { of, issues, list } })
}

/** Reads a manifest from its JSON text; throws `BP_MANIFEST_INVALID` for text that is no JSON as well. */
export function parseManifestText(text: string, origin: ManifestOrigin = {}): Manifest {
  let value: unknown
  try {
    value = parseJson(text.replace(/^\uFEFF/, ''))
  } catch (cause) {
    const of = origin.folder === undefined ? '' : ` of '${origin.folder}'`
    const message = `not valid JSON: ${(cause as Error).message}`
    throw contractError('BP_MANIFEST_INVALID', {
      details: { of, issues: message, list: [{ path: '', message }] },
      cause,
    })
  }
  return parseManifest(value, origin)
}

function issue({ instancePath, keyword, message, params }: AjvError, root: unknown): ManifestIssue {
  const parts = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'))
  const path = parts.reduce(
    (text, part) => (/^\d+$/.test(part) ? `${text}[${part}]` : text ? `${text}.${part}` : part),
    '',
  )
  const received = parts.reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part], root)
  return { path, message: say(keyword, message ?? 'is not valid', params, received) }
}

function say(keyword: string, message: string, params: Readonly<Record<string, unknown>>, received: unknown): string {
  const got = `, but is ${describe(received)}`
  switch (keyword) {
    case 'required':
      return `'${params.missingProperty}' is missing; add it`
    case 'additionalProperties':
      return `'${params.additionalProperty}' is not known here; remove it or correct its spelling`
    case 'type':
      return `must be ${[params.type].flat().join(' or ')}${got}`
    case 'enum':
      return `must be one of ${(params.allowedValues as unknown[]).join(', ')}${got}`
    case 'pattern':
      return `must match ${params.pattern}${got}`
    case 'anyOf':
      return `must have one of the allowed forms${got}`
    default:
      return `${message}${got}`
  }
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'string' ? `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'` : String(value)
}
