import type { ChangeOrigin } from './event.ts'
import type { ConfigIssue } from './findings.ts'
import type { Delivery } from './subscriptions.ts'

/** Who asks for a change. Absent means the host itself: no permission is checked. */
export interface ConfigActor {
  /** Noted in the audit trail. */
  readonly name?: string
  /** May change everything. @default false */
  readonly admin?: boolean
  /** The role by which an item's `permissions` judge; `null` if it is not known. */
  readonly role?: string | null
}

/** What goes with a change of values. */
export interface ChangeOptions {
  /** Who asks; bound by the items' permissions. @default the host itself: no permission is checked */
  readonly actor?: ConfigActor
  /** Why; noted in the audit trail. */
  readonly reason?: string
  /** Makes the change only if the category is still at this revision; else `BP_CONFIG_CONFLICT`. */
  readonly revision?: number
  /** May change read-only items: for the plugin's own host. @default false */
  readonly privileged?: boolean
  /** Gives up with `BP_ABORTED`, as long as nothing is stored. */
  readonly signal?: AbortSignal
}

/** One item's part in a change; secrets are shown as `****`. */
export interface ItemDifference {
  readonly item: string
  readonly old: unknown
  readonly new: unknown
}

/** What a change did. */
export interface ChangeResult extends Delivery {
  /** The category's revision now. */
  readonly revision: number
  /** Names of the items whose values differ now; empty if everything was so already. */
  readonly changed: readonly string[]
}

/** What a change would do. */
export interface ChangePreview {
  /** Whether nothing is wrong with it and nobody who was asked refuses it. */
  readonly valid: boolean
  readonly issues: readonly ConfigIssue[]
  readonly differences: readonly ItemDifference[]
  /** Those participants that would refuse it, and why (only those that can tell: `test`). */
  readonly refusals: readonly { readonly subscriber: string; readonly reason: string }[]
  /**
   * Those participants that may refuse it and cannot be asked without changing something: only the change itself tells.
   */
  readonly unasked: readonly string[]
}

/** Gives the origin of a change from its options. */
export function originOf(options: Pick<ChangeOptions, 'actor' | 'reason'>): ChangeOrigin {
  return {
    ...(options.actor?.name === undefined ? {} : { actor: options.actor.name }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  }
}
