import type { Internals } from './library-internals.ts'

/** What servers say of a subscription that is one too many; they do not say of which. */
export const subscriptionLimit = /maximum subscriptions exceeded|too many subscriptions|too many tokens/i

/**
 * Finds out which subscription a server has no room for. It says only that there is one; but it answers in order, so it
 * is one of those made before the oldest flush that is still open, and of these the last: there was room for those
 * before it.
 */
export class SubscriptionLimits {
  readonly #internals: Internals | undefined
  /**
   * All that the server has, as far as is known, in the order in which they were made; after a reconnect they are made
   * again.
   */
  readonly #watched = new Set<Watched>()
  #recent: Watched[] = []
  #batches: { readonly flushed: Promise<void>; readonly made: Watched[] }[] = []

  constructor(own: Internals | undefined) {
    this.#internals = own
    if (!own?.processError) return
    const processError = own.processError.bind(own)
    own.processError = (message) => {
      const text = new TextDecoder().decode(message).replace(/^'|'$/g, '')
      if (subscriptionLimit.test(text)) this.#refused(text)
      processError(message)
    }
  }

  /** Gives what forgets it again. */
  watch(refused: (reason: string) => void): () => void {
    const watched: Watched = { refused }
    this.#watched.add(watched)
    this.#recent.push(watched)
    return () => void this.#watched.delete(watched)
  }

  flushing(flushed: Promise<void>): void {
    if (this.#recent.length === 0) return
    const batch = { flushed, made: this.#recent }
    this.#recent = []
    this.#batches.push(batch)
    const over = () => {
      this.#batches = this.#batches.filter((other) => other !== batch)
    }
    flushed.then(over, over)
  }

  #refused(reason: string): void {
    const pongs = this.#internals?.pongs
    // A promise settles a little later than its PONG is read; the list of those who wait for one is exact.
    const open = this.#batches.find(({ flushed }) => !pongs || pongs.includes(flushed))
    const made = (open?.made ?? this.#recent).filter((one) => this.#watched.has(one))
    const last = made.at(-1) ?? [...this.#watched].at(-1)
    last?.refused(reason)
  }
}

interface Watched {
  readonly refused: (reason: string) => void
}
