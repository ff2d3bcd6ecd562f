import { attempt } from './attempt.ts'
import type { Logger } from './contracts/logger.ts'
import type { EventFilter } from './contracts/manifest.ts'
import type { Mesh } from './contracts/mesh.ts'
import type { IncomingEvent } from './contracts/runtime.ts'
import type { Subscription } from './contracts/transport.ts'
import { wildcard } from './wildcard.ts'

interface Interest {
  readonly filters: readonly EventFilter[]
  readonly deliver: (event: IncomingEvent) => void
}

/**
 * Brings events to the plugins that want them: this host's own directly, others' through one mesh subscription for each
 * distinct filter.
 */
export class EventHub {
  readonly #device: string
  readonly #logger: Logger
  readonly #interests = new Map<string, Interest>()
  readonly #remote = new Map<string, Promise<Subscription | undefined>>()
  #mesh: Mesh | undefined

  constructor(device: string, logger: Logger) {
    this.#device = device
    this.#logger = logger
  }

  /** Begins to hear other devices by a mesh; without one, stops hearing them. */
  attach(mesh?: Mesh): Promise<void> {
    this.#mesh = mesh
    return this.#reconcile()
  }

  /** Sets what one plugin wants; no filters: nothing any more. */
  set(plugin: string, filters: readonly EventFilter[], deliver: Interest['deliver']): void {
    if (filters.length === 0) this.#interests.delete(plugin)
    else this.#interests.set(plugin, { filters, deliver })
    void this.#reconcile()
  }

  /** Delivers an event, once to each plugin that wants it. */
  deliver(event: IncomingEvent): void {
    for (const { filters, deliver } of this.#interests.values()) {
      if (filters.some((filter) => matches(filter, event))) deliver(event)
    }
  }

  /**
   * Changes what is heard at once, then waits for the mesh: were there a wait between, one change would undo another.
   */
  async #reconcile(): Promise<void> {
    const wanted = new Map<string, EventFilter>()
    if (this.#mesh) {
      for (const { filters } of this.#interests.values()) {
        for (const filter of filters) if (filter.device !== this.#device) wanted.set(keyOf(filter), filter)
      }
    }
    const ending: Promise<void>[] = []
    for (const [key, subscription] of this.#remote) {
      if (wanted.has(key)) continue
      this.#remote.delete(key)
      ending.push(attempt(this.#logger, 'unsubscribing', async () => (await subscription)?.unsubscribe()))
    }
    for (const [key, filter] of wanted) {
      if (!this.#remote.has(key) && this.#mesh) this.#listen(this.#mesh, key, filter)
    }
    await Promise.all([...ending, ...this.#remote.values()])
  }

  #listen(mesh: Mesh, key: string, filter: EventFilter): void {
    const hear = (event: IncomingEvent) => {
      // One that is being ended may still hear, beside the one that has taken its place.
      if (this.#remote.get(key) !== subscription) return
      // Own events were delivered when they were emitted, and an event is delivered by its first matching filter only.
      if (event.device === this.#device || this.#first(event) !== key) return
      this.deliver(event)
    }
    const subscription = mesh.on(filter, hear).catch((error) => {
      if (this.#remote.get(key) === subscription) this.#remote.delete(key)
      this.#logger.warn({ error, filter }, 'could not subscribe to events')
      return undefined
    })
    this.#remote.set(key, subscription)
  }

  #first(event: IncomingEvent): string | undefined {
    for (const { filters } of this.#interests.values()) {
      for (const filter of filters) if (matches(filter, event)) return keyOf(filter)
    }
    return undefined
  }
}

function matches(filter: EventFilter, event: IncomingEvent): boolean {
  return wildcard(filter.device ?? '*', event.device) && wildcard(filter.event ?? '*', event.event)
}

function keyOf(filter: EventFilter): string {
  return `${filter.device ?? '*'} ${filter.event ?? '*'}`
}
