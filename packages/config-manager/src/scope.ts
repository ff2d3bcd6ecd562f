import { type CategoryStep, eventOf } from './event.ts'

/** What a subscription is about; all that is given must fit, and nothing given means everything. */
export interface SubscriptionScope {
  /** Changes of this category. */
  readonly category?: string
  /** Only when the value of this item changed. */
  readonly item?: string
  /** Links made and removed below this category. */
  readonly childrenOf?: string
}

/** Tells whether two scopes are the same. */
export function isSameScope(left: SubscriptionScope, right: SubscriptionScope): boolean {
  return left.category === right.category && left.item === right.item && left.childrenOf === right.childrenOf
}

/** Tells whether a scope covers a step. */
export function isConcerned(scope: SubscriptionScope, step: CategoryStep): boolean {
  const isLink = step.kind === 'linked' || step.kind === 'unlinked'
  if (scope.childrenOf !== undefined) return isLink
  if (isLink && scope.category !== undefined) return false
  return scope.item === undefined || eventOf(step, {}).changed.includes(scope.item)
}
