import type { RuntimeContext } from './contracts/runtime.ts'
import { coreError } from './errors.ts'
import type { RunningInstance } from './instance.ts'
import { wildcard } from './wildcard.ts'

/** What a plugin's context reaches of its host, before anything is asked of it. */
export type ContextComponents = Omit<RuntimeContext, 'pluginId' | 'config' | 'permissions'>

/** Makes what one instance may touch. */
export function pluginContext(running: RunningInstance, parts: ContextComponents): RuntimeContext {
  const { id, permissions = {} } = running.source.manifest
  return {
    ...parts,
    pluginId: id,
    permissions,
    get config() {
      return running.config
    },
    async invoke(name, params, options) {
      if (permissions.invoke && !permissions.invoke.some((pattern) => wildcard(pattern, name))) {
        throw coreError('BP_PERMISSION_DENIED', { details: { who: id, what: `call '${name}'` } })
      }
      return parts.invoke(name, params, options)
    },
  }
}
