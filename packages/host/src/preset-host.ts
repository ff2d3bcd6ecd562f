import { join } from 'node:path'
import { type ConfigManager, configManager } from '@backplane/config-manager'
import { fileStore } from '@backplane/config-manager/file'
import {
  type BackplaneError,
  createHost,
  type Host,
  type Interceptor,
  type Logger,
  type MeshFactory,
  type Params,
  systemClock,
} from '@backplane/core'
import { maskingLogger } from '@backplane/core/runtime'
import { processRuntime } from '@backplane/handshake-grpc'
import { nodeRuntime } from '@backplane/runtime-node'
import { type PythonDevice, type PythonRuntimeInit, pythonRuntime } from '@backplane/runtime-python'
import { wasmRuntime } from '@backplane/runtime-wasm'
import { workerRuntime } from '@backplane/runtime-worker'
import { configEvents, configFunctions, tellOfConfig } from './config-functions.ts'
import { desiredStateFile } from './desired-state.ts'
import type { HeartbeatFields } from './heartbeat-fields.ts'
import { hostEvents, tellOfPlugins, tellOfSchemas } from './host-events.ts'
import { hostFunctions } from './host-functions.ts'
import { hostIdentity } from './host-identity.ts'
import { type LoadAllOptions, type LoadReport, loadAll } from './load-all.ts'
import { maskingMesh } from './masking-mesh.ts'
import { pluginFolder } from './plugin-folder.ts'
import { quarantinedNames } from './quarantined-names.ts'
import { rationedLogger } from './rationed-logger.ts'
import { stateDirs } from './state-dirs.ts'
import { validateParams } from './validate-params.ts'

/** Options of every preset. */
export interface PresetInit {
  /** Its name on the mesh: one token. @default 'plugin-host-1' */
  readonly deviceId?: string
  /** The zone of the mesh that it lives in. @default 'default' */
  readonly tenant?: string
  /** The folder that holds one plugin in each of its folders. @default './plugins' */
  readonly plugins?: string
  /** Whether `loadAll` loads what nobody asked for. @default true */
  readonly autoLoad?: boolean
  /** How Python plugins run. @default with the machine's `python3`; packages that they ask for are not installed */
  readonly python?: PythonRuntimeInit
  /** Where plugins keep their files, and the host what was loaded and configured. @default nowhere: nothing is kept */
  readonly stateDir?: string
  /**
   * Wrapped around every call, outside the preset's own check of parameters: `tracing(api)`, for instance.
   * @default none
   */
  readonly interceptors?: readonly Interceptor[]
  /** Takes the log, without what is a secret by name or form; a pino instance fits. @default silent */
  readonly logger?: Logger
}

/** What a preset gives: a host, its configuration, and its folder of plugins. */
export interface PresetHost extends Host {
  /** The configuration of its plugins, live: a change reaches a plugin that runs, or is refused with its reason. */
  readonly config: ConfigManager
  /** Loads the plugins of its folder; call it after `start`. One that fails is reported, and the rest are loaded. */
  loadAll(options?: Pick<LoadAllOptions, 'signal' | 'onReport'>): Promise<readonly LoadReport[]>
}

/**
 * What all presets are but for their mesh: every runtime, plugins from a folder, live configuration, checked
 * parameters, and the functions by which a host is managed. `heartbeat` is what the mesh's `status` reads. It reads as
 * an example: copy it where you need another composition.
 */
export function presetHost(init: PresetInit, mesh: MeshFactory, heartbeat?: HeartbeatFields): PresetHost {
  const { autoLoad = true, stateDir } = init
  const logger = init.logger && rationedLogger(maskingLogger(init.logger), systemClock)
  const folder = pluginFolder(init.plugins ?? 'plugins', { runtimes: () => host.runtimes })
  const desired = stateDir === undefined ? undefined : desiredStateFile(join(stateDir, 'plugins.json'), logger)
  const known = desired ? { desired } : {}
  const installs = init.python?.dependencies?.install ?? false
  const config = configManager(stateDir === undefined ? {} : { store: fileStore(join(stateDir, 'config')) })(
    logger ? { logger } : {},
  )
  const identity = hostIdentity(init)
  const { deviceId: id, tenant, deviceType: type = 'plugin_host' } = identity
  const { manufacturer, model, description, arch } = identity
  const device: PythonDevice = {
    id,
    type,
    ...(tenant === undefined ? {} : { tenant }),
    identity: Object.fromEntries(
      Object.entries({ device_type: type, manufacturer, model, arch, description }).filter(
        ([, value]) => value !== undefined,
      ),
    ) as Params,
    ...(heartbeat ? { heartbeat: heartbeat.take } : {}),
    connection: {
      get connected() {
        return host.mesh?.status === 'connected'
      },
      onChange: (listener) =>
        host.mesh?.onStatus(({ type }) => {
          if (type === 'connected' || type === 'disconnected' || type === 'closed') listener(type === 'connected')
        }) ?? (() => {}),
    },
  }
  const check = validateParams()
  const failures = new Map<string, BackplaneError>()
  const host: Host = createHost({
    identity,
    runtimes: [
      nodeRuntime(),
      wasmRuntime(),
      processRuntime({ endOnSignals: true }),
      pythonRuntime({ device, ...init.python }),
      workerRuntime({ device }),
    ],
    mesh: maskingMesh(mesh, (thrown, name) => explain(thrown, name)),
    config: () => config,
    interceptors: [...(init.interceptors ?? []), check],
    functions: [
      ...hostFunctions({
        host: () => host,
        folder,
        autoLoad,
        installs,
        check,
        configuration: () => config.condition,
        failures,
        ...known,
      }),
      ...configFunctions({ manager: config }),
    ],
    events: [...hostEvents, ...configEvents],
    ...(stateDir === undefined ? {} : { stateDir: stateDirs(join(stateDir, 'plugins')) }),
    ...(logger ? { logger } : {}),
  })
  const explain = quarantinedNames(host)
  tellOfPlugins(host, logger)
  tellOfConfig(host, config, logger)
  tellOfSchemas(host, check, logger)
  return Object.assign(host, {
    config,
    loadAll: (options: LoadAllOptions = {}) =>
      loadAll(host, folder, {
        autoLoad,
        ...known,
        ...options,
        onReport: (report) => {
          if (report.error) failures.set(report.id, report.error)
          options.onReport?.(report)
        },
      }),
  })
}
