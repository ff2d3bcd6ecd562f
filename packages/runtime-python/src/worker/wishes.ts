import type { Params, RuntimeContext, Value } from '@backplane/core'
import { coreError } from '@backplane/core'
import { toWire } from './protocol.ts'

/** Takes what a plugin pushes on a channel of its adapter, and answers it. */
export type PushHandler = (value: Value) => Value | undefined | Promise<Value | undefined>

/** What a plugin may say of a call that goes to the host. */
export interface WishOptions {
  readonly device?: string
  readonly timeout_ms?: number
}

/** Carries out what a plugin asks of its context, and tells it the outcome. */
export class Wishes {
  readonly #context: RuntimeContext
  readonly #post: (message: readonly unknown[]) => void
  readonly #invocations = new Map<number, AbortController>()
  readonly #handlers = new Map<string, PushHandler>()

  constructor(context: RuntimeContext, post: (message: readonly unknown[]) => void) {
    this.#context = context
    this.#post = post
  }

  /** Sets who takes a channel's values; gives what takes that back. */
  onPush(channel: string, handler: PushHandler): () => void {
    this.#handlers.set(channel, handler)
    return () => {
      if (this.#handlers.get(channel) === handler) this.#handlers.delete(channel)
    }
  }

  emit(id: number, event: string, payload: Params): void {
    this.#answer(id, async () => {
      await this.#context.emit(event, payload)
      return null
    })
  }

  invoke(id: number, name: string, params: Params, { device, timeout_ms }: WishOptions = {}): void {
    const controller = new AbortController()
    this.#invocations.set(id, controller)
    this.#answer(id, async () => {
      try {
        return await this.#context.invoke(name, params, {
          signal: controller.signal,
          ...(device === undefined ? {} : { device }),
          ...(timeout_ms === undefined ? {} : { timeoutMs: timeout_ms }),
        })
      } finally {
        this.#invocations.delete(id)
      }
    })
  }

  push(id: number, channel: string, value: Value): void {
    this.#answer(id, async () => {
      const handler = this.#handlers.get(channel)
      if (!handler) {
        const details = { what: `The channel '${channel}'`, reason: 'nobody takes it' }
        throw coreError('BP_INVALID_ARGUMENT', { details })
      }
      return (await handler(value)) ?? null
    })
  }

  cancel(id: number): void {
    this.#invocations.get(id)?.abort(coreError('BP_ABORTED'))
  }

  /** The process has ended: nobody waits for its calls any more. */
  abandon(): void {
    for (const controller of this.#invocations.values()) controller.abort(coreError('BP_ABORTED'))
    this.#invocations.clear()
    this.#handlers.clear()
  }

  #answer(id: number, work: () => Promise<Value>): void {
    work()
      .then((value) => this.#post(['answer', id, value]))
      .catch((error) => this.#post(['refuse', id, toWire(error)]))
      .catch(() => {})
  }
}
