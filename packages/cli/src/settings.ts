import { resolve } from 'node:path'
import { messageOf } from '@backplane/core'
import type { DiscoveryMode } from '@backplane/mesh-device-connect'
import { readConfigFile } from './config-file.ts'
import { cliError } from './errors.ts'
import type { CliIo } from './io.ts'
import type { LogLevel } from './reporter.ts'

/** How a host is composed, and with it the network that it is on. */
type Preset = 'local' | 'edge' | 'portal'

/** What commands go by, from flags, environment, config file and defaults, in this order. */
export interface Settings {
  readonly preset: Preset
  readonly deviceId: string
  readonly tenant: string
  /** Absolute path. */
  readonly plugins: string
  readonly autoLoad: boolean
  /** The Python of plugins that name none: a command or a path. */
  readonly python?: string
  /** Whether packages that Python plugins ask for are installed. */
  readonly installDependencies: boolean
  /** NATS servers to join; absent: the host brings a broker of its own. */
  readonly nats?: string
  readonly brokerPort: number
  /** Where a Zenoh bridge listens. */
  readonly bridge: string
  /** A credentials file; absolute path. */
  readonly credentials?: string
  /** Where credentials of a portal are looked for; absolute path. */
  readonly credentialsDir?: string
  readonly allowInsecure: boolean
  readonly discoveryMode?: DiscoveryMode
  /** Absolute path. */
  readonly stateDir?: string
  readonly logLevel: LogLevel
  /**
   * Where each setting is from: a flag, a variable, the config file's path; `default` for those that are absent here.
   */
  readonly from: { readonly [name: string]: string }
}

type Name = Exclude<keyof Settings, 'from'>

interface Setting {
  /** Environment variables, the first that is set counts. Those without our prefix are Device Connect's. */
  readonly env: readonly string[]
  /** `dir` is what a relative path is relative to. */
  readonly parse: (text: string, dir: string) => unknown
}

/** Every setting, by its name in the config file. */
const settings: { readonly [K in Name]: Setting } = {
  preset: { env: ['BACKPLANE_PRESET'], parse: oneOf('local', 'edge', 'portal') },
  deviceId: { env: ['BACKPLANE_DEVICE_ID', 'DC_PLUGIN_DEVICE_ID', 'DEVICE_ID'], parse: text },
  tenant: { env: ['BACKPLANE_TENANT', 'DC_PLUGIN_TENANT', 'TENANT'], parse: text },
  plugins: { env: ['BACKPLANE_PLUGINS', 'DC_PLUGIN_CAPABILITIES_DIR', 'CAPABILITIES_DIR'], parse: path },
  autoLoad: { env: ['BACKPLANE_AUTO_LOAD', 'DC_PLUGIN_AUTO_LOAD'], parse: truth },
  python: { env: ['BACKPLANE_PYTHON'], parse: text },
  installDependencies: { env: ['BACKPLANE_INSTALL_DEPENDENCIES', 'DC_PLUGIN_INSTALL_DEPENDENCIES'], parse: truth },
  nats: { env: ['BACKPLANE_NATS', 'MESSAGING_URLS', 'NATS_URL'], parse: text },
  brokerPort: { env: ['BACKPLANE_BROKER_PORT'], parse: port },
  bridge: { env: ['BACKPLANE_BRIDGE'], parse: text },
  credentials: {
    env: ['BACKPLANE_CREDENTIALS', 'MESSAGING_CREDENTIALS_FILE', 'NATS_CREDENTIALS_FILE', 'PORTAL_CREDENTIALS_FILE'],
    parse: path,
  },
  credentialsDir: { env: ['BACKPLANE_CREDENTIALS_DIR', 'PORTAL_CREDENTIALS_DIR'], parse: path },
  allowInsecure: { env: ['BACKPLANE_ALLOW_INSECURE', 'DEVICE_CONNECT_ALLOW_INSECURE'], parse: truth },
  discoveryMode: {
    env: ['BACKPLANE_DISCOVERY_MODE', 'DEVICE_CONNECT_DISCOVERY_MODE'],
    parse: oneOf('d2d', 'p2p', 'infra'),
  },
  stateDir: { env: ['BACKPLANE_STATE_DIR'], parse: path },
  logLevel: { env: ['BACKPLANE_LOG_LEVEL', 'DC_PLUGIN_LOG_LEVEL'], parse: level },
}

const defaults: Readonly<Record<string, unknown>> = {
  preset: 'local',
  deviceId: 'plugin-host-1',
  tenant: 'default',
  autoLoad: true,
  installDependencies: false,
  brokerPort: 4222,
  bridge: 'ws://127.0.0.1:10000',
  allowInsecure: false,
  logLevel: 'warn',
}

/** Flags as they were given; what was not given is absent. */
export type Flags = { readonly [K in Name]?: string | boolean } & { readonly config?: string }

