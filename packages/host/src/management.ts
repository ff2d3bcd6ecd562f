import { basename } from 'node:path'
import type { ConfigCondition } from '@backplane/config-manager'
import {
  BackplaneError,
  type Call,
  type Host,
  type Params,
  type PluginSource,
  type PluginStatus,
  systemClock,
  throwIfAborted,
  type Value,
} from '@backplane/core'
import { maskText, maskValue } from '@backplane/core/runtime'
import type { DesiredState } from './desired-state.ts'
import { hostError } from './errors.ts'
import type { PluginFolder } from './plugin-folder.ts'
import { summaryOf } from './summary.ts'
import type { ParamsCheck } from './validate-params.ts'

/** Options of `hostFunctions`. */
export interface HostFunctionsInit {
  /** The host that they manage; asked for at the first call, so the host can be made with them. */
  readonly host: () => Host
  /** Where plugins are loaded from. */
  readonly folder: PluginFolder
  /** What `get_status` says of it. @default true */
  readonly autoLoad?: boolean
  /** Where it is written down what was loaded and unloaded. @default nowhere */
  readonly desired?: DesiredState
  /** What is not well with configuration, which `get_status` then says. @default nothing */
  readonly configuration?: () => ConfigCondition
  /**
   * The check of parameters that the host uses; `list_plugins` and `get_status` then say which functions have no usable
   * schema.
   */
  readonly check?: ParamsCheck
  /**
   * Why a plugin could not be loaded when that was last tried, by its id or its folder; `list_plugins` then says it.
   * @default nothing is known
   */
  readonly failures?: Map<string, BackplaneError>
  /**
   * Whether the host's runtimes install what plugins ask for. A load that asks for it is refused where they do not.
   * @default false
   */
  readonly installs?: boolean
}

/** How often a load looks whether what it needs has started. */
const lookMs = 20

/** What the functions by which a host is managed from afar do and answer. */
export class Management {
  readonly #init: HostFunctionsInit

  constructor(init: HostFunctionsInit) {
    this.#init = init
  }

  get #host(): Host {
    return this.#init.host()
  }

  /** What is loaded; a plugin that still starts for the first time is not. */
  get #loaded(): readonly PluginStatus[] {
    return this.#host.plugins().filter(({ generation }) => generation > 0)
  }

  async status({ caller }: Call): Promise<Value> {
    const { mesh, identity } = this.#host
    const loaded = this.#loaded.map(({ id }) => id)
    const unusable = await this.#unusableOf(this.#loaded)
    return {
      status: 'success',
      // A host that is still joining answers already; who asks over the mesh has its proof.
      connected: caller.kind === 'mesh' || mesh?.status === 'connected',
      device_type: identity.deviceType ?? 'plugin_host',
      capabilities_dir: this.#init.folder.dir,
      auto_load: this.#init.autoLoad ?? true,
      enable_sidecars: false,
      loaded_count: loaded.length,
      sidecar_count: 0,
      loaded_plugins: loaded,
      ...this.#announcement(),
      ...this.#configuration(),
      ...(unusable.size === 0 ? {} : { unusable_functions: Object.fromEntries(unusable) }),
    }
  }

  /** What the driver has no word for either: others do not see all that is offered. */
  #announcement(): Params {
    const leftOut = this.#host.mesh?.notAnnounced
    return leftOut === undefined ? {} : { not_announced: leftOut }
  }

  /** Paths are the host's own business: others hear what is wrong, not where. */
  #configuration(): Params {
    const { readOnly, repair, damaged } = this.#init.configuration?.() ?? {}
    const configuration = {
      ...(readOnly ? { read_only: readOnly.reason } : {}),
      ...(repair ? { repaired: repair.reason, documents_saved: repair.documents } : {}),
      ...(damaged ? { damaged } : {}),
    }
    return Object.keys(configuration).length === 0 ? {} : { configuration }
  }

  async list(signal: AbortSignal): Promise<Value> {
    const { folder } = this.#init
    const loaded = this.#loaded
    const [found, unusable] = await Promise.all([folder.list({ signal }), this.#unusableOf(loaded)])
    const entryOf = (plugin: PluginStatus) => ({
      ...summaryOf(plugin),
      ...conditionOf(plugin),
      ...(unusable.has(plugin.id) ? { unusable_functions: unusable.get(plugin.id) as Value } : {}),
    })
    return {
      status: 'success',
      loaded: Object.fromEntries(loaded.map((plugin) => [plugin.id, entryOf(plugin)])),
      available: found.map(({ folder: id, dir, raw, source, error }) => ({
        id,
        path: dir,
        loaded: loaded.some((plugin) => plugin.id === source?.manifest.id),
        ...(raw === undefined ? { manifest_error: listError(error) } : { manifest: shownManifest(raw) }),
        ...(raw !== undefined && error ? { error: shownError(error) } : {}),
        ...this.#lastFailure(source?.manifest.id ?? id),
      })),
      sidecars: {},
      capabilities_dir: folder.dir,
    }
  }

  #lastFailure(id: string): Params {
    const error = this.#init.failures?.get(id)
    return error && !this.#host.plugin(id) ? { load_error: shownError(error) } : {}
  }

  /**
   * Of each plugin that has some: the functions whose schema cannot be used, by name, and why. Their calls are refused.
   */
  async #unusableOf(plugins: readonly PluginStatus[]): Promise<ReadonlyMap<string, Params>> {
    const { check } = this.#init
    const found = new Map<string, Params>()
    if (!check) return found
    const all = plugins.flatMap(({ id, functions }) => functions.map((descriptor) => ({ plugin: id, descriptor })))
    const errors = await Promise.all(
      all.map((target) => check.prepare(target).then(() => undefined, BackplaneError.from)),
    )
    for (const [at, { plugin, descriptor }] of all.entries()) {
      const error = errors[at]
      if (error) found.set(plugin, { ...found.get(plugin), [descriptor.name]: shownError(error) })
    }
    return found
  }

  async load(pluginId: string, signal: AbortSignal, install = false): Promise<Value> {
    try {
      if (install && !this.#init.installs) throw hostError('BP_INSTALLS_OFF', { details: { plugin: pluginId } })
      return await this.#load(pluginId, signal)
    } catch (thrown) {
      return failure('load', pluginId, BackplaneError.from(thrown))
    }
  }

  /** Loads what is not loaded yet too, as the driver does. */
  async reload(pluginId: string, signal: AbortSignal): Promise<Value> {
    try {
      return await this.#load(pluginId, signal)
    } catch (thrown) {
      return failure('reload', pluginId, BackplaneError.from(thrown))
    }
  }

  async #load(pluginId: string, signal: AbortSignal): Promise<Value> {
    const source = await this.#init.folder.find(pluginId, { signal })
    const { id } = source.manifest
    const { failures } = this.#init
    let plugin: PluginStatus
    try {
      plugin = this.#host.plugin(id)
        ? await this.#host.reload(id, source, { signal })
        : await this.#loadNew(source, signal)
    } catch (thrown) {
      if (!this.#host.plugin(id)) failures?.set(id, BackplaneError.from(thrown))
      throw thrown
    }
    failures?.delete(id)
    await this.#init.desired?.set(id, true)
    return { status: 'success', plugin: summaryOf(plugin), ...this.#announcement() }
  }

  /** Waits for what it needs to finish starting; where that fails, the host says so of it. */
  async #loadNew(source: PluginSource, signal: AbortSignal): Promise<PluginStatus> {
    const needs = source.manifest.dependencies?.plugins ?? []
    while (needs.some((id) => this.#host.plugin(id)?.state === 'starting')) {
      throwIfAborted(signal)
      // No event tells of a start that failed.
      await new Promise<void>((resolve) => void systemClock.after(lookMs, resolve))
    }
    return this.#host.load(source, { signal })
  }

  async unload(pluginId: string, cascade: boolean): Promise<Value> {
    try {
      const unloaded = await this.#host.unload(this.#idOf(pluginId), { cascade })
      for (const id of unloaded) await this.#init.desired?.set(id, false)
      return { status: 'success', plugin_id: pluginId, ...(cascade ? { unloaded: [...unloaded] } : {}) }
    } catch (thrown) {
      return failure('unload', pluginId, BackplaneError.from(thrown))
    }
  }

  /** Takes the name of a loaded plugin's folder for its id, where nothing has that id. */
  #idOf(pluginId: string): string {
    const plugins = this.#host.plugins()
    if (plugins.some(({ id }) => id === pluginId)) return pluginId
    return plugins.find(({ source }) => source.dir && basename(source.dir) === pluginId)?.id ?? pluginId
  }
}

