import { ActiveCall, type ItemSink } from './active-call.ts'
import type { Caller, CallOptions } from './contracts/call.ts'
import type { Clock } from './contracts/clock.ts'
import type { Params, Value } from './contracts/values.ts'
import { DeadlineQueue } from './deadline.ts'
import { coreError } from './errors.ts'
import type { CapabilityRegistry } from './registry.ts'

/** How many items a caller who asks for one answer is given at most. */
const collectLimit = 10_000

/** Brings calls to functions: finds the way by name, sets the deadline, and gives the one answer. */
export class Dispatcher {
  readonly #registry: CapabilityRegistry
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #deadlines: DeadlineQueue<ActiveCall>

  constructor(registry: CapabilityRegistry, clock: Clock, timeoutMs: number) {
    this.#registry = registry
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#deadlines = new DeadlineQueue(clock)
  }

  /** Runs a call; items of a stream go to `sink`, or are gathered into an array where there is none. */
  dispatch(name: string, params: Params, caller: Caller, options: CallOptions, sink?: ItemSink): Promise<Value> {
    const route = this.#registry.resolve(name)
    if (!route) return Promise.reject(coreError('BP_FUNCTION_UNKNOWN', { details: { name } }))
    const { descriptor, limitMs = Number.POSITIVE_INFINITY } = route
    const timeoutMs = Math.min(limitMs, options.timeoutMs ?? descriptor.timeout_ms ?? this.#timeoutMs)
    if (Number.isNaN(timeoutMs)) {
      const details = { what: 'timeoutMs', reason: 'it is no number' }
      return Promise.reject(coreError('BP_INVALID_ARGUMENT', { details }))
    }
    const items: Value[] | undefined = sink === undefined && descriptor.stream === 'items' ? [] : undefined
    const call: ActiveCall = new ActiveCall({
      descriptor,
      params,
      caller,
      timeoutMs,
      now: this.#clock.now(),
      trace: options.trace,
      sink: items ? (item) => gather(items, item, call) : sink,
    })
    const answer: Promise<Value> = call.run(route.dispatch, this.#deadlines, options.signal)
    return items ? answer.then(() => items) : answer
  }

  /** Ends calls still under way: from here on nobody would watch their deadlines. */
  stop(): void {
    for (const call of this.#deadlines.clear()) call.fail(coreError('BP_CLOSED', { details: { what: 'The host' } }))
  }
}

async function gather(items: Value[], item: Value, call: ActiveCall): Promise<void> {
  if (items.push(item) <= collectLimit) return
  const error = coreError('BP_STREAM_LIMIT', { details: { name: call.name, limit: collectLimit } })
  call.fail(error)
  throw error
}
