import type { PluginRuntime, PluginSource } from './contracts/runtime.ts'

/** What the slot and host enforce in every runtime. */
const enforcedByHost = new Set([
  'timeout_ms',
  'start_timeout_ms',
  'concurrency',
  'calls_per_second',
  'log_lines_per_second',
  'invoke',
])

/** Names the limits and permissions that a manifest asks for and nobody here can hold. */
export function unenforced(source: PluginSource, runtime: PluginRuntime): string[] {
  const { limits = {}, permissions = {} } = source.manifest
  const asked = [
    ...Object.keys(limits).map((name) => `limits.${name}`),
    ...Object.keys(permissions).map((name) => `permissions.${name}`),
  ]
  const enforced: readonly string[] = runtime.enforces
  return asked.filter((name) => !enforcedByHost.has(name.split('.')[1] ?? '') && !enforced.includes(name))
}
