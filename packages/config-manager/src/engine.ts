import {
  type BackplaneError,
  type Clock,
  type ConfigStore,
  coreError,
  type Logger,
  type StoredDocument,
} from '@backplane/core'
import type { AuditEntry } from './audit.ts'
import type { Category } from './category.ts'
import { configError, invalid } from './errors.ts'
import type { CategoryStep, ChangeOrigin } from './event.ts'
import { type Finding, Findings, FirstFinding } from './findings.ts'
import { NamedLocks } from './lock.ts'
import type { Observers } from './observers.ts'
import type { Policy } from './policy.ts'
import { Registry, type Retention } from './registry.ts'
import type { SecretStore } from './secrets.ts'
import { ApplyFailure, type Delivery, type Subscriptions } from './subscriptions.ts'
import { cachedView, directView, type ReadView } from './view.ts'

/** An audit entry before it is stamped. */
export type AuditDraft = Pick<AuditEntry, 'code' | 'details'>

/** A change that has been checked: what it makes of each category, and how it is noted. */
export interface Transaction {
  readonly steps: readonly CategoryStep[]
  readonly audit: readonly AuditDraft[]
  readonly origin: ChangeOrigin
  /** Whether it counts also where the store cannot take it: a plugin's registration of what it was made with. */
  readonly mayBeUnsaved?: boolean | undefined
  /** Aborted before the commit, it ends the change; after that the change counts. */
  readonly signal?: AbortSignal | undefined
}

/** What the engine works with. */
export interface EngineComponents {
  readonly policy: Policy
  readonly store: ConfigStore | undefined
  readonly secrets: SecretStore | undefined
  readonly retention: Retention
  readonly clock: Clock
  readonly logger: Logger
  readonly subscriptions: Subscriptions
  readonly observers: Observers
  readonly auditsSecrets?: boolean
}

const untold: Delivery = { applied: [], pending: [], quarantined: [] }

/** The one way in which anything changes: check, ask, commit, apply, and take back what could not be applied. */
export class Engine {
  readonly policy: Policy
  readonly registry: Registry
  readonly view: ReadView
  readonly locks = new NamedLocks()
  readonly components: EngineComponents
  /** Whether the audit trail shows secrets: only for comparing with upstream, which does. */
  readonly auditsSecrets: boolean

  constructor(components: EngineComponents) {
    const { policy, store, secrets, retention } = components
    this.components = components
    this.policy = policy
    this.auditsSecrets = components.auditsSecrets ?? false
    this.registry = new Registry({ store, secrets, retention, clearSecrets: !policy.enforcesAll })
    this.view = policy.readsThroughCache ? cachedView(this.registry.categories) : directView(this.registry.categories)
  }

  /** The category of this name as it is stored. */
  stored(name: string): Category | undefined {
    return this.registry.categories.get(name)
  }

  /** Runs checks and throws what they find: the first finding, or all of them at once. */
  check<T>(run: (findings: Findings) => T): T {
    const findings = new Findings(this.policy.firstFindingOnly)
    let result: T
    try {
      result = run(findings)
    } catch (error) {
      throw error instanceof FirstFinding ? this.refusal([error.finding]) : error
    }
    if (findings.all.length > 0) throw this.refusal(findings.all)
    return result
  }

  /** The error for what checks found. */
  refusal(findings: readonly Finding[]): BackplaneError {
    return invalid(findings, this.policy.firstFindingOnly)
  }

  /** Asks the participants, commits, lets them apply, and takes everything back where one cannot. */
  async transact(transaction: Transaction): Promise<Delivery> {
    const { subscriptions } = this.components
    const { steps, origin, signal } = transaction
    if (this.policy.subscriberFailureIsThrown) {
      await this.commit(transaction)
      return untold
    }
    const prepared = await subscriptions.prepare(steps, origin)
    try {
      if (signal?.aborted) throw coreError('BP_ABORTED', { cause: signal.reason })
      await this.commit(transaction)
    } catch (error) {
      await subscriptions.rollback(prepared, origin)
      throw error
    }
    try {
      const delivery = await subscriptions.apply(steps, origin)
      this.components.observers.tell(steps, origin)
      return delivery
    } catch (error) {
      if (!(error instanceof ApplyFailure)) throw error
      await this.#takeBack(transaction, error, prepared)
      throw rolledBack(error)
    }
  }

