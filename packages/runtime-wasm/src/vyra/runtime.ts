import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { BackplaneError, coreError, type Logger, messageOf, silentLogger } from '@backplane/core'
import { wasmError } from '../errors.ts'
import type { WasmPlugin } from '../extism/plugin.ts'
import type { WasmLimits } from '../sandbox/limits.ts'
import { pack, unpack } from './convert.ts'
import { BaseHostFunctions } from './host-functions.ts'
import { loadVyra } from './load.ts'
import { parseMetadataText, type VyraMetadata } from './metadata.ts'
import { StubRuntime } from './stub.ts'

/** Options of {@link createPluginRuntime}. */
export interface PluginRuntimeInit {
  /** Names the plugin in errors, in its log, and in the answer to `ping`. */
  readonly pluginId: string
  /** Path of `logic.wasm`; `metadata.json` is read from the same folder. */
  readonly wasmPath: string
  /** What it may do beyond computing. @default host functions that do nothing */
  readonly host?: BaseHostFunctions
  /** Arguments of `init`. @default the metadata's `initial_state` */
  readonly initialState?: Readonly<Record<string, unknown>>
  /** Takes the stub though a module is there. @default false */
  readonly preferStub?: boolean
  /** Refuses arguments that are missing, unknown or do not fit, instead of wrapping and filling them. @default false */
  readonly strict?: boolean
  /** Waits for `notify_ui` before a call answers, and fails the call when it fails, as VYRA does. @default false */
  readonly notifyFirst?: boolean
  /** What it may use; a limit here wins over that of its metadata. */
  readonly limits?: WasmLimits
  /** Runs it in a worker thread. @default false */
  readonly worker?: boolean
  /** @default silent */
  readonly logger?: Logger
}

/** How one call is made. */
export interface VyraCallOptions {
  /** Cancels the call; in a worker even while it runs. */
  readonly signal?: AbortSignal
  /** Shortens the plugin's own limit, in milliseconds. @default that limit */
  readonly timeoutMs?: number
}

/** A plugin of the VYRA convention. */
export interface VyraRuntime extends AsyncDisposable {
  readonly pluginId: string
  readonly wasmPath: string
  readonly host: BaseHostFunctions
  readonly kind: 'wasm' | 'stub'
  readonly isRunning: boolean
  /** Loads it and runs `init`; when that fails it is stopped again. Twice is a warning. */
  start(options?: { readonly signal?: AbortSignal }): Promise<void>
  /** Drops the instance with its state. */
  stop(): Promise<void>
  /** Calls a function with arguments by name; gives `{ result }`, or `{}` for a function without one. */
  call(
    name: string,
    data?: Readonly<Record<string, unknown>>,
    options?: VyraCallOptions,
  ): Promise<Record<string, unknown>>
  /** Delivers an event to the plugin's `on_event`, if it has one. */
  onEvent(name: string, data: unknown, options?: VyraCallOptions): Promise<void>
  getState(options?: VyraCallOptions): Promise<Record<string, unknown>>
  setState(state: Readonly<Record<string, unknown>>, options?: VyraCallOptions): Promise<Record<string, unknown>>
}

/**
 * Makes the runtime of a VYRA plugin: of WebAssembly where `wasmPath` is a file of more than 8 bytes, else the stub.
 * Not for modules of the Extism convention.
 */
export function createPluginRuntime(init: PluginRuntimeInit): VyraRuntime {
  const size = statSync(init.wasmPath, { throwIfNoEntry: false })?.size ?? 0
  if (!init.preferStub && size > 8) return new WasmRuntime(init)
  return new StubRuntime(init)
}

class WasmRuntime implements VyraRuntime {
  readonly kind = 'wasm'
  readonly host: BaseHostFunctions
  readonly #init: PluginRuntimeInit
  readonly #logger: Logger
  #metadata: VyraMetadata | undefined
  #plugin: WasmPlugin | undefined
  #starting: Promise<void> | undefined

  constructor(init: PluginRuntimeInit) {
    this.#init = init
    this.#logger = init.logger ?? silentLogger
    this.host = init.host ?? new BaseHostFunctions()
  }

  get pluginId(): string {
    return this.#init.pluginId
  }

  get wasmPath(): string {
    return this.#init.wasmPath
  }

  get isRunning(): boolean {
    return this.#plugin !== undefined
  }

  async start(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (this.#plugin || this.#starting) {
      this.#logger.warn({ plugin: this.pluginId }, 'it is started already')
      return this.#starting
    }
    this.#starting = this.#start(options.signal)
    try {
      await this.#starting
    } finally {
      this.#starting = undefined
    }
  }

