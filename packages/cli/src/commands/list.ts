import type { Value } from '@backplane/core'
import { withClient } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { Shown, shown } from '../shown.ts'
import { table } from '../table.ts'
import { type HostFlags, onHost } from './manage.ts'

interface Fault {
  readonly message: string
  readonly next?: string
}

interface Loaded {
  readonly state?: string
  readonly runtime?: string
  readonly restarts?: number
  /** When its present state began, in milliseconds since the Unix epoch. */
  readonly since?: number
  readonly error?: Fault
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
  /** Why it could not be loaded, when that was last tried. */
  readonly load_error?: Fault
  readonly error?: Fault
}

/** Lists what is loaded on a host, and what its plugin folder has beside. */
export async function list(flags: HostFlags, { io, reporter }: CommandContext): Promise<void> {
  const result = await withClient(onHost(flags), io, reporter, ({ manage }) => manage('list_plugins'))
  const loaded = Object.entries(result.loaded as unknown as Record<string, Loaded>)
  const available = (result.available as unknown as Available[]).filter((plugin) => !plugin.loaded)
  const rows = [
    ...loaded.map(([id, one]) => [
      id,
      one.manifest.version ?? '',
      one.state ?? 'running',
      one.runtime ?? '',
      String(one.restarts ?? 0),
      one.since === undefined ? '' : duration(Date.now() - one.since),
      namesOf(one),
    ]),
    ...available
      .filter(({ manifest_error }) => manifest_error !== 'missing manifest.json')
      .map(({ id, manifest, ...one }) => [id, manifest?.version ?? '', faultOf(one) ? 'broken' : 'not loaded']),
  ]
  const faults = [
    ...loaded.map(([id, { error }]) => [id, error] as const),
    ...available.map((one) => [one.id, faultOf(one)] as const),
  ].flatMap(([id, fault]) => (fault ? [reasonOf(id, fault)] : []))
  const head = ['PLUGIN', 'VERSION', 'STATE', 'RUNTIME', 'RESTARTS', 'SINCE', 'FUNCTIONS']
  const text =
    rows.length > 0
      ? Shown.join([table(head, rows), ...faults], '\n')
      : shown`No plugins in ${String(result.capabilities_dir as Value)}`
  reporter.result(result, text)
}

function namesOf({ functions, unusable_functions: unusable = {} }: Loaded): string {
  return functions.map((name) => (Object.hasOwn(unusable, name) ? `${name} (unusable schema)` : name)).join(', ')
}

/** Why it is not loaded; a folder without a manifest is no plugin, and nothing is wrong with it. */
function faultOf({ manifest_error, error, load_error }: Omit<Available, 'id' | 'loaded'>): Fault | undefined {
  if (manifest_error === 'missing manifest.json') return undefined
  return manifest_error === undefined ? (error ?? load_error) : { message: manifest_error }
}

function reasonOf(id: string, { message, next }: Fault): Shown {
  const step = next === undefined ? shown`` : shown`\n    Next: ${Shown.block(next)}`
  return shown`  ${id}: ${Shown.block(message)}${step}`
}

/** How long, in its two largest units. */
function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const units = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const
  const from = units.findIndex(([count]) => count > 0)
  if (from === -1) return '0s'
  return units
    .slice(from, from + 2)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ')
}
