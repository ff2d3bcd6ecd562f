import type {
  BackplaneError,
  Logger,
  Params,
  PluginSource,
  RemoteOptions,
  RuntimeContext,
  Value,
} from '@backplane/core'

/** One record of a plugin's log. */
export interface LogRecord {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly text: string
}

/** What a case decides about the host that a plugin sees. */
export interface ContextInit {
  readonly config?: Params
  readonly stateDir?: string
  readonly simulated?: boolean
  onEmit?(event: string, payload: Params): Promise<void>
  onInvoke?(name: string, params: Params, options: RemoteOptions): Promise<Value>
}

/** A plugin's context that writes down what it is told. */
export class RecordingContext implements RuntimeContext {
  readonly pluginId: string
  readonly permissions: RuntimeContext['permissions']
  readonly simulated: boolean
  readonly stateDir?: string
  readonly logger: Logger
  readonly controller: AbortController = new AbortController()
  readonly signal: AbortSignal = this.controller.signal
  readonly emitted: { readonly event: string; readonly payload: Params | undefined }[] = []
  readonly logs: LogRecord[] = []
  readonly exits: BackplaneError[] = []
  changes = 0
  config: Params
  readonly #init: ContextInit

  constructor(source: PluginSource, init: ContextInit) {
    this.#init = init
    this.pluginId = source.manifest.id
    this.permissions = source.manifest.permissions ?? {}
    this.simulated = init.simulated ?? false
    if (init.stateDir !== undefined) this.stateDir = init.stateDir
    this.config = init.config ?? {}
    this.logger = recordingLogger(this.logs)
    // A runtime may keep them apart from their context.
    this.emit = this.emit.bind(this)
    this.invoke = this.invoke.bind(this)
    this.exited = this.exited.bind(this)
    this.changed = this.changed.bind(this)
  }

  async emit(event: string, payload?: Params): Promise<void> {
    this.emitted.push({ event, payload })
    await this.#init.onEmit?.(event, payload ?? {})
  }

  async invoke(name: string, params: Params = {}, options: RemoteOptions = {}): Promise<Value> {
    return (await this.#init.onInvoke?.(name, params, options)) ?? null
  }

  exited(error: BackplaneError): void {
    this.exits.push(error)
  }

  changed(): void {
    this.changes++
  }
}

function recordingLogger(logs: LogRecord[]): Logger {
  const method = (level: LogRecord['level']) => (first: object | string, message?: string) => {
    const text = typeof first === 'string' ? first : [message, JSON.stringify(first)].filter(Boolean).join(' ')
    logs.push({ level, text })
  }
  const logger: Logger = {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    child: () => logger,
  }
  return logger
}