/** What the driver has no word for: a plugin's state beyond loaded or not. */
function conditionOf(plugin: PluginStatus): Params {
  const { state, runtime, generation, restarts, error, dependents, unenforced, source } = plugin
  const needs = source.manifest.dependencies?.plugins ?? []
  return {
    state,
    runtime,
    generation,
    restarts,
    since: plugin.since,
    ...(error ? { error: shownError(error) } : {}),
    ...(needs.length > 0 ? { needs: [...needs] } : {}),
    ...(dependents.length > 0 ? { dependents: [...dependents] } : {}),
    ...(unenforced.length > 0 ? { unenforced } : {}),
  }
}

function listError(error: BackplaneError | undefined): string {
  return error?.code === 'BP_PLUGIN_NOT_FOUND' ? 'missing manifest.json' : maskText(error?.message ?? 'not readable')
}

/**
 * A manifest for callers: without secrets, values of its environment, and where things lie on this machine. What
 * the driver's callers look at (ids, versions, descriptions, entry points, what it depends on) stays as it is.
 */
function shownManifest(raw: unknown): Value {
  return withoutPaths(maskValue(raw)) as Value
}

/** An absolute path, of any system: only its last name is shown. */
const absolutePath = /^(?:\/|[A-Za-z]:[\\/]|\\\\|~\/|file:\/\/).*?([^\\/]*)$/s

function withoutPaths(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(absolutePath, (_, name: string) => `…/${name}`)
  if (Array.isArray(value)) return value.map(withoutPaths)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withoutPaths(one)]))
}

function shownError({ code, message, next }: BackplaneError): { code: string; message: string; next: string } {
  return { code, message: maskText(message), next: maskText(next) }
}

/**
 * The driver's own texts come alone, as its callers compare them; every other failure carries its code and next step.
 */
function failure(what: 'load' | 'reload' | 'unload', pluginId: string, error: BackplaneError): Value {
  const { code, message, next } = shownError(error)
  if (code === 'BP_PLUGIN_NOT_FOUND') {
    return { status: 'error', plugin_id: pluginId, message: `Failed to ${what} plugin '${pluginId}'` }
  }
  if (code === 'BP_PLUGIN_NOT_LOADED') return { status: 'error', plugin_id: pluginId, message }
  return { status: 'error', plugin_id: pluginId, message, code, next }
}
