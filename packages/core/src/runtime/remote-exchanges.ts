import { contractError } from '../contract-errors.ts'
import type { Call } from '../contracts/call.ts'
import type { Value } from '../contracts/values.ts'
import { BackplaneError } from '../errors.ts'
import { untilAborted } from '../until-aborted.ts'
import { RemoteCall } from './remote-call.ts'
import type { RemoteErrors } from './remote-errors.ts'
import type { RemoteQuestion, RemoteQuestions } from './remote-line.ts'

/** What {@link RemoteExchanges} stands on. */
interface Parts {
  readonly errors: RemoteErrors
  readonly streamWindow: number
  now(): number
  post(message: readonly unknown[]): void
  /** An answer that nobody waits for any more is owed still. */
  owed(id: number, what: string, leftMs: number): void
}

interface Exchange {
  answer(value: Value): void
  fail(error: BackplaneError): void
}

type Answer<Q extends RemoteQuestion> = RemoteQuestions[Q]['answer']

/**
 * What the host has begun with a plugin elsewhere and has no answer to yet: calls of its functions, questions to
 * itself.
 */
export class RemoteExchanges {
  readonly #parts: Parts
  readonly #open = new Map<number, Exchange>()
  #lastId = 0
  #end: BackplaneError | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  // Written without `async`: this is the hot path of every call.
  call(call: Call): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#end) return reject(this.#end)
      const parts = this.#parts
      const { name, params, caller, trace, deadline } = call
      const id = ++this.#lastId
      const line = {
        window: parts.streamWindow,
        cancel: (reason: BackplaneError) => {
          // It has ended already, and only its items were still being taken; or it has not begun.
          if (!this.#open.delete(id)) return
          parts.post(['cancel', id, parts.errors.write(reason)])
          parts.owed(id, `a call of '${name}' went on past its deadline`, deadline - parts.now())
        },
        credit: (items: number) => parts.post(['credit', id, items]),
      }
      const exchange = new RemoteCall(call, line, resolve, reject)
      if (!exchange.open) return
      this.#open.set(id, exchange)
      const about = { left_ms: deadline - parts.now(), caller }
      try {
        parts.post(['call', id, name, params, trace ? { ...about, trace } : about])
      } catch (error) {
        this.#open.delete(id)
        exchange.fail(unsendable(error, `the parameters of '${name}'`))
      }
    })
  }

  /**
   * Asks; where `signal` aborts first, the answer is owed. `heard` takes the answer before anything that comes after
   * it.
   */
  async ask<Q extends RemoteQuestion>(
    question: Q,
    body: RemoteQuestions[Q]['ask'],
    { signal, heard }: { signal?: AbortSignal | undefined; heard?: (answer: Answer<Q>) => void } = {},
  ): Promise<Answer<Q>> {
    const id = ++this.#lastId
    const answer = new Promise<Answer<Q>>((resolve, reject) => {
      if (this.#end) return reject(this.#end)
      const answered = (value: Value) => {
        heard?.(value as Answer<Q>)
        resolve(value as Answer<Q>)
      }
      this.#open.set(id, { answer: answered, fail: reject })
      try {
        this.#parts.post(['ask', id, question, body])
      } catch (error) {
        this.#open.delete(id)
        reject(unsendable(error, `what '${question}' is given`))
      }
    })
    if (!signal) return answer
    try {
      return await untilAborted(answer, signal)
    } finally {
      if (signal.aborted && this.#open.delete(id)) this.#parts.owed(id, `it did not answer '${question}'`, 0)
    }
  }

  result(id: number, value: Value): void {
    this.#take(id)?.answer(value)
  }

  error(id: number, told: unknown): void {
    this.#take(id)?.fail(this.#parts.errors.read(told))
  }

  item(id: number, item: Value): void {
    const exchange = this.#open.get(id)
    if (exchange instanceof RemoteCall) exchange.item(item)
  }

  /** Ends all of them, and those that would come. */
  end(error: BackplaneError): void {
    this.#end = error
    for (const exchange of this.#open.values()) exchange.fail(error)
    this.#open.clear()
  }

  #take(id: number): Exchange | undefined {
    const exchange = this.#open.get(id)
    if (exchange) this.#open.delete(id)
    return exchange
  }
}

/** The error of what a line cannot carry, by what it is. */
export function unsendable(thrown: unknown, what: string): BackplaneError {
  const error = BackplaneError.from(thrown)
  if (error.code !== 'BP_PAYLOAD_TOO_LARGE') return error
  return contractError('BP_PAYLOAD_TOO_LARGE', {
    details: { ...error.details, what },
    message: `${what} is too large: ${error.message}`,
    cause: error,
  })
}
