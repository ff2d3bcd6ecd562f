import type { ConfigChange, ConfigHandle, ConfigOutcome, HostConfig } from '../contracts/config.ts'
import type { Params } from '../contracts/values.ts'
import { coreError } from '../errors.ts'
import { defaultsOf } from '../fixed-config.ts'

/** Configuration that lives as long as its process. */
export interface MemoryConfig extends HostConfig {
  /**
   * Sets some values of a plugin. Rejects with what the plugin refused them with, and nothing changes then;
   * with `BP_INVALID_ARGUMENT` for an item that it does not have.
   */
  set(pluginId: string, values: Params): Promise<void>
}

interface Entry {
  values: Params
  apply?: ((change: ConfigChange) => Promise<ConfigOutcome>) | undefined
}

/** Makes a {@link MemoryConfig}. Not for values that must survive: use `@backplane/config-manager` for that. */
export function memoryConfig(): MemoryConfig {
  const entries = new Map<string, Entry>()
  return {
    async open(pluginId, items): Promise<ConfigHandle> {
      const entry: Entry = entries.get(pluginId) ?? { values: {} }
      entries.set(pluginId, entry)
      const defaults = defaultsOf(items)
      const { values } = entry
      const stored = (name: string) => (Object.hasOwn(values, name) ? values[name] : undefined)
      entry.values = Object.fromEntries(Object.keys(items).map((name) => [name, stored(name) ?? defaults[name]]))
      return {
        get values() {
          return entry.values
        },
        participate(apply) {
          entry.apply = apply
        },
        async close() {
          entry.apply = undefined
        },
      }
    },
    async set(pluginId, values) {
      const entry = entries.get(pluginId)
      const unknown = Object.keys(values).find((name) => !entry || !Object.hasOwn(entry.values, name))
      if (!entry || unknown !== undefined) {
        const what = `Item '${unknown}' of plugin '${pluginId}'`
        throw coreError('BP_INVALID_ARGUMENT', { details: { what, reason: 'its manifest declares no such item' } })
      }
      const changed = Object.keys(values).filter((name) => values[name] !== entry.values[name])
      if (changed.length === 0) return
      const next = { ...entry.values, ...values }
      await entry.apply?.({ values: next, previous: entry.values, changed })
      entry.values = next
    },
    async close() {
      for (const entry of entries.values()) entry.apply = undefined
    },
    async [Symbol.asyncDispose]() {
      await this.close()
    },
  }
}
