import type { Logger } from './contracts/logger.ts'
import type { PluginSource, RemoteOptions, RuntimeContext } from './contracts/runtime.ts'
import type { Params, Value } from './contracts/values.ts'
import { coreError } from './errors.ts'
import type { RunningInstance } from './instance.ts'
import { wildcard } from './wildcard.ts'

/** What a plugin's context reaches of its host. */
export interface ContextComponents {
  readonly source: PluginSource
  readonly running: RunningInstance
  readonly signal: AbortSignal
  readonly logger: Logger
  readonly stateDir: string | undefined
  readonly simulated: boolean
  emit(event: string, payload: Params): Promise<void>
  invoke(name: string, params: Params, options: RemoteOptions): Promise<Value>
  exited: RuntimeContext['exited']
  changed: RuntimeContext['changed']
}

/** Makes what one instance may touch. */
export function pluginContext(parts: ContextComponents): RuntimeContext {
  const { id, permissions = {} } = parts.source.manifest
  return {
    pluginId: id,
    logger: parts.logger,
    get config() {
      return parts.running.config
    },
    ...(parts.stateDir === undefined ? {} : { stateDir: parts.stateDir }),
    signal: parts.signal,
    permissions,
    simulated: parts.simulated,
    emit: (event, payload = {}) => parts.emit(event, payload),
    async invoke(name, params = {}, options = {}) {
      if (permissions.invoke && !permissions.invoke.some((pattern) => wildcard(pattern, name))) {
        throw coreError('BP_PERMISSION_DENIED', { details: { who: id, what: `call '${name}'` } })
      }
      return parts.invoke(name, params, options)
    },
    exited: parts.exited,
    changed: parts.changed,
  }
}
