import { silentLogger } from '@backplane/core'
import { wasmError } from '../errors.ts'
import { BaseHostFunctions } from './host-functions.ts'
import { type PluginRuntimeInit, unknownFunction, type VyraRuntime } from './runtime.ts'

/**
 * A runtime without WebAssembly, for development: it keeps the plugin's state and knows no function but those of state.
 */
export class StubRuntime implements VyraRuntime {
  readonly kind = 'stub'
  readonly pluginId: string
  readonly wasmPath: string
  readonly host: BaseHostFunctions
  readonly #warn: (message: string) => void
  #state: Record<string, unknown>
  #running = false

  constructor({ pluginId, wasmPath, host, initialState = {}, logger = silentLogger }: PluginRuntimeInit) {
    this.pluginId = pluginId
    this.wasmPath = wasmPath
    this.host = host ?? new BaseHostFunctions()
    this.#state = { ...initialState }
    this.#warn = (message) => logger.warn({ plugin: pluginId }, message)
  }

  get isRunning(): boolean {
    return this.#running
  }

  async start(): Promise<void> {
    if (this.#running) this.#warn('it is started already')
    this.#running = true
  }

  async stop(): Promise<void> {
    this.#running = false
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async call(name: string, data: Readonly<Record<string, unknown>> = {}): Promise<Record<string, unknown>> {
    if (!this.#running)
      throw wasmError('BP_WASM_NOT_STARTED', { details: { plugin: this.pluginId, function_name: name } })
    if (name === 'ping') return { status: 'ok', plugin_id: this.pluginId, runtime: 'stub' }
    if (name === 'get_state') return { ...this.#state }
    if (name !== 'set_state') throw unknownFunction(this.pluginId, name, 'a stub has no functions of its own')
    this.#state = { ...this.#state, ...data }
    return { ...this.#state }
  }

  async onEvent(): Promise<void> {}

  getState(): Promise<Record<string, unknown>> {
    return this.call('get_state')
  }

  setState(state: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    return this.call('set_state', state)
  }
}
