import type { Params } from '@backplane/core'

/**
 * What plugins want told with their host's heartbeat: fields of its status, as Device Connect's heartbeat providers
 * give them.
 */
export interface HeartbeatFields {
  /** All of them, for the mesh's `status`; of two plugins that give the same field, the later one counts. */
  readonly status: () => Params
  /** Takes what a plugin gives now; nothing takes its fields back. */
  readonly take: (plugin: string, fields: Params | undefined) => void
}

/** Collects the fields of a host's plugins, from `pythonRuntime`'s `device.heartbeat` to the `status` of its mesh. */
export function heartbeatFields(): HeartbeatFields {
  const byPlugin = new Map<string, Params>()
  return {
    status: () => Object.assign({}, ...byPlugin.values()),
    take: (plugin, fields) => {
      byPlugin.delete(plugin)
      if (fields !== undefined) byPlugin.set(plugin, fields)
    },
  }
}
