import type { PluginStatus, Value } from '@backplane/core'

/** One loaded plugin, in the form that Device Connect's plugin driver gives it: these keys and no others. */
export function summaryOf(plugin: PluginStatus): { readonly [key: string]: Value } {
  const { id, description = null, version = null, entry_point = null, class_name = null } = plugin.source.manifest
  return {
    id,
    functions: functionNames(plugin),
    routines: [...plugin.routines].sort(),
    manifest: { id, description, version, entry_point, class_name },
  }
}

/** Names of what it offers, without its prefix, sorted as the driver sorts them. */
export function functionNames(plugin: PluginStatus): readonly string[] {
  return plugin.functions.map(({ name }) => name).sort()
}
