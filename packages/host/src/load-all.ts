import { BackplaneError, type Host, type PluginStatus, systemClock } from '@backplane/core'
import type { DesiredState } from './desired-state.ts'
import type { FoundPlugin, PluginFolder } from './plugin-folder.ts'

/** How loading one plugin of a folder ended: with its status, or with an error. */
export interface LoadReport {
  /** The plugin's id; the folder's name where no id could be read. */
  readonly id: string
  readonly plugin?: PluginStatus
  readonly error?: BackplaneError
}

/** Options of {@link loadAll}. */
export interface LoadAllOptions {
  /** Ends the loads under way; those and the rest are reported with `BP_ABORTED`. */
  readonly signal?: AbortSignal
  /** Loads what nobody asked for or against, too. @default true */
  readonly autoLoad?: boolean
  /** What was loaded and unloaded by request. @default nothing is known */
  readonly desired?: DesiredState
  /** How long the next plugin waits for the one before it to finish starting, in milliseconds. @default 1000 */
  readonly patienceMs?: number
  /** Told of each plugin as its loading ends. */
  readonly onReport?: (report: LoadReport) => void
}

/**
 * Loads the plugins of a folder, in the order of their names (what one depends on first), and reports on each. Never
 * rejects for a plugin's sake: the host has the rest then. Folders without a manifest are passed over.
 *
 * They start one after the other, so that who owns a bare name does not depend on chance; but one that takes longer
 * than `patienceMs` does not hold up the next, except those that depend on it. Rejects with `BP_PLUGINS_UNREADABLE` or
 * `BP_ABORTED`.
 */
export async function loadAll(
  host: Host,
  folder: PluginFolder,
  options: LoadAllOptions = {},
): Promise<readonly LoadReport[]> {
  const { signal, autoLoad = true, desired, patienceMs = 1000, onReport = () => {} } = options
  const wanted: FoundPlugin[] = []
  for (const found of await folder.list(signal ? { signal } : {})) {
    if (found.error?.code === 'BP_PLUGIN_NOT_FOUND') continue
    if ((await desired?.get(found.source?.manifest.id ?? found.folder)) ?? autoLoad) wanted.push(found)
  }
  const reports: Promise<LoadReport>[] = []
  const byId = new Map<string, Promise<LoadReport>>()
  for (const found of inOrder(wanted)) {
    const needed = needsOf(found).map((id) => byId.get(id))
    // What it needs may take long to start; where that fails, the host says so of it.
    const report = Promise.all(needed)
      .then(() => load(host, found, signal))
      .then((ended) => {
        onReport(ended)
        return ended
      })
    reports.push(report)
    const { id } = found.source?.manifest ?? {}
    if (id !== undefined && !byId.has(id)) byId.set(id, report)
    await patient(report, patienceMs)
  }
  return Promise.all(reports)
}

function needsOf({ source }: FoundPlugin): readonly string[] {
  return source?.manifest.dependencies?.plugins ?? []
}

async function load(host: Host, found: FoundPlugin, signal: AbortSignal | undefined): Promise<LoadReport> {
  const id = found.source?.manifest.id ?? found.folder
  if (!found.source) return { id, ...(found.error ? { error: found.error } : {}) }
  try {
    return { id, plugin: await host.load(found.source, signal ? { signal } : {}) }
  } catch (thrown) {
    return { id, error: BackplaneError.from(thrown) }
  }
}

/** Plugins after those that they depend on, otherwise as they come. A circle is left to the host, which refuses it. */
function inOrder(all: readonly FoundPlugin[]): readonly FoundPlugin[] {
  const byId = new Map(all.map((found) => [found.source?.manifest.id, found]))
  const ordered = new Set<FoundPlugin>()
  const visiting = new Set<FoundPlugin>()
  const visit = (found: FoundPlugin) => {
    if (visiting.has(found)) return
    visiting.add(found)
    for (const id of needsOf(found)) {
      const needed = byId.get(id)
      if (needed) visit(needed)
    }
    ordered.add(found)
  }
  for (const found of all) visit(found)
  return [...ordered]
}

function patient(work: Promise<unknown>, patienceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = systemClock.after(patienceMs, resolve)
    void work.then(() => {
      timer.cancel()
      resolve()
    })
  })
}
