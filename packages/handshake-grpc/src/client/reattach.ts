import { connect } from 'node:net'
import { PassThrough } from 'node:stream'
import { handshakeError } from '../errors.ts'
import { type PluginAddress, parsePluginAddress, splitHostPort } from '../handshake/line.ts'
import type { Identity } from '../tls/certificate.ts'
import { pause } from './child.ts'
import { processStart } from './process-start.ts'
import type { ExitInfo, PluginRunner } from './runner.ts'

/** What it takes to talk to a plugin that already runs. */
export interface ReattachConfig {
  /** @default 'grpc' */
  readonly protocol?: string
  /** The negotiated version, which picks the plugin set. @default the highest that the host has */
  readonly protocolVersion?: number
  readonly address: PluginAddress
  readonly pid?: number
  /**
   * When the process began, as its system says; a process of the same id that began at another time is not the plugin.
   */
  readonly pidStart?: string
  /** The plugin is in test mode: it belongs to somebody else and is not stopped by {@link PluginClient.kill}. */
  readonly test?: boolean
  /** AutoMTLS of the first start. Holds a private key: keep it secret. */
  readonly tls?: { readonly identity: Identity; readonly pluginCert: string }
}

/** The form in which go-plugin programs hand a reattach configuration on, as JSON (Terraform's, and others'). */
export interface ReattachJson {
  readonly Protocol: string
  readonly ProtocolVersion: number
  readonly Pid: number
  readonly Test: boolean
  readonly Addr: { readonly Network: string; readonly String: string }
}

/** Writes the JSON form. Keys are not part of it: a plugin under AutoMTLS needs `tls` as well. */
export function reattachToJson(config: ReattachConfig): ReattachJson {
  return {
    Protocol: config.protocol ?? 'grpc',
    ProtocolVersion: config.protocolVersion ?? 0,
    Pid: config.pid ?? 0,
    Test: config.test ?? false,
    Addr: { Network: config.address.network, String: config.address.address },
  }
}

/**
 * Reads the JSON form, as data or text: one configuration, or an object of them by name (`TF_REATTACH_PROVIDERS`), of
 * which `name` picks one.
 *
 * @throws BP_HANDSHAKE_CONFIG, BP_HANDSHAKE_ADDRESS
 */
export function reattachFromJson(json: string | object, name?: string): ReattachConfig {
  const value = typeof json === 'string' ? parse(json) : json
  const chosen = (
    name === undefined ? value : Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : null
  ) as Partial<ReattachJson> | null
  if (typeof chosen !== 'object' || chosen === null || typeof chosen.Addr !== 'object' || chosen.Addr === null) {
    const known = namesOf(value)
    const names = known.length === 0 ? '' : `; it has entries for ${known.map((each) => `"${each}"`).join(', ')}`
    const help = name === undefined && names !== '' ? `${names}, of which a name must pick one` : names
    throw bad(`it has no ${name === undefined ? 'Addr' : `entry "${name}" with an Addr`}${help}`)
  }
  const { Protocol, ProtocolVersion, Pid, Test, Addr } = chosen
  return {
    protocol: typeof Protocol === 'string' && Protocol !== '' ? Protocol : 'netrpc',
    ...(typeof ProtocolVersion === 'number' && ProtocolVersion > 0 && { protocolVersion: ProtocolVersion }),
    ...(typeof Pid === 'number' && Pid > 0 && { pid: Pid }),
    test: Test === true,
    address: parsePluginAddress(String(Addr.Network), String(Addr.String)),
  }
}

/** The names under which an object holds configurations. */
function namesOf(value: object): readonly string[] {
  return Object.entries(value).flatMap(([name, entry]) => (typeof entry?.Addr === 'object' && entry.Addr ? [name] : []))
}

function parse(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch (cause) {
    throw bad('it is not JSON', cause)
  }
  throw bad('it is not an object')
}

function bad(reason: string, cause?: unknown) {
  return handshakeError('BP_HANDSHAKE_CONFIG', {
    details: { reason: `The reattach configuration cannot be used: ${reason}` },
    cause,
  })
}

/**
 * Looks whether somebody listens at an address, by a connection that says nothing.
 *
 * @throws BP_HANDSHAKE_REATTACH
 */
export async function probe({ network, address }: PluginAddress): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect(network === 'unix' ? { path: address } : splitHostPort(address))
    socket.setTimeout(5000)
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
    const fail = (cause?: unknown) => {
      socket.destroy()
      reject(handshakeError('BP_HANDSHAKE_REATTACH', { details: { network, address }, cause }))
    }
    socket.once('timeout', () => fail())
    socket.on('error', fail)
  })
}

/** Watches a process that is not a child of this one: its number is asked for once a second. */
export class ReattachedRunner implements PluginRunner {
  readonly stdout = new PassThrough()
  readonly stderr = new PassThrough()
  readonly pid?: number
  readonly #exited: Promise<ExitInfo>
  readonly #mayKill: boolean
  /** When the process began that was found; ids come again. */
  readonly #start: string | undefined
  #release: () => void = () => {}
  /** Whether the process was let go rather than seen to end. */
  released = false

  constructor(config: ReattachConfig) {
    this.#mayKill = config.test !== true
    if (config.pid !== undefined) {
      this.pid = config.pid
      this.#start = config.pidStart ?? processStart(config.pid)
    }
    this.stdout.end()
    this.stderr.end()
    this.#exited = this.#watch()
  }

  get id(): string {
    return this.pid === undefined ? 'reattached' : String(this.pid)
  }

  wait(): Promise<ExitInfo> {
    return this.#exited
  }

  kill(): void {
    if (!this.#mayKill || this.pid === undefined || !this.#isAlive()) return
    try {
      process.kill(this.pid, 'SIGKILL')
    } catch {
      // It is gone already.
    }
  }

  /** Stops watching; the process is left as it is. */
  release(): void {
    this.#release()
  }

  async #watch(): Promise<ExitInfo> {
    const until = new Promise<void>((resolve) => {
      this.#release = () => {
        this.released = true
        resolve()
      }
    })
    while (!this.released && this.#isAlive()) await Promise.race([pause(this.#mayKill ? 200 : 1000), until])
    return {}
  }

  #isAlive(): boolean {
    if (this.pid === undefined) return true
    try {
      process.kill(this.pid, 0)
      return this.#start === undefined || (processStart(this.pid) ?? this.#start) === this.#start
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM'
    }
  }
}
