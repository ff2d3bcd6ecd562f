import type { ConfigHandle, ConfigItems, HostConfig } from './contracts/config.ts'
import type { Params, Value } from './contracts/values.ts'

/** Configuration that nobody can change: every item has its default. What a host has when it is given none. */
export function fixedConfig(): HostConfig {
  return {
    open: async (_, items): Promise<ConfigHandle> => ({
      values: defaultsOf(items),
      participate: () => {},
      close: async () => {},
    }),
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}

/** The values that items have until somebody sets one. */
export function defaultsOf(items: ConfigItems): Params {
  return Object.fromEntries(Object.entries(items).map(([name, item]) => [name, (item.default ?? null) as Value]))
}
