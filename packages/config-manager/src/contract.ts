import type { HostConfig } from '@backplane/core'
import type { AuditEntry } from './audit.ts'
import type { CategorySummary, ListOptions } from './browse.ts'
import type { Provenance } from './category.ts'
import type { Item, ItemDefinition, ItemDefinitions } from './definition.ts'
import type { ConfigEvent } from './event.ts'
import type { LinkOptions } from './hierarchy.ts'
import type { ConfigListener, ListenerOptions } from './observers.ts'
import type { ChangeOptions, ChangePreview, ChangeResult } from './options.ts'
import type { ConfigMode } from './policy.ts'
import type { RegisterOptions, RegisterResult } from './register.ts'
import type { SubscriptionScope } from './scope.ts'
import type { ConfigSnapshot, ImportResult, SnapshotDifference } from './snapshot.ts'
import type { StoreCondition } from './store-condition.ts'
import type { ConfigParticipant, ParticipantOptions } from './subscriptions.ts'
import type { Config, TypedValues } from './typed.ts'

/** Facts about a category that its items do not say. */
export interface CategoryFacts {
  readonly description: string
  readonly displayName: string
  readonly revision: number
  readonly version?: number
  /** Where each value comes from. */
  readonly provenance: { readonly [item: string]: Provenance }
}

/** What is not well with configuration, for a status to show; nothing where all is. */
export interface ConfigCondition extends StoreCondition {
  /** Names of documents that cannot be read: nothing that needs them runs, and they are left as they are. */
  readonly damaged?: readonly string[]
}

/** A former state of a category. */
export interface CategoryPast extends CategoryFacts {
  readonly items: { readonly [item: string]: Item }
}

/**
 * The configuration manager: categories of items, changed live.
 *
 * Every method that changes something is all or nothing, and rejects with `BP_CONFIG_INVALID` (everything that is wrong
 * is in `details.issues`), `BP_CONFIG_UNKNOWN`, `BP_CONFIG_FORBIDDEN`, `BP_CONFIG_CONFLICT`, `BP_CONFIG_VETOED`,
 * `BP_CONFIG_ROLLED_BACK` or `BP_CONFIG_STORE_FAILED`. Reads are answered from memory; `start` must have resolved
 * before.
 */
export interface ConfigManager extends HostConfig {
  readonly mode: ConfigMode
  /** What is not well with the store, once it is open. */
  readonly condition: ConfigCondition
  /**
   * Opens the store and reads it; harmless when called again. Rejects with `BP_CONFIG_LOCKED` where another process
   * writes there.
   */
  start(options?: { readonly signal?: AbortSignal }): Promise<void>

  /** Creates a category or merges a new definition into the stored one; values that users set stay. */
  register(name: string, items: ItemDefinitions, options?: RegisterOptions): Promise<RegisterResult>
  /** Adds one item to a category that is there. */
  addItem(category: string, name: string, definition: ItemDefinition, options?: ChangeOptions): Promise<ChangeResult>
  /** Changes one value. */
  set(category: string, item: string, value: unknown, options?: ChangeOptions): Promise<ChangeResult>
  /** Changes several values, all or none. */
  update(category: string, values: { readonly [item: string]: unknown }, options?: ChangeOptions): Promise<ChangeResult>
  /** Says what {@link ConfigManager.update} would do, without doing it. */
  preview(
    category: string,
    values: { readonly [item: string]: unknown },
    options?: ChangeOptions,
  ): Promise<ChangePreview>
  /** Puts an item back to its default. */
  reset(category: string, item: string, options?: ChangeOptions): Promise<ChangeResult>
  /** Changes one property of an item's definition, such as `maximum` or `group`. */
  updateProperty(
    category: string,
    item: string,
    property: string,
    value: unknown,
    options?: ChangeOptions,
  ): Promise<ChangeResult>

  /** Replaces the options of an enumeration; the value in force and the default stay among them. */
  offerOptions(category: string, item: string, options: readonly string[], by?: ChangeOptions): Promise<ChangeResult>

  /** A category's items in Fledge's form, or `undefined`. Secrets are `****`, but in `strict-fledge`. */
  items(category: string): { readonly [item: string]: Item } | undefined
  /** One item in Fledge's form, or `undefined`. */
  item(category: string, item: string): Item | undefined
  /** One value as it is stored, in Fledge's form, or `undefined`. */
  value(category: string, item: string): unknown
  /**
   * A category's values, typed, secrets included: for the plugin that they are meant for. `undefined` if there is no
   * such category.
   */
  values<I = Readonly<Record<string, unknown>>>(
    category: string,
  ): (I extends ItemDefinitions ? Config<I> : TypedValues) | undefined
  /** Description, revision and provenance of a category, or `undefined`. */
  facts(category: string): CategoryFacts | undefined
  /** Lists categories. */
  categories(options?: ListOptions): readonly CategorySummary[]

  /** Links categories below another, none of them above it; gives all that are below it now. */
  link(parent: string, children: readonly string[], options?: LinkOptions): Promise<readonly string[]>
  /** Unlinks one category from another; gives what is still below it. */
  unlink(parent: string, child: string, options?: LinkOptions): Promise<readonly string[]>
  /** Unlinks everything below a category; gives how many links there were. */
  unlinkAll(parent: string, options?: LinkOptions): Promise<number>
  /** What is directly below a category. */
  children(parent: string): readonly CategorySummary[]
  /**
   * Removes a category and everything below it; refuses what others share or the host needs. Gives what was removed.
   */
  remove(category: string, options?: LinkOptions): Promise<readonly string[]>

  /** Adds a participant in changes: asked before, told after. Gives what ends it. */
  subscribe(scope: SubscriptionScope, participant: ConfigParticipant, options?: ParticipantOptions): () => void
  /** Ends a participant's subscription to exactly this scope; harmless if there is none. */
  unsubscribe(scope: SubscriptionScope, participant: ConfigParticipant): void
  /** Adds a listener, told after changes, in order, never waited for. Gives what ends it. */
  on(scope: SubscriptionScope, listener: ConfigListener, options?: ListenerOptions): () => void
  /** The changes as they come, one at a time; ends when the signal does or the loop is left. */
  watch(
    scope: SubscriptionScope,
    options?: ListenerOptions & { readonly signal?: AbortSignal },
  ): AsyncIterableIterator<ConfigEvent>

  /** The audit trail, oldest first; secrets are redacted. */
  audit(): readonly AuditEntry[]
  /** Former states of a category, latest first; secrets are redacted. */
  history(category: string): readonly CategoryPast[]
  /** Brings the values of a former state back, as far as the present definition allows; a change like any other. */
  restore(category: string, revision: number, options?: ChangeOptions): Promise<ChangeResult>
  /** Everything as data, without secrets. */
  export(options?: { readonly categories?: readonly string[] }): ConfigSnapshot
  /** How what is there differs from a snapshot. */
  diff(snapshot: ConfigSnapshot): readonly SnapshotDifference[]
  /** Makes it as the snapshot says, all or nothing. */
  import(snapshot: ConfigSnapshot, options?: ChangeOptions): Promise<ImportResult>
  /** Forgets what readers remember, as a restart would; only `strict-fledge` remembers anything. */
  clearCache(): void
}
