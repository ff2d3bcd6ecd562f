import type { ConfigHandle, ConfigItems, Params } from '@backplane/core'
import type { ConfigManager } from './contract.ts'
import type { ItemDefinitions } from './definition.ts'

/** Registers a plugin's category and follows it: what a host gives each plugin. */
export async function openPlugin(
  manager: ConfigManager,
  pluginId: string,
  items: ConfigItems,
  options: { readonly signal?: AbortSignal },
): Promise<ConfigHandle> {
  await manager.register(pluginId, items as unknown as ItemDefinitions, options)
  const scope = { category: pluginId }
  let values = manager.values(pluginId) as Params
  let leave: (() => void) | undefined
  const stop = manager.on(scope, (event) => {
    values = event.new as Params
  })
  return {
    get values() {
      return values
    },
    participate(apply) {
      leave?.()
      const change = (event: { readonly new: object; readonly old: object; readonly changed: readonly string[] }) =>
        apply({ values: event.new as Params, previous: event.old as Params, changed: event.changed })
      leave = manager.subscribe(
        scope,
        {
          // The plugin's own reconfiguration is the question whether it takes the change; going back is another one.
          prepare: async (event) => {
            if (event.changed.length > 0) await change(event)
          },
          apply: (event) => {
            values = event.new as Params
          },
          rollback: async (event) => {
            if (event.changed.length > 0) await change(event)
            values = event.new as Params
          },
        },
        { name: `plugin ${pluginId}` },
      )
    },
    async close() {
      leave?.()
      stop()
    },
  }
}
