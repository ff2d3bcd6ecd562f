import type { ManifestConfigItem } from './manifest.ts'
import type { Params } from './values.ts'

/**
 * The self-describing configuration of one plugin, item by name, as its manifest declares it (Fledge's category form).
 */
export type ConfigItems = { readonly [name: string]: ManifestConfigItem }

/** One change of a plugin's configuration, as it reaches the plugin. */
export interface ConfigChange {
  /** Every value as it will be. */
  readonly values: Params
  /** Every value as it was. */
  readonly previous: Params
  /** Names of the items that differ. */
  readonly changed: readonly string[]
}

/** What became of a change: nothing is left to do, or it waits for the plugin to be up. */
export type ConfigOutcome = undefined | 'pending'

/**
 * What a host asks of configuration. `configManager` of `@backplane/config-manager` is the full one, `memoryConfig` of
 * `@backplane/core/memory` one for tests; a host that is given none has every item at its default.
 */
export interface HostConfig extends AsyncDisposable {
  /**
   * Registers a plugin's items, merging them with what is stored (values set by users stay), and gives its live values.
   * Rejects with `BP_MANIFEST_INVALID` when the items contradict themselves.
   */
  open(pluginId: string, items: ConfigItems, options?: { readonly signal?: AbortSignal }): Promise<ConfigHandle>
  /** Ends what it started. Stored values stay. */
  close(): Promise<void>
}

/** One plugin's configuration, live. */
export interface ConfigHandle {
  /** The values in force. A new object after each change. */
  readonly values: Params
  /**
   * Names the one participant in changes. It is asked before a change counts: when it rejects, the change is refused
   * with its reason and nothing changes; when it resolves, the new values are in force, or will be with the next start
   * of a plugin that is not up now, which it says by `pending`.
   */
  participate(apply: (change: ConfigChange) => Promise<ConfigOutcome>): void
  /** Leaves; stored values stay. */
  close(): Promise<void>
}
