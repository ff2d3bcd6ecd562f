import type { TraceContext } from '../contracts/call.ts'
import type { RuntimeContext } from '../contracts/runtime.ts'
import type { Params, Value } from '../contracts/values.ts'
import { coreError } from '../errors.ts'

/** Takes what a plugin pushes on a channel of its adapter, and answers it. */
export type PushHandler = (value: Value) => Value | undefined | Promise<Value | undefined>

/** What a plugin may say of a call that it makes. */
interface InvokeOptions {
  readonly device?: string
  readonly timeout_ms?: number
  readonly trace?: TraceContext
}

/** How a request is answered. */
interface Replies {
  answer(id: number, value: Value): void
  refuse(id: number, error: unknown): void
}

/** The requests of a plugin to its host: carries them out within the plugin's context, and tells the outcome. */
export class RemoteRequests {
  readonly #context: RuntimeContext
  readonly #replies: Replies
  readonly #invocations = new Map<number, AbortController>()
  readonly #handlers = new Map<string, PushHandler>()

  constructor(context: RuntimeContext, replies: Replies) {
    this.#context = context
    this.#replies = replies
  }

  /** Sets who takes a channel's values; gives a function that takes it back. */
  onPush(channel: string, handler: PushHandler): () => void {
    this.#handlers.set(channel, handler)
    return () => {
      if (this.#handlers.get(channel) === handler) this.#handlers.delete(channel)
    }
  }

  emit(id: number, event: string, payload: Params): void {
    this.#run(id, async () => {
      await this.#context.emit(event, payload)
      return null
    })
  }

  invoke(id: number, name: string, params: Params, { device, timeout_ms, trace }: InvokeOptions): void {
    const controller = new AbortController()
    this.#invocations.set(id, controller)
    this.#run(id, async () => {
      try {
        return await this.#context.invoke(name, params, {
          signal: controller.signal,
          device,
          timeoutMs: timeout_ms,
          trace,
        })
      } finally {
        this.#invocations.delete(id)
      }
    })
  }

  push(id: number, channel: string, value: Value): void {
    this.#run(id, async () => {
      const handler = this.#handlers.get(channel)
      if (!handler) {
        const details = { what: `The channel '${channel}'`, reason: 'nobody takes it' }
        throw coreError('BP_INVALID_ARGUMENT', { details })
      }
      return (await handler(value)) ?? null
    })
  }

  /** The plugin gives an `invoke` up. */
  cancel(id: number): void {
    this.#invocations.get(id)?.abort(coreError('BP_ABORTED'))
  }

  /** The plugin has ended: nobody waits for its calls any more. */
  abandon(): void {
    for (const controller of this.#invocations.values()) controller.abort(coreError('BP_ABORTED'))
    this.#invocations.clear()
    this.#handlers.clear()
  }

  #run(id: number, work: () => Promise<Value>): void {
    work().then(
      (value) => this.#replies.answer(id, value),
      (error) => this.#replies.refuse(id, error),
    )
  }
}
