import { type Logger, messageOf } from '@backplane/core'
import { type CategoryStep, type ChangeOrigin, type ConfigEvent, eventOf } from './event.ts'
import { isConcerned, type SubscriptionScope } from './scope.ts'

/** Is told of changes, after they are in force; what it throws is logged and concerns nobody else. */
export type ConfigListener = (event: ConfigEvent) => Promise<void> | void

/** How a listener is told. */
export interface ListenerOptions {
  /**
   * Joins the changes of a category that come while the listener is busy into one, from the oldest old to the newest
   * new.
   * @default true
   */
  readonly coalesce?: boolean
}

interface Told {
  readonly step: CategoryStep
  readonly origin: ChangeOrigin
}

/** One listener: told one change at a time, in order, however long it takes; the writer never waits for it. */
class Observer {
  readonly scope: SubscriptionScope
  readonly #listener: ConfigListener
  readonly #coalesce: boolean
  readonly #logger: Logger
  readonly #waiting: Told[] = []
  #running = false
  #ended = false

  constructor(scope: SubscriptionScope, listener: ConfigListener, coalesce: boolean, logger: Logger) {
    this.scope = scope
    this.#listener = listener
    this.#coalesce = coalesce
    this.#logger = logger
  }

  take(told: Told): void {
    const at = this.#coalesce ? this.#waiting.findLastIndex(({ step }) => nameOf(step) === nameOf(told.step)) : -1
    const joined = at === -1 ? undefined : join(this.#waiting[at] as Told, told)
    if (joined) this.#waiting[at] = joined
    else this.#waiting.push(told)
    if (!this.#running) void this.#run()
  }

  end(): void {
    this.#ended = true
    this.#waiting.length = 0
  }

  async #run(): Promise<void> {
    this.#running = true
    await Promise.resolve()
    for (let told = this.#waiting.shift(); told && !this.#ended; told = this.#waiting.shift()) {
      try {
        await this.#listener(eventOf(told.step, told.origin))
      } catch (error) {
        this.#logger.warn({ err: error, reason: messageOf(error) }, 'a configuration listener failed')
      }
    }
    this.#running = false
  }
}

function nameOf(step: CategoryStep): string | undefined {
  return (step.after ?? step.before)?.name
}

/** Joins two changes of one category, if both change values. */
function join(earlier: Told, later: Told): Told | undefined {
  const isValues = (kind: string) => kind === 'changed' || kind === 'defined' || kind === 'created'
  const isSame = earlier.step.after !== undefined && earlier.step.after.name === later.step.after?.name
  if (!isSame || !isValues(earlier.step.kind) || !isValues(later.step.kind)) return undefined
  const { before: _, ...rest } = later.step
  const { before } = earlier.step
  return { step: { ...rest, kind: earlier.step.kind, ...(before ? { before } : {}) }, origin: later.origin }
}

/** The listeners of all categories, found by the category that changed. */
export class Observers {
  readonly #byCategory = new Map<string | undefined, Set<Observer>>()
  readonly #ended = new Set<() => void>()
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Adds a listener; gives what ends it. */
  add(scope: SubscriptionScope, listener: ConfigListener, options: ListenerOptions = {}): () => void {
    const key = scope.childrenOf ?? scope.category
    const set = this.#byCategory.get(key) ?? new Set<Observer>()
    this.#byCategory.set(key, set)
    const observer = new Observer(scope, listener, options.coalesce ?? true, this.#logger)
    set.add(observer)
    return () => {
      observer.end()
      set.delete(observer)
      if (set.size === 0 && this.#byCategory.get(key) === set) this.#byCategory.delete(key)
    }
  }

  /** Ends every listener; what still waits for one is dropped. */
  close(): void {
    for (const set of this.#byCategory.values()) for (const observer of set) observer.end()
    this.#byCategory.clear()
    for (const ended of this.#ended) ended()
    this.#ended.clear()
  }

  /** Calls back when all listeners end; gives what takes that back. */
  onClose(ended: () => void): () => void {
    this.#ended.add(ended)
    return () => this.#ended.delete(ended)
  }

  /** Tells all concerned; returns at once. */
  tell(steps: readonly CategoryStep[], origin: ChangeOrigin): void {
    for (const step of steps) {
      for (const key of [nameOf(step), undefined]) {
        for (const observer of this.#byCategory.get(key) ?? []) {
          if (isConcerned(observer.scope, step)) observer.take({ step, origin })
        }
      }
    }
  }
}
