import { join } from 'node:path'
import { type ConfigManager, configManager } from '@backplane/config-manager'
import { fileStore } from '@backplane/config-manager/file'
import { createHost, type Host, type Logger } from '@backplane/core'
import { processRuntime } from '@backplane/handshake-grpc'
import { deviceConnect } from '@backplane/mesh-device-connect'
import { nodeRuntime } from '@backplane/runtime-node'
import { wasmRuntime } from '@backplane/runtime-wasm'
import { natsTransport } from '@backplane/transport-nats'
import { desiredStateFile } from './desired-state.ts'
import { embeddedNats } from './embedded-nats.ts'
import { hostEvents, tellOfPlugins } from './host-events.ts'
import { hostFunctions } from './host-functions.ts'
import { hostIdentity } from './host-identity.ts'
import { type LoadAllOptions, type LoadReport, loadAll } from './load-all.ts'
import { pluginFolder } from './plugin-folder.ts'
import { stateDirs } from './state-dirs.ts'
import { validateParams } from './validate-params.ts'

/** Options of {@link localHost}. */
export interface LocalHostInit {
  /** @default 'plugin-host-1' */
  readonly deviceId?: string
  /** @default 'default' */
  readonly tenant?: string
  /** The folder that holds one plugin in each of its folders. @default './plugins' */
  readonly plugins?: string
  /** Whether `loadAll` loads what nobody asked for. @default true */
  readonly autoLoad?: boolean
  /** NATS servers to join, in place of the embedded broker. */
  readonly nats?: string | readonly string[]
  /** Port of the embedded broker on 127.0.0.1; 0 takes a free one. @default 4222 */
  readonly brokerPort?: number
  /** Where plugins keep their files, and the host what was loaded and configured. @default nowhere: nothing is kept */
  readonly stateDir?: string
  /** @default silent */
  readonly logger?: Logger
}

/** A host on one machine; see {@link localHost}. */
export interface LocalHost extends Host {
  /** The configuration of its plugins, live: a change reaches a plugin that runs, or is refused with its reason. */
  readonly config: ConfigManager
  /** Loads the plugins of its folder; call it after `start`. One that fails is reported, and the rest are loaded. */
  loadAll(options?: Pick<LoadAllOptions, 'signal' | 'onReport'>): Promise<readonly LoadReport[]>
}

/**
 * A host for one machine: JavaScript and WebAssembly plugins and go-plugin processes from a folder, on a Device Connect mesh
 * without a registry, over a NATS broker of its own or one that runs already. It reads as an example: copy it where you need
 * another composition.
 *
 * `start` rejects with `BP_PORT_IN_USE` when something else listens on the broker's port, and with what `Mesh.connect` rejects with.
 */
export function localHost(init: LocalHostInit = {}): LocalHost {
  const { autoLoad = true, logger, stateDir } = init
  const folder = pluginFolder(init.plugins ?? 'plugins')
  const desired = stateDir === undefined ? undefined : desiredStateFile(join(stateDir, 'plugins.json'), logger)
  const known = desired ? { desired } : {}
  const config = configManager(stateDir === undefined ? {} : { store: fileStore(join(stateDir, 'config')) })(
    logger ? { logger } : {},
  )
  const host: Host = createHost({
    identity: hostIdentity(init),
    runtimes: [nodeRuntime(), wasmRuntime(), processRuntime()],
    mesh: deviceConnect({
      transport: init.nats ? natsTransport({ servers: init.nats }) : embeddedNats({ port: init.brokerPort ?? 4222 }),
    }),
    config: () => config,
    interceptors: [validateParams()],
    functions: hostFunctions({ host: () => host, folder, autoLoad, ...known }),
    events: hostEvents,
    ...(stateDir === undefined ? {} : { stateDir: stateDirs(join(stateDir, 'plugins')) }),
    ...(logger ? { logger } : {}),
  })
  tellOfPlugins(host, logger)
  return Object.assign(host, {
    config,
    loadAll: (options?: LoadAllOptions) => loadAll(host, folder, { autoLoad, ...known, ...options }),
  })
}
