import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { messageOf } from '@backplane/core'
import { handshakeError } from '../errors.ts'

type Kind = 'text' | 'list' | 'flag' | 'count' | 'amount' | 'curve'

/** Every setting with the kind of its value. */
const kinds = {
  command: 'text',
  args: 'list',
  cwd: 'text',
  cookieKey: 'text',
  cookieValue: 'text',
  startTimeoutMs: 'count',
  gracePeriodMs: 'count',
  autoMtls: 'flag',
  curve: 'curve',
  multiplex: 'flag',
  inheritEnv: 'flag',
  processGroup: 'flag',
  minPort: 'count',
  maxPort: 'count',
  socketDir: 'text',
  socketGroup: 'text',
  checksum: 'text',
  checksumAlgorithm: 'text',
  checksumFiles: 'list',
  tlsCa: 'text',
  tlsCert: 'text',
  tlsKey: 'text',
  tlsServerName: 'text',
  retryAttempts: 'count',
  retryBackoffMs: 'count',
  retryMaxBackoffMs: 'count',
  retryTotalMs: 'count',
  rateLimitPerSecond: 'amount',
  rateLimitBurst: 'amount',
  healthIntervalMs: 'count',
  healthTimeoutMs: 'count',
} as const satisfies Record<string, Kind>

interface Values {
  text: string
  list: readonly string[]
  flag: boolean
  count: number
  amount: number
  curve: 'P-256' | 'P-384' | 'P-521'
}

/** Settings of a plugin client, flat, as they stand in files and variables. */
export type PluginSettings = { readonly [K in keyof typeof kinds]?: Values[(typeof kinds)[K]] }

/** Where settings come from. */
export interface LoadSettingsInit {
  /** A `.yaml`, `.yml`, `.json` or `.toml` file. */
  readonly file?: string
  /** What the program itself says. */
  readonly code?: PluginSettings
  /** The environment that variables are read from. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>
  /**
   * Variables are named with this before the setting: `BACKPLANE_PLUGIN_START_TIMEOUT_MS`.
   * @default 'BACKPLANE_PLUGIN'
   */
  readonly prefix?: string
}

/**
 * Gathers settings: a variable wins over the file, the file over `code`. A text that starts with `file://` stands for
 * the contents of that file. Give the outcome to {@link clientInit}.
 *
 * @throws BP_HANDSHAKE_SETTINGS naming the setting and where it stands
 */
export async function loadSettings(init: LoadSettingsInit = {}): Promise<PluginSettings> {
  const { file, code = {}, env = process.env, prefix = 'BACKPLANE_PLUGIN' } = init
  const settings: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(code)) {
    if (value !== undefined) settings[name] = await read(name, value, 'the options of loadSettings')
  }
  if (file !== undefined) {
    for (const [name, value] of Object.entries(await parseFile(file))) settings[name] = await read(name, value, file)
  }
  for (const name of Object.keys(kinds)) {
    const variable = `${prefix}_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
    const text = env[variable]
    if (text !== undefined) settings[name] = await read(name, text, variable)
  }
  return settings as PluginSettings
}

async function read(name: string, value: unknown, source: string): Promise<unknown> {
  const bad = (reason: string, cause?: unknown) =>
    handshakeError('BP_HANDSHAKE_SETTINGS', { details: { setting: name, reason, source }, cause })
  if (!Object.hasOwn(kinds, name)) throw bad(`there is no such setting; there are ${Object.keys(kinds).join(', ')}`)
  const kind = kinds[name as keyof typeof kinds]
  if (typeof value !== 'string') return typed(kind, value, bad)
  if (!value.startsWith('file://')) return fromText(kind, value, bad)
  try {
    return fromText(kind, (await readFile(fileURLToPath(value), 'utf8')).trim(), bad)
  } catch (cause) {
    throw bad(messageOf(cause), cause)
  }
}

type Bad = (reason: string, cause?: unknown) => Error

function typed(kind: Kind, value: unknown, bad: Bad): unknown {
  if (kind === 'flag' && typeof value === 'boolean') return value
  if (kind === 'list' && Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  if ((kind === 'count' || kind === 'amount') && typeof value === 'number') return fromText(kind, String(value), bad)
  throw bad(`${JSON.stringify(value)} is not ${words[kind]}`)
}

function fromText(kind: Kind, text: string, bad: Bad): unknown {
  const no = () => bad(`"${text}" is not ${words[kind]}`)
  switch (kind) {
    case 'text':
      if (text === '') throw no()
      return text
    case 'list':
      return text.startsWith('[') ? jsonList(text, no) : text.split(' ').filter((item) => item !== '')
    case 'flag':
      if (/^(1|t|true|yes|on)$/i.test(text)) return true
      if (/^(0|f|false|no|off)$/i.test(text)) return false
      throw no()
    case 'curve':
      if (!['P-256', 'P-384', 'P-521'].includes(text)) throw no()
      return text
    case 'count':
      if (!/^\d{1,15}$/.test(text)) throw no()
      return Number(text)
    case 'amount':
      if (!/^\d+(\.\d+)?$/.test(text) || Number(text) <= 0) throw no()
      return Number(text)
  }
}

const words: Readonly<Record<Kind, string>> = {
  text: 'a text',
  list: 'a list of texts',
  flag: 'true or false',
  count: 'a whole number',
  amount: 'a number above 0',
  curve: 'P-256, P-384 or P-521',
}

function jsonList(text: string, no: () => Error): readonly string[] {
  try {
    const value: unknown = JSON.parse(text)
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  } catch {
    // Said below.
  }
  throw no()
}

async function parseFile(file: string): Promise<Record<string, unknown>> {
  const bad = (reason: string, cause?: unknown) =>
    handshakeError('BP_HANDSHAKE_SETTINGS', { details: { setting: 'file', reason, source: file }, cause })
  const parse = await parserOf(extname(file).toLowerCase(), bad)
  let value: unknown
  try {
    value = parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw bad(messageOf(cause), cause)
  }
  if (value === null || value === undefined) return {}
  if (typeof value !== 'object' || Array.isArray(value)) throw bad('it must hold settings by name')
  return value as Record<string, unknown>
}

/** Loaded when they are needed: YAML's and TOML's are optional peers. */
async function parserOf(ending: string, bad: Bad): Promise<(text: string) => unknown> {
  const peer = async <T>(name: string, load: () => Promise<T>): Promise<T> => {
    try {
      return await load()
    } catch (cause) {
      throw bad(`it needs the package ${name}: npm install ${name}`, cause)
    }
  }
  switch (ending) {
    case '.json':
      return JSON.parse
    case '.yaml':
    case '.yml':
      return (await peer('yaml', () => import('yaml'))).parse
    case '.toml':
      return (await peer('smol-toml', () => import('smol-toml'))).parse
    default:
      throw bad('its name must end in .yaml, .yml, .json or .toml')
  }
}
