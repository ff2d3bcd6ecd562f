import type { ConfigHandle, ConfigItems, ConfigOutcome, Params } from '@backplane/core'
import type { ConfigManager } from './contract.ts'
import type { ItemDefinitions } from './definition.ts'
import type { ConfigEvent } from './event.ts'
import type { ConfigParticipant } from './subscriptions.ts'

/** Who registers plugins' categories, in the audit trail; a running plugin need not hear of its own registration. */
const registrar = { name: 'plugin host', admin: true }

/** A plugin may take long to reconfigure; the host that calls it has limits of its own. */
const participantTimeoutMs = 60_000

/**
 * The open handles of a manager, by plugin: a plugin has one participant, so opening it again ends the former handle.
 */
export type OpenPlugins = Map<string, () => void>

/**
 * Registers a plugin's category and follows it: what a host gives each plugin. Items that a later version no longer
 * names are kept, as Fledge's services do, so that going back to the former version finds its values.
 */
export async function openPlugin(
  manager: ConfigManager,
  plugins: OpenPlugins,
  pluginId: string,
  items: ConfigItems,
  options: { readonly signal?: AbortSignal },
): Promise<ConfigHandle> {
  const registration = { ...options, actor: registrar, keepOriginalItems: true, mayBeUnsaved: true }
  await manager.register(pluginId, items as unknown as ItemDefinitions, registration)
  const scope = { category: pluginId }
  let values = manager.values(pluginId) as Params
  let leave: (() => void) | undefined
  const stop = manager.on(scope, (event) => {
    values = event.new as Params
  })
  const end = () => {
    leave?.()
    stop()
    if (plugins.get(pluginId) === end) plugins.delete(pluginId)
  }
  plugins.get(pluginId)?.()
  plugins.set(pluginId, end)
  return {
    get values() {
      return values
    },
    participate(apply) {
      leave?.()
      const tell = async (event: ConfigEvent): Promise<ConfigOutcome> => {
        const isOwn = event.kind === 'defined' && event.actor === registrar.name
        if (isOwn || event.changed.length === 0) return undefined
        return apply({ values: event.new as Params, previous: event.old as Params, changed: event.changed })
      }
      let outcome: ConfigOutcome
      const participant: ConfigParticipant = {
        // The plugin's own reconfiguration is the question whether it takes the change; going back is another one.
        async prepare(event) {
          outcome = await tell(event)
        },
        // Nobody could ask beforehand about a change that another host made.
        async apply(event) {
          values = event.new as Params
          return event.remote ? tell(event) : outcome
        },
        async rollback(event) {
          await tell(event)
          values = event.new as Params
        },
      }
      leave = manager.subscribe(scope, participant, { name: `plugin ${pluginId}`, timeoutMs: participantTimeoutMs })
    },
    close: async () => end(),
  }
}
