import type { PluginRuntime, PluginSource } from './contracts/runtime.ts'

/** What the slot and host enforce in every runtime. */
const enforcedByHost: readonly string[] = [
  'limits.timeout_ms',
  'limits.start_timeout_ms',
  'limits.concurrency',
  'limits.calls_per_second',
  'limits.log_lines_per_second',
  'permissions.invoke',
]

/** Names the limits and permissions that a manifest asks for and nobody here can hold. */
export function unenforced({ manifest }: PluginSource, runtime: PluginRuntime): string[] {
  const enforced = [...enforcedByHost, ...runtime.enforces]
  return (['limits', 'permissions'] as const)
    .flatMap((kind) => Object.keys(manifest[kind] ?? {}).map((name) => `${kind}.${name}`))
    .filter((name) => !enforced.includes(name))
}
