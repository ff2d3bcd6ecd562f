import type { Clock, Timer } from '../contracts/clock.ts'
import type { Message } from '../contracts/transport.ts'
import { abortedBy } from '../deadline.ts'
import { type BackplaneError, coreError } from '../errors.ts'

/** One request that waits for its answer. */
export interface PendingRequest {
  readonly subject: string
  /** When it ends by itself, by the clock of the table. */
  readonly deadline: number
  readonly timeoutMs: number
  /** Gives the one who asked the answer. */
  settle(message: Message): void
  /** Gives the one who asked the error. */
  fail(error: BackplaneError): void
}

/**
 * Two looks at the deadlines are this far apart, at least: many requests share one timer, which is what makes them cheap.
 */
const stepMs = 5

/**
 * The requests under way, by a short id of their own; for a medium whose answers do not find their asker by themselves.
 *
 * One timer stands for all deadlines: it is armed for the earliest of them, so a steady flow of requests with the same
 * timeout sets it about once per timeout, not once per request.
 */
export class PendingRequests {
  readonly #clock: Clock
  readonly #requests = new Map<string, PendingRequest>()
  #timer: Timer | undefined
  #armedFor = Number.POSITIVE_INFINITY
  #next = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many wait. */
  get size(): number {
    return this.#requests.size
  }

  /** Enters a request; gives its id, and its answer as a promise. */
  open(subject: string, timeoutMs: number, signal: AbortSignal | undefined): { id: string; answer: Promise<Message> } {
    const id = (this.#next++).toString(36)
    const deadline = this.#clock.now() + timeoutMs
    const answer = new Promise<Message>((settle, fail) => {
      if (!signal) {
        this.#requests.set(id, { subject, deadline, timeoutMs, settle, fail })
        return
      }
      const abort = () => this.take(id)?.fail(abortedBy(signal))
      const forget = () => signal.removeEventListener('abort', abort)
      signal.addEventListener('abort', abort, { once: true })
      this.#requests.set(id, {
        subject,
        deadline,
        timeoutMs,
        settle: (message) => {
          forget()
          settle(message)
        },
        fail: (error) => {
          forget()
          fail(error)
        },
      })
    })
    if (deadline < this.#armedFor) this.#arm(deadline)
    return { id, answer }
  }

  /** Whether a request still waits. */
  has(id: string): boolean {
    return this.#requests.has(id)
  }

  /** Takes a request out, to be settled by whoever took it. */
  take(id: string): PendingRequest | undefined {
    const request = this.#requests.get(id)
    if (request) this.#requests.delete(id)
    return request
  }

  /** Fails every request that `which` picks. */
  failAll(
    error: (request: PendingRequest) => BackplaneError,
    which: (request: PendingRequest) => boolean = () => true,
  ): void {
    for (const [id, request] of [...this.#requests]) {
      if (!which(request)) continue
      this.#requests.delete(id)
      request.fail(error(request))
    }
  }

  /** Takes the timer down; requests that are still in are left as they are. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#armedFor = Number.POSITIVE_INFINITY
  }

  #arm(deadline: number): void {
    this.#timer?.cancel()
    this.#armedFor = deadline
    this.#timer = this.#clock.after(Math.max(stepMs, deadline - this.#clock.now()), () => this.#expire())
  }

  #expire(): void {
    this.#timer = undefined
    this.#armedFor = Number.POSITIVE_INFINITY
    const now = this.#clock.now()
    this.failAll(timedOut, (request) => request.deadline <= now)
    let earliest = Number.POSITIVE_INFINITY
    for (const { deadline } of this.#requests.values()) earliest = Math.min(earliest, deadline)
    if (earliest < this.#armedFor) this.#arm(earliest)
  }
}

function timedOut({ subject, timeoutMs }: PendingRequest): BackplaneError {
  return coreError('BP_TIMEOUT', { details: { what: `The request on '${subject}'`, timeoutMs } })
}