/** A value, and where it is from: the less its rank, the more it counts. */
interface Found {
  readonly value: unknown
  readonly rank: number
  readonly from: string
}

/**
 * Works out the settings. Throws `BP_CLI_USAGE` for a value that cannot be meant, `BP_CLI_CONFIG` for an unusable file.
 *
 * A broker's port from nearer than the servers takes their place: `--broker-port 0` means it though `NATS_URL` is set.
 */
export function readSettings(flags: Flags, io: CliIo): Settings {
  if (flags.nats !== undefined && flags.brokerPort !== undefined)
    throw usage('--nats and --broker-port exclude one another.')
  const file = readConfigFile(flags.config, io, Object.keys(settings))
  const find = (name: string, { env, parse }: Setting): Found => {
    const flag = flags[name as Name]
    if (flag !== undefined) return { value: parsed(flagOf(name), flag, parse, io.cwd), rank: 0, from: flagOf(name) }
    const variable = env.find((one) => io.env[one])
    if (variable) {
      return { value: parsed(variable, io.env[variable] as string, parse, io.cwd), rank: 1, from: variable }
    }
    const inFile = file?.values[name]
    if (file && inFile !== undefined) {
      return { value: parsed(`${name} in ${file.path}`, inFile, parse, file.dir), rank: 2, from: file.path }
    }
    const value = name === 'plugins' ? resolve(io.cwd, 'plugins') : defaults[name]
    return { value, rank: 3, from: 'default' }
  }
  const found = new Map(Object.entries(settings).map(([name, setting]) => [name, find(name, setting)]))
  if (rankOf(found, 'brokerPort') < rankOf(found, 'nats')) found.delete('nats')
  const preset = impliedPreset(found, io)
  if (preset) found.set('preset', preset)
  const known = [...found].filter(([, { value }]) => value !== undefined)
  return {
    ...Object.fromEntries(known.map(([name, { value }]) => [name, value])),
    from: Object.fromEntries([...found].map(([name, { from }]) => [name, from])),
  } as Settings
}

/** What Device Connect's own variables, or the flags given, say of a preset that nobody named. */
function impliedPreset(found: ReadonlyMap<string, Found>, { env }: CliIo): Found | undefined {
  const backend = env.MESSAGING_BACKEND?.toLowerCase()
  if (backend && backend !== 'nats' && backend !== 'zenoh') {
    throw usage(`MESSAGING_BACKEND: '${backend}' is not spoken here; it is nats or zenoh.`)
  }
  if (rankOf(found, 'preset') < 3) return undefined
  if (rankOf(found, 'bridge') === 0) return { value: 'edge', rank: 0, from: '--bridge' }
  if (rankOf(found, 'credentials') === 0) return { value: 'portal', rank: 0, from: '--credentials' }
  if (Math.min(rankOf(found, 'nats'), rankOf(found, 'brokerPort')) === 0) return undefined
  const portal = ['DEVICE_CONNECT_PORTAL', 'DC_PLUGIN_PORTAL'].find((name) => env[name])
  if (portal && parsed(portal, env[portal] as string, truth, '')) return { value: 'portal', rank: 1, from: portal }
  return backend === 'zenoh' ? { value: 'edge', rank: 1, from: 'MESSAGING_BACKEND' } : undefined
}

function rankOf(found: ReadonlyMap<string, Found>, name: Name): number {
  return found.get(name)?.rank ?? Number.POSITIVE_INFINITY
}

function parsed(where: string, value: string | boolean, parse: Setting['parse'], dir: string): unknown {
  try {
    return parse(String(value), dir)
  } catch (error) {
    throw usage(`${where}: ${messageOf(error)}.`)
  }
}

function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

function text(value: string): string {
  if (value === '') throw usage('it is empty')
  return value
}

function path(value: string, dir: string): string {
  return resolve(dir, text(value))
}

function oneOf(...allowed: readonly string[]) {
  return (value: string) => {
    if (!allowed.includes(value)) throw usage(`'${value}' is none of ${allowed.join(', ')}`)
    return value
  }
}

function level(value: string): LogLevel {
  return oneOf('debug', 'info', 'warn', 'error', 'silent')(value.toLowerCase().replace('warning', 'warn')) as LogLevel
}

function truth(value: string): boolean {
  const lower = value.toLowerCase()
  if (['1', 'true', 'yes', 'on'].includes(lower)) return true
  if (['0', 'false', 'no', 'off'].includes(lower)) return false
  throw usage(`'${value}' is neither true nor false`)
}

function port(value: string): number {
  const number = Number(text(value))
  if (!Number.isInteger(number) || number < 0 || number > 65_535) throw usage(`'${value}' is no port (0 to 65535)`)
  return number
}

function usage(reason: string) {
  return cliError('BP_CLI_USAGE', { details: { reason } })
}
