import { BackplaneError, type Host } from '@backplane/core'

/**
 * Tells why a name reaches nothing, where a plugin had it that is quarantined now. The names of such a plugin are taken
 * back, so that nobody is sent to it; anyone who calls one all the same is to learn more than that it is unknown.
 *
 * @returns gives `BP_PLUGIN_QUARANTINED` in place of `BP_FUNCTION_UNKNOWN` where that is why, else the error itself
 */
export function quarantinedNames(host: Host): (thrown: unknown, name: string) => unknown {
  const offered = new Map<string, ReadonlySet<string>>()
  host.on((event) => {
    if (event.type === 'plugin.unloaded') offered.delete(event.plugin.id)
    else if (event.type === 'plugin.loaded' || event.type === 'plugin.swapped' || event.type === 'plugin.restarted') {
      offered.set(event.plugin.id, new Set(event.plugin.functions.map((one) => one.name)))
    }
  })
  return (thrown, name) => {
    if (!(thrown instanceof BackplaneError) || thrown.code !== 'BP_FUNCTION_UNKNOWN') return thrown
    const owner = host
      .plugins()
      .find(({ id, state }) => state === 'quarantined' && (name.startsWith(`${id}.`) || offered.get(id)?.has(name)))
    return owner?.error ?? thrown
  }
}
