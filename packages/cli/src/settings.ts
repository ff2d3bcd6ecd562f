import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { messageOf } from '@backplane/core'
import { cliError } from './errors.ts'
import type { CliIo } from './io.ts'
import type { LogLevel } from './reporter.ts'

/** What commands go by, from flags, environment, config file and defaults, in this order. */
export interface Settings {
  readonly preset: 'local'
  readonly deviceId: string
  readonly tenant: string
  /** Absolute path. */
  readonly plugins: string
  readonly autoLoad: boolean
  /** NATS servers to join; absent: the host brings a broker of its own. */
  readonly nats?: string
  readonly brokerPort: number
  /** Absolute path. */
  readonly stateDir?: string
  readonly logLevel: LogLevel
}

interface Setting {
  /** Environment variables, the first that is set counts. Those without our prefix are Device Connect's. */
  readonly env: readonly string[]
  readonly parse: (text: string, io: CliIo) => unknown
}

const text = (value: string) => value
const path = (value: string, io: CliIo) => resolve(io.cwd, value)

/** Every setting, by its name in the config file. */
const settings: { readonly [K in keyof Required<Settings>]: Setting } = {
  preset: { env: ['BACKPLANE_PRESET'], parse: oneOf('local') },
  deviceId: { env: ['BACKPLANE_DEVICE_ID', 'DC_PLUGIN_DEVICE_ID', 'DEVICE_ID'], parse: text },
  tenant: { env: ['BACKPLANE_TENANT', 'DC_PLUGIN_TENANT', 'TENANT'], parse: text },
  plugins: { env: ['BACKPLANE_PLUGINS', 'DC_PLUGIN_CAPABILITIES_DIR', 'CAPABILITIES_DIR'], parse: path },
  autoLoad: { env: ['BACKPLANE_AUTO_LOAD', 'DC_PLUGIN_AUTO_LOAD'], parse: truth },
  nats: { env: ['BACKPLANE_NATS', 'MESSAGING_URLS', 'NATS_URL'], parse: text },
  brokerPort: { env: ['BACKPLANE_BROKER_PORT'], parse: port },
  stateDir: { env: ['BACKPLANE_STATE_DIR'], parse: path },
  logLevel: { env: ['BACKPLANE_LOG_LEVEL', 'DC_PLUGIN_LOG_LEVEL'], parse: level },
}

const defaults = {
  preset: 'local',
  deviceId: 'plugin-host-1',
  tenant: 'default',
  plugins: 'plugins',
  autoLoad: true,
  brokerPort: 4222,
  logLevel: 'warn',
} as const

/** Flags as they were given; what was not given is absent. */
export type Flags = { readonly [K in keyof Settings]?: string | boolean } & { readonly config?: string }

/** Works out the settings. Throws `BP_CLI_USAGE` for a value that cannot be meant, `BP_CLI_CONFIG` for an unusable file. */
export function readSettings(flags: Flags, io: CliIo): Settings {
  const file = readFile(flags.config, io)
  const chosen = Object.entries(settings).map(([name, { env, parse }]) => {
    const flag = flags[name as keyof Settings]
    if (flag !== undefined) return [name, parsed(flagOf(name), flag, parse, io)]
    const variable = env.find((one) => io.env[one] !== undefined && io.env[one] !== '')
    if (variable) return [name, parsed(variable, io.env[variable] as string, parse, io)]
    if (file && name in file.values) return [name, parsed(`${name} in ${file.path}`, file.values[name], parse, io)]
    const given: unknown = defaults[name as keyof typeof defaults]
    return [name, name === 'plugins' ? resolve(io.cwd, String(given)) : given]
  })
  return Object.fromEntries(chosen.filter(([, value]) => value !== undefined))
}

function parsed(where: string, value: unknown, parse: Setting['parse'], io: CliIo): unknown {
  try {
    return parse(String(value), io)
  } catch (error) {
    throw cliError('BP_CLI_USAGE', {
      details: { reason: `${where}: ${messageOf(error)}`, command: 'up' },
      cause: error,
    })
  }
}

function readFile(asked: string | undefined, io: CliIo): { path: string; values: Record<string, unknown> } | undefined {
  const file = resolve(io.cwd, asked ?? io.env.BACKPLANE_CONFIG ?? 'backplane.json')
  if (asked === undefined && io.env.BACKPLANE_CONFIG === undefined && !existsSync(file)) return undefined
  const unusable = (reason: string, cause?: unknown) =>
    cliError('BP_CLI_CONFIG', { details: { path: file, reason }, cause })
  let values: unknown
  try {
    values = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw unusable(messageOf(error), error)
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) throw unusable('it holds no JSON object')
  const unknown = Object.keys(values).filter((name) => name !== '$schema' && !(name in settings))
  if (unknown.length > 0) {
    throw unusable(`it has no setting ${unknown.join(', ')}; there are ${Object.keys(settings).join(', ')}`)
  }
  return { path: file, values: values as Record<string, unknown> }
}

function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

function oneOf(...allowed: readonly string[]) {
  return (value: string) => {
    if (!allowed.includes(value)) throw cliUsage(`'${value}' is none of ${allowed.join(', ')}`)
    return value
  }
}

function level(value: string): LogLevel {
  return oneOf('debug', 'info', 'warn', 'error', 'silent')(value.toLowerCase().replace('warning', 'warn')) as LogLevel
}

function truth(value: string): boolean {
  const lower = value.toLowerCase()
  if (['1', 'true', 'yes', 'on'].includes(lower)) return true
  if (['0', 'false', 'no', 'off', ''].includes(lower)) return false
  throw cliUsage(`'${value}' is neither true nor false`)
}

function port(value: string): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 0 || number > 65_535) throw cliUsage(`'${value}' is no port (0 to 65535)`)
  return number
}

function cliUsage(reason: string) {
  return cliError('BP_CLI_USAGE', { details: { reason, command: '' } })
}
