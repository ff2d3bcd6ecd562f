import type { ConfigEvent } from './event.ts'
import type { ListenerOptions, Observers } from './observers.ts'
import type { SubscriptionScope } from './scope.ts'

/**
 * Gives changes as an async iterator. Changes that come while the loop is busy wait; those of one category are joined,
 * so what waits is bounded by the number of categories (unless `coalesce` is off).
 */
export function watch(
  observers: Observers,
  scope: SubscriptionScope,
  options: ListenerOptions & { readonly signal?: AbortSignal },
): AsyncIterableIterator<ConfigEvent> {
  const { signal } = options
  const offers: ((result: IteratorResult<ConfigEvent>) => void)[] = []
  let taken: (() => void) | undefined
  let pending: ConfigEvent | undefined
  let ended = false
  const stop = observers.add(
    scope,
    (event) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      taken = resolve
      if (offers.length > 0) give(event)
      else pending = event
      return promise
    },
    options,
  )

  function give(event: ConfigEvent): void {
    offers.shift()?.({ value: event, done: false })
    taken?.()
    taken = undefined
  }

  function end(): void {
    if (ended) return
    ended = true
    stop()
    forget()
    signal?.removeEventListener('abort', end)
    taken?.()
    for (const offer of offers.splice(0)) offer({ value: undefined, done: true })
    pending = undefined
  }

  const forget = observers.onClose(end)
  signal?.addEventListener('abort', end)
  if (signal?.aborted) end()
  return {
    next() {
      if (ended) return Promise.resolve({ value: undefined, done: true })
      const { promise, resolve } = Promise.withResolvers<IteratorResult<ConfigEvent>>()
      offers.push(resolve)
      if (pending) {
        const event = pending
        pending = undefined
        give(event)
      }
      return promise
    },
    async return() {
      end()
      return { value: undefined, done: true }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
