import {
  type BackplaneError,
  type Call,
  type Caller,
  coreError,
  type Params,
  type TraceContext,
  type Value,
} from '@backplane/core'
import { streamWindow } from './protocol.ts'

/** What a {@link ThreadCall} is made of. */
export interface ThreadCallInit {
  readonly name: string
  readonly params: Params
  readonly deadline: number
  readonly caller: Caller
  readonly trace: TraceContext | undefined
  /** Whether items may be dropped when there is no room. */
  lossy(): boolean
  /** Sends one item to the host; throws `BP_VALUE_INVALID` if it cannot cross. */
  post(item: Value): void
}

/** A call inside the plugin's thread: the likeness of the host's own. */
export class ThreadCall implements Call {
  readonly name: string
  readonly params: Params
  readonly deadline: number
  readonly caller: Caller
  readonly trace?: TraceContext
  readonly #init: ThreadCallInit
  #controller: AbortController | undefined
  #ended: BackplaneError | undefined
  #room = streamWindow
  #waiting: { item: Value; resolve: () => void; reject: (error: unknown) => void }[] = []

  constructor(init: ThreadCallInit) {
    this.name = init.name
    this.params = init.params
    this.deadline = init.deadline
    this.caller = init.caller
    if (init.trace) this.trace = init.trace
    this.#init = init
  }

  // Made on first use: most functions never look at it.
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#ended) this.#controller.abort(this.#ended)
    return this.#controller.signal
  }

  async send(item: Value): Promise<void> {
    if (this.#ended) throw this.#ended
    if (this.#room > 0) {
      this.#room--
      this.#init.post(item)
    } else if (!this.#init.lossy()) {
      await new Promise<void>((resolve, reject) => this.#waiting.push({ item, resolve, reject }))
    }
  }

  /** Makes room for more items. */
  credit(items: number): void {
    this.#room += items
    while (this.#room > 0) {
      const next = this.#waiting.shift()
      if (!next) return
      this.#room--
      try {
        this.#init.post(next.item)
        next.resolve()
      } catch (error) {
        next.reject(error)
      }
    }
  }

  /** The caller has gone. */
  cancel(reason: BackplaneError): void {
    this.#ended ??= reason
    this.#controller?.abort(this.#ended)
    const gone = coreError('BP_ABORTED', { cause: reason })
    for (const { reject } of this.#waiting.splice(0)) reject(gone)
  }
}
