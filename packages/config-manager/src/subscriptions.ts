import { BackplaneError, type Clock, coreError, type Logger, messageOf } from '@backplane/core'
import { configError } from './errors.ts'
import { type CategoryStep, type ChangeOrigin, type ConfigEvent, eventOf, reversed } from './event.ts'
import { isConcerned, isSameScope, type SubscriptionScope } from './scope.ts'

/** A subscriber that has a say: it is asked before a change counts, and told when it does. */
export interface ConfigParticipant {
  /** Asked by a preview whether `prepare` would refuse; must change nothing. */
  test?(event: ConfigEvent, options: { readonly signal: AbortSignal }): Promise<void> | void
  /** Rejecting refuses the change: nothing is written, and those asked before are told to roll back. */
  prepare?(event: ConfigEvent, options: { readonly signal: AbortSignal }): Promise<void> | void
  /**
   * Applies what is now in force. Rejecting takes the change back, or quarantines this participant; see
   * {@link ParticipantOptions}. What it gives is looked at only where it is `'pending'`: it will apply the change
   * later, with its next start for instance.
   */
  apply?(event: ConfigEvent, options: { readonly signal: AbortSignal }): unknown
  /** Undoes what `prepare` or `apply` did; the event goes from new to old. */
  rollback?(event: ConfigEvent, options: { readonly signal: AbortSignal }): Promise<void> | void
}

/** How a participant is treated. */
export interface ParticipantOptions {
  /** Named in results and errors. @default `subscriber-<n>` */
  readonly name?: string
  /** How long each call may take. @default 5000 */
  readonly timeoutMs?: number
  /**
   * What a failing `apply` does: take the change back for everybody, or leave this participant out until it subscribes
   * again.
   * @default 'rollback'
   */
  readonly onApplyFailure?: 'rollback' | 'quarantine'
}

/** What became of a change among its subscribers. */
export interface Delivery {
  /** Names of those that applied it. */
  readonly applied: readonly string[]
  /** Names of those that took it and will apply it later: plugins that are not up now apply it when they start. */
  readonly pending: readonly string[]
  /** Those that failed and were quarantined. */
  readonly quarantined: readonly { readonly subscriber: string; readonly reason: string }[]
}

/** What subscribers say of a change beforehand. */
export interface Foretold {
  readonly refusals: readonly { readonly subscriber: string; readonly reason: string }[]
  /** Those that are asked only by the change itself, and may refuse it then. */
  readonly unasked: readonly string[]
}

interface Subscription {
  readonly name: string
  readonly scope: SubscriptionScope
  readonly participant: ConfigParticipant
  readonly timeoutMs: number
  readonly onApplyFailure: 'rollback' | 'quarantine'
  quarantined: boolean
  /** Whether it was removed: it is called no more, not even for a change that is under way. */
  ended: boolean
}

type Phase = 'test' | 'prepare' | 'apply' | 'rollback'

interface Call {
  readonly subscription: Subscription
  readonly step: CategoryStep
}

/** Signals that a participant failed to apply and the change must be taken back. */
export class ApplyFailure extends Error {
  readonly subscriber: string
  readonly category: string
  /** Those whose `apply` was called, the one that failed included: nobody knows how far it came. */
  readonly called: readonly Call[]
  readonly reason: unknown
  readonly #subscription: Subscription

  constructor(call: Call, called: readonly Call[], reason: unknown) {
    super(messageOf(reason))
    this.name = 'ApplyFailure'
    this.subscriber = call.subscription.name
    this.category = nameOf(call.step)
    this.called = called
    this.reason = reason
    this.#subscription = call.subscription
  }

  /** Leaves the one that failed out of further changes. */
  quarantine(): void {
    this.#subscription.quarantined = true
  }
}

/** The participants of all categories, found by the category that changed: cost follows those concerned, not all. */
export class Subscriptions {
  readonly #byCategory = new Map<string | undefined, Set<Subscription>>()
  readonly #clock: Clock
  readonly #logger: Logger
  #count = 0

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  /** How many subscriptions there are. */
  get size(): number {
    return [...this.#byCategory.values()].reduce((sum, set) => sum + set.size, 0)
  }

  /** Adds a participant; gives what removes it. The same participant added twice for one scope is one subscription. */
  add(scope: SubscriptionScope, participant: ConfigParticipant, options: ParticipantOptions = {}): () => void {
    const key = scope.childrenOf ?? scope.category
    const set = this.#byCategory.get(key) ?? new Set<Subscription>()
    this.#byCategory.set(key, set)
    const same = [...set].find((other) => other.participant === participant && isSameScope(other.scope, scope))
    const subscription: Subscription = same ?? {
      name: options.name ?? `subscriber-${++this.#count}`,
      scope,
      participant,
      timeoutMs: options.timeoutMs ?? 5_000,
      onApplyFailure: options.onApplyFailure ?? 'rollback',
      quarantined: false,
      ended: false,
    }
    subscription.quarantined = false
    set.add(subscription)
    return () => {
      subscription.ended = true
      set.delete(subscription)
      if (set.size === 0 && this.#byCategory.get(key) === set) this.#byCategory.delete(key)
    }
  }

  /** Removes a participant from one scope; harmless if it is not there. */
  remove(scope: SubscriptionScope, participant: ConfigParticipant): void {
    const key = scope.childrenOf ?? scope.category
    const set = this.#byCategory.get(key)
    for (const subscription of set ?? []) {
      if (subscription.participant !== participant || !isSameScope(subscription.scope, scope)) continue
      subscription.ended = true
      set?.delete(subscription)
    }
    if (set?.size === 0) this.#byCategory.delete(key)
  }

  /** Asks all concerned, in order of subscription; the first refusal ends it, and those asked before roll back. */
  async prepare(steps: readonly CategoryStep[], origin: ChangeOrigin): Promise<readonly Call[]> {
    const prepared: Call[] = []
    for (const call of this.#calls(steps)) {
      if (!call.subscription.participant.prepare || call.subscription.ended) continue
      try {
        await this.#run('prepare', call, origin)
        prepared.push(call)
      } catch (error) {
        // Who is late may have done it all the same; who refused has not.
        const isLate = error instanceof BackplaneError && error.code === 'BP_TIMEOUT'
        await this.rollback(isLate ? [...prepared, call] : prepared, origin)
        throw this.#veto(call, error)
      }
    }
    return prepared
  }

  /** Asks those that can tell beforehand whether they would refuse, and names those that may and cannot be asked. */
  async test(steps: readonly CategoryStep[], origin: ChangeOrigin): Promise<Foretold> {
    const refusals: { subscriber: string; reason: string }[] = []
    const unasked: string[] = []
    for (const call of this.#calls(steps)) {
      const { name, participant } = call.subscription
      if (participant.test) {
        await this.#run('test', call, origin).catch((error) => {
          refusals.push({ subscriber: name, reason: messageOf(error) })
        })
      } else if (participant.prepare) unasked.push(name)
    }
    return { refusals, unasked }
  }

