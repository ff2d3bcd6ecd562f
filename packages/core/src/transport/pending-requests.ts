import { contractError } from '../contract-errors.ts'
import type { Clock, Timer } from '../contracts/clock.ts'
import type { Message } from '../contracts/transport.ts'
import { abortedBy } from '../deadline.ts'
import { type BackplaneError, coreError } from '../errors.ts'
import { type RefusalKind, refusalError } from './answering.ts'

/** One request that waits for its answer. It ends once: whatever is told to it afterwards does nothing. */
export interface PendingRequest {
  /** Names it among those of its table, in letters and digits; short. */
  readonly id: string
  readonly subject: string
  readonly timeoutMs: number
  /** Whether nothing has ended it yet. */
  readonly waits: boolean
  /** Gives the caller the answer; the bytes are the caller's to keep. */
  answer(payload: Uint8Array): void
  /** The serving side gives an error in place of an answer. */
  refuse(kind: RefusalKind, reason: string): void
  /** Nobody serves it. */
  unserved(): void
  /** Gives the caller this error. */
  fail(error: BackplaneError): void
}

/**
 * Two looks at the deadlines are this far apart, at least: many requests share one timer, which is what makes them
 * cheap.
 */
const stepMs = 5

type Table = Map<string, Waiting>

/**
 * The requests under way, by a short id of their own; for a medium whose answers do not find their asker by themselves.
 *
 * One timer stands for all deadlines: it is armed for the earliest of them, so a steady flow of requests with the same
 * timeout sets it about once per timeout, not once per request.
 */
export class PendingRequests {
  readonly #clock: Clock
  readonly #requests: Table = new Map()
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

  /** Enters a request; gives it, and its answer as a promise. */
  open(
    subject: string,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): { request: PendingRequest; answer: Promise<Message> } {
    const deadline = this.#clock.now() + timeoutMs
    const request = new Waiting(this.#requests, (this.#next++).toString(36), subject, timeoutMs, deadline)
    const answer = new Promise<Message>((resolve, reject) => request.begin(resolve, reject, signal))
    if (deadline < this.#armedFor) this.#arm(deadline)
    return { request, answer }
  }

  /** The request of that id, while it waits. */
  get(id: string): PendingRequest | undefined {
    return this.#requests.get(id)
  }

  /** Fails every request that `which` picks. */
  failAll(
    error: (request: PendingRequest) => BackplaneError,
    which: (request: PendingRequest) => boolean = () => true,
  ): void {
    for (const request of [...this.#requests.values()]) if (which(request)) request.fail(error(request))
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
    let earliest = Number.POSITIVE_INFINITY
    for (const request of [...this.#requests.values()]) {
      if (request.deadline <= now) request.fail(timedOut(request))
      else earliest = Math.min(earliest, request.deadline)
    }
    if (earliest < this.#armedFor) this.#arm(earliest)
  }
}

class Waiting implements PendingRequest {
  readonly id: string
  readonly subject: string
  readonly timeoutMs: number
  /** When it ends by itself, by the clock of the table. */
  readonly deadline: number
  readonly #table: Table
  #resolve!: (message: Message) => void
  #reject!: (error: BackplaneError) => void
  #signal: AbortSignal | undefined
  #abort: (() => void) | undefined

  constructor(table: Table, id: string, subject: string, timeoutMs: number, deadline: number) {
    this.#table = table
    this.id = id
    this.subject = subject
    this.timeoutMs = timeoutMs
    this.deadline = deadline
    table.set(id, this)
  }

  get waits(): boolean {
    return this.#table.has(this.id)
  }

  begin(
    resolve: (message: Message) => void,
    reject: (error: BackplaneError) => void,
    signal: AbortSignal | undefined,
  ): void {
    this.#resolve = resolve
    this.#reject = reject
    if (!signal) return
    this.#signal = signal
    this.#abort = () => this.fail(abortedBy(signal))
    signal.addEventListener('abort', this.#abort, { once: true })
  }

  answer(payload: Uint8Array): void {
    if (this.#leave()) this.#resolve({ subject: this.subject, payload })
  }

  refuse(kind: RefusalKind, reason: string): void {
    if (this.#leave()) this.#reject(refusalError(this.subject, kind, reason))
  }

  unserved(): void {
    // No error is made for one that has been answered: a medium may say this at the end of every request.
    if (this.#leave()) this.#reject(contractError('BP_NO_RESPONDER', { details: { subject: this.subject } }))
  }

  fail(error: BackplaneError): void {
    if (this.#leave()) this.#reject(error)
  }

  #leave(): boolean {
    if (!this.#table.delete(this.id)) return false
    if (this.#abort) this.#signal?.removeEventListener('abort', this.#abort)
    return true
  }
}

function timedOut({ subject, timeoutMs }: PendingRequest): BackplaneError {
  return coreError('BP_TIMEOUT', { details: { what: `The request on '${subject}'`, timeoutMs } })
}
