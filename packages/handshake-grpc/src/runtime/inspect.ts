import { BackplaneError, type JsonSchema, type Logger } from '@backplane/core'
import { pluginClient } from '../client/client.ts'
import type { PluginClient } from '../client/contract.ts'
import { handshakeError } from '../errors.ts'

/** Options of {@link inspectPlugin}. */
export interface InspectInit {
  /** The plugin's program: its path, or a name on the PATH. */
  readonly command: string
  /** Its arguments. @default none */
  readonly args?: readonly string[]
  /** The folder that it runs in. @default that of this process */
  readonly cwd?: string
  /** Variables for the plugin; they win over those of this process. */
  readonly env?: Readonly<Record<string, string>>
  /**
   * The cookie that the plugin wants. @default those of go-plugin's examples and of Terraform, all at once
   */
  readonly cookie?: { readonly key: string; readonly value: string }
  /** Versions to offer. @default 0 to 99 */
  readonly versions?: readonly number[]
  /** Time from the start to the handshake line, in milliseconds. @default 10_000 */
  readonly startTimeoutMs?: number
  /** Gives up, and ends the plugin. */
  readonly signal?: AbortSignal
  /** Gets the plugin's log. @default silent */
  readonly logger?: Logger
}

/** What a plugin is, as {@link inspectPlugin} found it. */
export interface PluginFacts {
  readonly protocol: string
  readonly version: number
  readonly network: string
  readonly address: string
  /** Whether it takes AutoMTLS. */
  readonly autoMtls: boolean
  /** Whether it offers a multiplexed broker. */
  readonly multiplex: boolean
  /** From the start to the first connection. */
  readonly startMs: number
  /** `SERVING`, or what went wrong. */
  readonly health: string
  /** Names of all services, go-plugin's own among them; empty without reflection. */
  readonly allServices: readonly string[]
  /** The application's services. */
  readonly services: readonly {
    readonly name: string
    readonly methods: readonly {
      readonly name: string
      readonly kind: 'unary' | 'server_streaming' | 'client_streaming' | 'bidi_streaming'
      readonly input: string
      readonly output: string
      readonly parameters: JsonSchema
      readonly result: JsonSchema
    }[]
  }[]
}

/** Cookies that are public and often asked for. Setting one that a plugin does not know is harmless. */
const publicCookies: Readonly<Record<string, string>> = {
  BASIC_PLUGIN: 'hello',
  TF_PLUGIN_MAGIC_COOKIE: 'd602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2',
}

/**
 * Starts any go-plugin plugin, tells what it negotiated and offers, and ends it. Not for using a plugin: it tries the
 * plugin's optional features by starting it with them, and again without those that it refuses.
 *
 * @throws what `PluginClient.start` throws
 */
export async function inspectPlugin(init: InspectInit): Promise<PluginFacts> {
  let autoMtls = true
  let multiplex = true
  for (;;) {
    const began = performance.now()
    const client = clientFor(init, autoMtls, multiplex)
    try {
      await client.start(init.signal ? { signal: init.signal } : {})
      return await factsOf(client, { autoMtls, multiplex, startMs: performance.now() - began })
    } catch (error) {
      const code = error instanceof BackplaneError ? error.code : ''
      if (code === 'BP_HANDSHAKE_MUX' && multiplex) multiplex = false
      else if ((code === 'BP_HANDSHAKE_CERT_MISSING' || code === 'BP_HANDSHAKE_CONNECT') && autoMtls) autoMtls = false
      else throw helpful(error, init)
    } finally {
      await client.kill()
    }
  }
}

function clientFor(init: InspectInit, autoMtls: boolean, multiplex: boolean): PluginClient {
  const versions = init.versions ?? Array.from({ length: 100 }, (_, version) => version)
  const [key = '', value = ''] = init.cookie ? [init.cookie.key, init.cookie.value] : Object.entries(publicCookies)[0]!
  return pluginClient(
    {
      handshake: { cookieKey: key, cookieValue: value },
      versionedPlugins: Object.fromEntries(versions.map((version) => [version, {}])),
      command: init.command,
      env: { ...(init.cookie ? {} : publicCookies), ...init.env },
      stdin: 'ignore',
      startTimeoutMs: init.startTimeoutMs ?? 10_000,
      autoMtls,
      multiplex,
      ...(init.args && { args: init.args }),
      ...(init.cwd !== undefined && { cwd: init.cwd }),
    },
    init.logger ? { logger: init.logger } : {},
  )
}

async function factsOf(
  client: PluginClient,
  found: { readonly autoMtls: boolean; readonly multiplex: boolean; readonly startMs: number },
): Promise<PluginFacts> {
  const { catalogByReflection, isOwnService, listServices } = await import('./descriptors.ts')
  const { schemaOf } = await import('./json-schema.ts')
  const { channel } = await client.connection()
  const health = await client.ping().then(
    () => 'SERVING',
    (error: BackplaneError) => error.message,
  )
  const allServices = await listServices(channel)
  const wanted = allServices.filter((name) => !isOwnService(name))
  const { services } = wanted.length > 0 ? await catalogByReflection(channel, wanted) : { services: [] }
  return {
    protocol: 'grpc',
    version: client.negotiatedVersion,
    ...(client.reattachConfig()?.address ?? { network: '', address: '' }),
    ...found,
    health,
    allServices,
    services: services.map((service) => ({
      name: service.typeName,
      methods: service.methods.map((rpc) => ({
        name: rpc.name,
        kind: rpc.methodKind,
        input: rpc.input.typeName,
        output: rpc.output.typeName,
        parameters: schemaOf(rpc.input, 'parameters'),
        result: schemaOf(rpc.output, 'result'),
      })),
    })),
  }
}

/** A plugin without its cookie ends at once with words that say so. */
function helpful(error: unknown, init: InspectInit): unknown {
  const { stderr } = (error as Partial<BackplaneError>).details ?? {}
  if (!Array.isArray(stderr) || !stderr.join('\n').includes('This binary is a plugin')) return error
  return handshakeError('BP_HANDSHAKE_COOKIE', {
    message: `${init.command} is a go-plugin plugin, but wants another cookie than ${init.cookie ? init.cookie.key : 'those that are commonly known'}.`,
    next: 'Give the cookie as KEY=VALUE; it stands in the source of the program that the plugin belongs to.',
    cause: error,
  })
}
