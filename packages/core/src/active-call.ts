import type { Call, Caller, TraceContext } from './contracts/call.ts'
import type { FunctionDescriptor } from './contracts/manifest.ts'
import type { Params, Value } from './contracts/values.ts'
import type { DeadlineQueue, Expiring } from './deadline.ts'
import { abortedBy } from './deadline.ts'
import { type BackplaneError, coreError } from './errors.ts'

/** Where the items of a streamed result go. */
export type ItemSink = (item: Value, call: Call) => Promise<void>

/** What a call is made of. */
export interface CallInit {
  readonly descriptor: FunctionDescriptor
  readonly params: Params
  readonly caller: Caller
  readonly timeoutMs: number
  readonly now: number
  readonly trace?: TraceContext | undefined
  readonly sink?: ItemSink | undefined
}

/**
 * One call under way. It settles exactly once: by its function's answer, its deadline, its caller's signal, or the end
 * of its plugin, whichever comes first.
 */
export class ActiveCall implements Call, Expiring {
  readonly name: string
  /** Interceptors may replace them on the way. */
  params: Params
  readonly deadline: number
  readonly caller: Caller
  trace?: TraceContext
  readonly timeoutMs: number
  readonly #sink: ItemSink | undefined
  #reject: ((error: BackplaneError) => void) | undefined
  #controller: AbortController | undefined
  #abandoned: ((reason: BackplaneError) => void) | undefined
  #ended: BackplaneError | undefined

  constructor(init: CallInit) {
    this.name = init.descriptor.name
    this.params = init.params
    this.caller = init.caller
    this.timeoutMs = init.timeoutMs
    this.deadline = init.now + init.timeoutMs
    if (init.trace) this.trace = init.trace
    this.#sink = init.sink
  }

  // An AbortController costs more than all the rest of a call, and most functions never look at it.
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#ended) this.#controller.abort(this.#ended)
    return this.#controller.signal
  }

  onAbandoned(listener: (reason: BackplaneError) => void): void {
    this.#abandoned = listener
    if (this.#ended) listener(this.#ended)
  }

  send(item: Value): Promise<void> {
    if (this.#ended) return Promise.reject(this.#ended)
    return this.#sink ? this.#sink(item, this) : Promise.resolve()
  }

  /** Ends the call with an error now; the function's own answer, if any still comes, is dropped. */
  fail(error: BackplaneError): void {
    if (this.#ended) return
    this.#ended = error
    this.#controller?.abort(error)
    this.#abandoned?.(error)
    this.#reject?.(error)
  }

  expire(): void {
    const what = `The call of '${this.name}'`
    this.fail(coreError('BP_TIMEOUT', { details: { what, timeoutMs: this.timeoutMs } }))
  }

  /** Runs it: gives `work`'s answer unless the call ends otherwise first. */
  run(work: (call: ActiveCall) => Promise<Value>, deadlines: DeadlineQueue, signal?: AbortSignal): Promise<Value> {
    if (signal?.aborted) return Promise.reject(abortedBy(signal))
    const abort = () => this.fail(abortedBy(signal))
    signal?.addEventListener('abort', abort)
    return new Promise<Value>((resolve, reject) => {
      this.#reject = reject
      deadlines.add(this)
      const end =
        <T>(settle: (outcome: T) => void) =>
        (outcome: T) => {
          deadlines.remove(this)
          signal?.removeEventListener('abort', abort)
          this.#ended ??= answered
          settle(outcome)
        }
      started(work, this).then(end(resolve), end(reject))
    })
  }
}

/** Runs the work; what throws instead of rejecting, or answers without a promise, is no different. */
export function started(work: (call: ActiveCall) => Promise<Value>, call: ActiveCall): Promise<Value> {
  try {
    return Promise.resolve(work(call))
  } catch (error) {
    return Promise.reject(error)
  }
}

/** Marks a call that has its answer: what is still sent goes nowhere. */
const answered = coreError('BP_ABORTED', { message: 'answered' })
