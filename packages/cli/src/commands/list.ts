import type { Value } from '@backplane/core'
import { withClient } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { shown } from '../shown.ts'
import { table } from '../table.ts'
import { type HostFlags, onHost } from './manage.ts'

interface Loaded {
  readonly state?: string
  readonly functions: readonly string[]
  /** By name. */
  readonly unusable_functions?: object
  readonly manifest: { readonly version?: string | null }
}

interface Available {
  readonly id: string
  readonly loaded: boolean
  readonly manifest?: { readonly version?: string }
  readonly manifest_error?: string
  readonly error?: { readonly message: string }
}

/** Lists what is loaded on a host, and what its plugin folder has beside. */
export async function list(flags: HostFlags, { io, reporter }: CommandContext): Promise<void> {
  const result = await withClient(onHost(flags), io, reporter, ({ manage }) => manage('list_plugins'))
  const loaded = Object.entries(result.loaded as unknown as Record<string, Loaded>)
  const available = (result.available as unknown as Available[]).filter((plugin) => !plugin.loaded)
  const rows = [
    ...loaded.map(([id, { state = 'running', manifest, functions, unusable_functions: unusable = {} }]) => [
      id,
      manifest.version ?? '',
      state,
      functions.map((name) => (Object.hasOwn(unusable, name) ? `${name} (unusable schema)` : name)).join(', '),
    ]),
    ...available
      .filter(({ manifest_error }) => manifest_error !== 'missing manifest.json')
      .map(({ id, manifest, manifest_error, error }) => {
        const wrong = manifest_error ?? error?.message
        return [id, manifest?.version ?? '', wrong ? 'broken' : 'not loaded', wrong ?? '']
      }),
  ]
  const text =
    rows.length > 0
      ? table(['PLUGIN', 'VERSION', 'STATE', 'FUNCTIONS'], rows)
      : shown`No plugins in ${String(result.capabilities_dir as Value)}`
  reporter.result(result, text)
}
