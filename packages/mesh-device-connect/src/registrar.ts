import { BackplaneError, type Timer } from '@backplane/core'
import type { Link } from './link.ts'
import { Registry } from './registry.ts'

/** How long a registration may take (Device Connect's figure), and the waits between attempts. */
const attemptMs = 15_000
const firstRetryMs = 1_000
const lastRetryMs = 30_000
/**
 * Least time between two registrations: each makes the registry write its record and tell everybody `device/online`.
 */
const intervalMs = 1_000

/** What registering needs. */
export interface RegistrarInit {
  readonly link: Link
  /** The parameters of `registerDevice`, as JSON text, as they are now. */
  readonly registration: () => string
  /** The longest wait before the first attempt, so that a fleet that starts at once does not ask at once. */
  readonly jitterMs: number
  /** It stands in the registry now. */
  readonly onRegistered: () => void
  /** The registry does not want it as it is. Told once for each reason. */
  readonly onRefused: (error: BackplaneError) => void
}

/**
 * Keeps a device in the registry: registers it, again when what it offers has changed or the registry has lost it, and
 * tries until it succeeds. Nobody waits for it: changes are put together, and one attempt runs at a time.
 */
export class Registrar {
  readonly #init: RegistrarInit
  readonly #registry: Registry
  #timer: Timer | undefined
  #due = Number.POSITIVE_INFINITY
  #last = Number.NEGATIVE_INFINITY
  #retryMs = firstRetryMs
  #attempt: AbortController | undefined
  #isRunning = false
  #isStale = false
  #complaint = ''

  constructor(init: RegistrarInit) {
    this.#init = init
    this.#registry = new Registry(init.link)
  }

  /** Begins, or begins again after an outage. */
  start(): void {
    this.#attempt?.abort()
    this.#attempt = undefined
    this.#timer?.cancel()
    this.#due = Number.POSITIVE_INFINITY
    this.#isRunning = true
    this.#retryMs = firstRetryMs
    this.#at(this.#init.link.clock.now() + Math.random() * this.#init.jitterMs)
  }

  /** What is registered is no longer true, or no longer there. */
  changed(): void {
    if (!this.#isRunning) return
    this.#isStale = true
    // Before the first attempt its own time counts: the jitter is there to be waited for.
    if (!this.#attempt && this.#last > Number.NEGATIVE_INFINITY) this.#at(this.#last + intervalMs)
  }

  /** Ends; the registry forgets the device by itself when its time to live is over. */
  stop(): void {
    this.#isRunning = false
    this.#timer?.cancel()
    this.#attempt?.abort()
  }

  /** Registers at `time`, or sooner if that was meant already. */
  #at(time: number): void {
    if (time >= this.#due) return
    const { clock } = this.#init.link
    this.#timer?.cancel()
    this.#due = time
    this.#timer = clock.after(Math.max(0, time - clock.now()), () => void this.#register())
  }

  async #register(): Promise<void> {
    const { link, registration, onRegistered } = this.#init
    const attempt = new AbortController()
    this.#attempt = attempt
    this.#due = Number.POSITIVE_INFINITY
    this.#last = link.clock.now()
    this.#isStale = false
    let next = Number.POSITIVE_INFINITY
    try {
      const id = await this.#registry.register(registration(), { timeoutMs: attemptMs, signal: attempt.signal })
      if (attempt.signal.aborted) return
      link.logger.debug({ registration: id }, 'registered')
      this.#retryMs = firstRetryMs
      this.#complaint = ''
      onRegistered()
    } catch (thrown) {
      if (attempt.signal.aborted) return
      this.#complain(BackplaneError.from(thrown))
      next = link.clock.now() + this.#retryMs * (0.75 + Math.random() / 2)
      this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs)
    }
    this.#attempt = undefined
    if (this.#isStale) next = Math.min(next, this.#last + intervalMs)
    if (next < Number.POSITIVE_INFINITY) this.#at(next)
  }

  /** Each reason is said once: it is tried again and again. */
  #complain(error: BackplaneError): void {
    if (error.message === this.#complaint) return
    this.#complaint = error.message
    this.#init.link.logger.warn({ error }, 'not registered; it is tried again')
    if (error.code === 'BP_DEVICE_CONNECT_REGISTRY_REFUSED' || error.code === 'BP_PAYLOAD_TOO_LARGE') {
      this.#init.onRefused(error)
    }
  }
}
