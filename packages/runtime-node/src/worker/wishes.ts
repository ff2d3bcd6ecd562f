import type { Params, RuntimeContext, Value } from '@backplane/core'
import { type RemoteInvoke, type ToThread, toThread, toWire } from './protocol.ts'

/** Carries out what a plugin's thread asks of its context, and tells it the outcome. */
export class Wishes {
  readonly #context: RuntimeContext
  readonly #post: (message: ToThread) => void
  readonly #invocations = new Map<number, AbortController>()

  constructor(context: RuntimeContext, post: (message: ToThread) => void) {
    this.#context = context
    this.#post = post
  }

  emit(id: number, event: string, payload: Params | undefined): void {
    this.#answer(
      id,
      this.#attempt(async () => {
        await this.#context.emit(event, payload)
        return null
      }),
    )
  }

  invoke(id: number, name: string, params: Params | undefined, options: RemoteInvoke): void {
    const controller = new AbortController()
    this.#invocations.set(id, controller)
    const call = this.#attempt(() => this.#context.invoke(name, params, { ...options, signal: controller.signal }))
    this.#answer(
      id,
      call.finally(() => this.#invocations.delete(id)),
    )
  }

  cancel(id: number): void {
    this.#invocations.get(id)?.abort()
  }

  /** The thread has ended: nobody waits for its calls any more. */
  abandon(): void {
    for (const controller of this.#invocations.values()) controller.abort()
    this.#invocations.clear()
  }

  async #attempt(run: () => Promise<Value>): Promise<Value> {
    return run()
  }

  #answer(id: number, work: Promise<Value>): void {
    work
      .then((value) => this.#post([toThread.answer, id, value]))
      .catch((error) => this.#post([toThread.refuse, id, toWire(error)]))
  }
}