  /** Tells all concerned that the change counts. Throws {@link ApplyFailure} where it must be taken back. */
  async apply(steps: readonly CategoryStep[], origin: ChangeOrigin): Promise<Delivery> {
    const applied: Call[] = []
    const pending = new Set<Call>()
    const quarantined: { subscriber: string; reason: string }[] = []
    for (const call of this.#calls(steps)) {
      if (call.subscription.ended) continue
      try {
        const outcome = await this.#run('apply', call, origin)
        applied.push(call)
        if (outcome === 'pending') pending.add(call)
      } catch (error) {
        if (call.subscription.onApplyFailure === 'rollback') throw new ApplyFailure(call, [...applied, call], error)
        this.#quarantine(call, error, 'apply a change')
        quarantined.push({ subscriber: call.subscription.name, reason: messageOf(error) })
      }
    }
    const names = (calls: Iterable<Call>) => Array.from(calls, (call) => call.subscription.name)
    return { applied: names(applied.filter((call) => !pending.has(call))), pending: names(pending), quarantined }
  }

  /**
   * Tells all concerned, but for those told already, of a change that nobody can take back; who cannot apply it is
   * quarantined.
   */
  async applyAnyway(steps: readonly CategoryStep[], origin: ChangeOrigin, told: readonly Call[] = []): Promise<void> {
    const isTold = (call: Call) =>
      told.some((other) => other.subscription === call.subscription && other.step === call.step)
    for (const call of this.#calls(steps)) {
      if (call.subscription.ended || call.subscription.quarantined || isTold(call)) continue
      try {
        await this.#run('apply', call, origin)
      } catch (error) {
        this.#quarantine(call, error, 'apply a change')
      }
    }
  }

  #quarantine({ subscription }: Call, error: unknown, what: string): void {
    subscription.quarantined = true
    this.#logger.warn({ err: error, subscriber: subscription.name }, `subscriber quarantined: it could not ${what}`)
  }

  /** Tells these to undo what they did, latest first. A failure to undo quarantines. */
  async rollback(calls: readonly Call[], origin: ChangeOrigin): Promise<void> {
    for (const call of [...calls].reverse()) {
      if (!call.subscription.participant.rollback || call.subscription.ended) continue
      try {
        await this.#run('rollback', { ...call, step: reversed(call.step) }, origin)
      } catch (error) {
        this.#quarantine(call, error, 'roll back')
      }
    }
  }

  /** Runs one step's participants in order, without a time limit, and passes on the first failure: upstream's way. */
  async tellInOrder(step: CategoryStep, origin: ChangeOrigin): Promise<void> {
    for (const { subscription } of this.#calls([step])) {
      await subscription.participant.apply?.(eventOf(step, origin), { signal: new AbortController().signal })
    }
  }

  #calls(steps: readonly CategoryStep[]): Call[] {
    const calls: Call[] = []
    for (const step of steps) {
      for (const key of [nameOf(step), undefined]) {
        for (const subscription of this.#byCategory.get(key) ?? []) {
          if (!subscription.quarantined && isConcerned(subscription.scope, step)) calls.push({ subscription, step })
        }
      }
    }
    return calls
  }

  async #run(phase: Phase, { subscription, step }: Call, origin: ChangeOrigin): Promise<unknown> {
    const controller = new AbortController()
    const outcome = subscription.participant[phase]?.(eventOf(step, origin), { signal: controller.signal })
    if (!(outcome instanceof Promise)) return outcome
    const { promise, reject } = Promise.withResolvers<never>()
    const timer = this.#clock.after(subscription.timeoutMs, () => {
      const late = coreError('BP_TIMEOUT', {
        details: { what: `${subscription.name} (${phase})`, timeoutMs: subscription.timeoutMs },
      })
      controller.abort(late)
      reject(late)
    })
    try {
      return await Promise.race([outcome, promise])
    } finally {
      timer.cancel()
    }
  }

  #veto({ subscription, step }: Call, error: unknown): BackplaneError {
    const details = { subscriber: subscription.name, category: nameOf(step), reason: messageOf(error) }
    return configError('BP_CONFIG_VETOED', { details, cause: error })
  }
}

function nameOf(step: CategoryStep): string {
  return ((step.after ?? step.before) as { readonly name: string }).name
}
