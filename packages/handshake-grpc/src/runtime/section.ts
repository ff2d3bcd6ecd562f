import { isAbsolute, join } from 'node:path'
import { type BackplaneError, coreError, type PluginSource } from '@backplane/core'
import type { SecureConfig } from '../client/checksum.ts'
import type { Callback } from './callbacks.ts'

/**
 * The `process` section of a manifest: how to run a go-plugin plugin. Paths are relative to the plugin's folder.
 */
export interface ProcessSection {
  /** The program: a path in the folder (`./bin/kv`), or a name on the PATH. @default the manifest's `entry_point` */
  readonly command?: string
  readonly args?: readonly string[]
  /** The cookie that the plugin wants to see. */
  readonly cookie: { readonly key: string; readonly value: string }
  /** Versions of the application's protocol that may be negotiated. @default [1] */
  readonly versions?: readonly number[]
  /** Services to expose, by full name (`proto.KV`). @default all but go-plugin's own and gRPC's */
  readonly services?: readonly string[]
  /**
   * What its functions are called: `service` is `Service.Method`, `method` the method's name alone, for plugins that
   * have one service. @default 'service'
   */
  readonly names?: 'service' | 'method'
  /** `.proto` files that describe the services, for plugins without gRPC reflection. */
  readonly proto?: string | readonly string[]
  /** SHA-256 of the program as hex, or a digest with its algorithm over a list of files. */
  readonly checksum?:
    | string
    | { readonly digest: string; readonly algorithm?: string; readonly files?: readonly string[] }
  /** Variables for the plugin. */
  readonly env?: Readonly<Record<string, string>>
  /** Certificates on both sides, made at each start. @default true */
  readonly auto_mtls?: boolean
  /** Brokered connections inside the main one. @default false */
  readonly multiplex?: boolean
  /** Curve of the host's certificate. @default 'P-256' */
  readonly curve?: 'P-256' | 'P-384' | 'P-521'
  /** Services of the host that calls are given by the broker; see `services` of `processRuntime`. @default none */
  readonly callbacks?: readonly Callback[]
}

/** A section that has been looked through, with absolute paths. */
export interface ProcessPlan {
  readonly command: string
  readonly args: readonly string[]
  readonly cookie: ProcessSection['cookie']
  readonly versions: readonly number[]
  readonly services: readonly string[] | undefined
  readonly names: 'service' | 'method'
  readonly protos: readonly string[]
  readonly secure: SecureConfig | undefined
  readonly env: Readonly<Record<string, string>>
  readonly autoMtls: boolean | { readonly curve: 'P-256' | 'P-384' | 'P-521' }
  readonly multiplex: boolean
  readonly callbacks: readonly Callback[]
}

/**
 * Reads a manifest's `process` section.
 *
 * @throws BP_PLUGIN_LOAD_FAILED naming the member that is wrong
 */
export function planOf(source: PluginSource): ProcessPlan {
  const { manifest, dir } = source
  const section = (manifest.process ?? {}) as Partial<ProcessSection>
  const wrong = (reason: string): BackplaneError =>
    coreError('BP_PLUGIN_LOAD_FAILED', { details: { plugin: manifest.id, reason } })
  const inFolder = (path: string) => (isAbsolute(path) || dir === undefined ? path : join(dir, path))

  const program = section.command ?? (manifest.entry_point === undefined ? undefined : `./${manifest.entry_point}`)
  if (typeof program !== 'string' || program === '') throw wrong('process.command or entry_point must name its program')
  const { cookie } = section
  if (typeof cookie?.key !== 'string' || cookie.key === '' || typeof cookie.value !== 'string' || cookie.value === '') {
    throw wrong('process.cookie must have a key and a value: the plugin refuses to start without them')
  }
  const args = listOf(section.args ?? [], isText)
  if (!args) throw wrong('process.args must be a list of texts')
  const versions = listOf(section.versions ?? [1], (value): value is number => Number.isInteger(value))
  if (!versions || versions.length === 0) throw wrong('process.versions must be a list of whole numbers')
  const services = section.services === undefined ? undefined : listOf(section.services, isText)
  if (section.services !== undefined && !services) throw wrong('process.services must be a list of service names')
  const protos = listOf(typeof section.proto === 'string' ? [section.proto] : (section.proto ?? []), isText)
  if (!protos) throw wrong('process.proto must be a path or a list of paths')
  const callbacks = listOf(section.callbacks ?? [], isCallback)
  if (!callbacks) {
    throw wrong(
      'process.callbacks must be a list of { function, field, services }, with a list of names as services, and ' +
        "`lasts` of 'call' or 'plugin'",
    )
  }
  const { env = {} } = section
  if (typeof env !== 'object' || !Object.values(env).every(isText)) throw wrong('process.env must map names to texts')

  return {
    command: /[\\/]/.test(program) ? inFolder(program) : program,
    args,
    cookie,
    versions,
    services,
    names: section.names === 'method' ? 'method' : 'service',
    protos: protos.map(inFolder),
    secure: secureOf(section.checksum, inFolder, wrong),
    env,
    autoMtls: section.auto_mtls === false ? false : section.curve ? { curve: section.curve } : true,
    multiplex: section.multiplex === true,
    callbacks,
  }
}

function secureOf(
  checksum: ProcessSection['checksum'],
  inFolder: (path: string) => string,
  wrong: (reason: string) => BackplaneError,
): SecureConfig | undefined {
  if (checksum === undefined) return undefined
  if (typeof checksum === 'string') return { checksum }
  if (typeof checksum !== 'object' || checksum === null || typeof checksum.digest !== 'string') {
    throw wrong('process.checksum must be a hex digest, or an object with `digest`, `algorithm` and `files`')
  }
  const files = checksum.files === undefined ? undefined : listOf(checksum.files, isText)
  if (checksum.files !== undefined && !files) throw wrong('process.checksum.files must be a list of paths')
  return {
    checksum: checksum.digest,
    ...(checksum.algorithm !== undefined && { algorithm: checksum.algorithm }),
    ...(files && { files: files.map(inFolder) }),
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isCallback(value: unknown): value is Callback {
  if (typeof value !== 'object' || value === null) return false
  const { function: name, field, services, lasts } = value as Partial<Callback>
  if (!isText(name) || !isText(field) || !listOf(services, isText)?.length) return false
  return lasts === undefined || lasts === 'call' || lasts === 'plugin'
}

function listOf<T>(value: unknown, is: (item: unknown) => item is T): readonly T[] | undefined {
  return Array.isArray(value) && value.every(is) ? value : undefined
}