  /** Takes over what another host wrote to a shared store, and tells everybody here; nobody can refuse it any more. */
  async follow(name: string, stored: StoredDocument | undefined): Promise<void> {
    await this.locks.runAlone(async () => {
      const step = await this.registry.takeRemote(name, stored?.revision, stored?.document)
      if (!step) return
      if (step.after) this.view.replaced(step.after)
      else this.view.removed((step.before as Category).name)
      const origin = { remote: true }
      await this.components.subscriptions.applyAnyway([step], origin)
      this.components.observers.tell([step], origin)
    })
  }

  /** Writes a change without asking anybody. */
  async commit({ steps, audit, origin, mayBeUnsaved }: Transaction): Promise<void> {
    const { logger } = this.components
    const unsaved = (reason: BackplaneError) =>
      logger.warn({ err: reason, code: reason.code }, 'a registration is in force, but could not be saved')
    const entries = audit.map((draft) => this.#stamp(draft, origin))
    await this.registry.commit({ steps, audit: entries, ...(mayBeUnsaved ? { mayBeUnsaved: unsaved } : {}) })
  }

  /**
   * Tells subscribers of a step in upstream's way, where that is the policy: in order, and a failure is the writer's.
   */
  async tell(step: CategoryStep, origin: ChangeOrigin): Promise<void> {
    if (!this.policy.subscriberFailureIsThrown) return
    await this.components.subscriptions.tellInOrder(step, origin)
    this.components.observers.tell([step], origin)
  }

  async #takeBack(
    transaction: Transaction,
    failure: ApplyFailure,
    prepared: Awaited<ReturnType<Subscriptions['prepare']>>,
  ): Promise<void> {
    const { subscriptions } = this.components
    const { steps, origin } = transaction
    const reason = `taken back: ${failure.message}`
    const back = steps.map((step) => restored(step))
    try {
      await this.commit({ steps: back, audit: [rollbackDraft(failure, reason)], origin: { ...origin, reason } })
    } catch (error) {
      // The change stands: those that were not told yet must not be left behind, and who failed is out of step.
      failure.quarantine()
      await subscriptions.applyAnyway(steps, origin, failure.called)
      this.components.observers.tell(steps, origin)
      throw error
    }
    const calls = new Map([...prepared, ...failure.called].map((call) => [call.subscription, call]))
    await subscriptions.rollback([...calls.values()], { ...origin, reason })
  }

  #stamp(draft: AuditDraft, { actor, reason }: ChangeOrigin): AuditEntry {
    return {
      ...draft,
      at: this.components.clock.now(),
      ...(actor === undefined ? {} : { actor }),
      ...(reason === undefined ? {} : { reason }),
    }
  }
}

/** The step that brings a category back to where it was, under a new revision: revisions never go back. */
function restored({ before, after }: CategoryStep): CategoryStep {
  const kind = before ? (after ? 'changed' : 'created') : 'removed'
  if (!before) return { kind, before: after as Category }
  const revision = (after ?? before).revision + 1
  return { kind, ...(after ? { before: after } : {}), after: { ...before, revision } }
}

function rollbackDraft({ category, subscriber }: ApplyFailure, reason: string): AuditDraft {
  return { code: 'CONCH', details: { category, rolledBack: true, subscriber, reason } }
}

function rolledBack({ subscriber, category, reason, message }: ApplyFailure): BackplaneError {
  return configError('BP_CONFIG_ROLLED_BACK', { details: { subscriber, category, reason: message }, cause: reason })
}