  async stop(): Promise<void> {
    const plugin = this.#plugin
    this.#plugin = undefined
    await plugin?.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async call(
    name: string,
    data: Readonly<Record<string, unknown>> = {},
    options: VyraCallOptions = {},
  ): Promise<Record<string, unknown>> {
    const plugin = this.#started(name)
    if (name === 'ping') return { status: 'ok', plugin_id: this.pluginId, runtime: 'wasm' }
    const answer = await this.#run(plugin, name, data, options)
    const told = this.#tell(name, answer)
    if (this.#init.notifyFirst) await told
    else
      told.catch((error) => this.#logger.warn({ plugin: this.pluginId, reason: messageOf(error) }, 'notify_ui failed'))
    return answer
  }

  async onEvent(name: string, data: unknown, options: VyraCallOptions = {}): Promise<void> {
    const plugin = this.#started('on_event')
    const entry = this.#metadata?.exports.find((each) => each.name === 'on_event')
    if (!entry || !plugin.functions.includes('on_event')) {
      this.#logger.debug({ plugin: this.pluginId, event: name }, 'an event for a plugin that takes none')
      return
    }
    const [first, second] = entry.args
    await this.#run(plugin, 'on_event', { [first?.name ?? 'name']: name, [second?.name ?? 'data']: data }, options)
  }

  getState(options: VyraCallOptions = {}): Promise<Record<string, unknown>> {
    return this.call('get_state', {}, options)
  }

  setState(state: Readonly<Record<string, unknown>>, options: VyraCallOptions = {}): Promise<Record<string, unknown>> {
    return this.call('set_state', state, options)
  }

  async #start(signal: AbortSignal | undefined): Promise<void> {
    const { wasmPath, pluginId: id, strict = false, worker = false, limits } = this.#init
    const metadata = this.#readMetadata()
    const plugin = await loadVyra({
      id,
      source: { path: wasmPath },
      metadata,
      host: this.host,
      strict,
      worker,
      logger: this.#logger,
      // Its state is gone with its instance: going on without would be worse than saying so.
      replaced: (error) => {
        this.#logger.error({ plugin: id, reason: error.message }, 'it has lost its state and is stopped')
        void this.stop()
      },
      ...(limits ? { limits } : {}),
      ...(signal ? { signal } : {}),
    })
    for (const { name } of metadata.exports) {
      if (!plugin.functions.includes(name)) this.#logger.warn({ plugin: id, name }, 'declared, but not exported')
    }
    try {
      const state = this.#init.initialState ?? metadata.initialState
      if (Object.keys(state).length > 0 && plugin.functions.includes('init')) {
        this.#metadata = metadata
        const answer = await this.#run(plugin, 'init', state, signal ? { signal } : {})
        await this.#tell('init', answer)
      }
    } catch (error) {
      await plugin.close()
      throw error
    }
    this.#metadata = metadata
    this.#plugin = plugin
  }

  #readMetadata(): VyraMetadata {
    try {
      return parseMetadataText(readFileSync(join(dirname(this.wasmPath), 'metadata.json'), 'utf8'))
    } catch (error) {
      this.#logger.warn(
        { plugin: this.pluginId, reason: messageOf(error) },
        'metadata.json is not readable: nothing is exported',
      )
      return { exports: [], imports: [], initialState: {}, interfaces: [] }
    }
  }

  #started(name: string): WasmPlugin {
    if (this.#plugin) return this.#plugin
    throw wasmError('BP_WASM_NOT_STARTED', {
      details: { plugin: this.pluginId, plugin_id: this.pluginId, function_name: name, reason: 'Runtime not started' },
    })
  }

  async #run(
    plugin: WasmPlugin,
    name: string,
    data: unknown,
    options: VyraCallOptions,
  ): Promise<Record<string, unknown>> {
    try {
      return unpack(await plugin.call(name, pack(data), options)) as Record<string, unknown>
    } catch (thrown) {
      const error = BackplaneError.from(thrown)
      const { code, message, next, retryable } = error
      // What VYRA's own error has.
      const details = { plugin_id: this.pluginId, function_name: name, reason: message, ...error.details }
      throw new BackplaneError(code, { message, next }, { message, retryable, details, cause: error.cause })
    }
  }

  async #tell(name: string, result: Record<string, unknown>): Promise<void> {
    await this.host.notify_ui(`plugin.${name}.result`, { plugin_id: this.pluginId, result })
  }
}

/** The error of a function that a plugin does not have. */
export function unknownFunction(pluginId: string, name: string, reason: string) {
  return coreError('BP_FUNCTION_UNKNOWN', {
    details: { name, plugin_id: pluginId, function_name: name, reason },
    message: `Unknown method: ${name} (${reason})`,
  })
}
