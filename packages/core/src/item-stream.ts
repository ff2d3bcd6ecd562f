import type { ItemSink } from './active-call.ts'
import type { Value } from './contracts/values.ts'
import { coreError } from './errors.ts'

/** How many items may wait for the consumer before the producer waits. */
const highWater = 16

/**
 * Turns a call that hands items to a sink into an async generator with back-pressure: the generator's return value is
 * the call's result, and leaving the loop cancels the call.
 */
export async function* itemStream(
  begin: (signal: AbortSignal, sink: ItemSink) => Promise<Value>,
  outer?: AbortSignal,
): AsyncGenerator<Value, Value, void> {
  const left = new AbortController()
  const items: Value[] = []
  let wakeConsumer = () => {}
  let wakeProducers: (() => void)[] = []
  const sink: ItemSink = (item, call) => {
    items.push(item)
    wakeConsumer()
    if (items.length < highWater) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const { signal } = call
      const abort = () => reject(signal.reason)
      wakeProducers.push(() => {
        signal.removeEventListener('abort', abort)
        resolve()
      })
      signal.addEventListener('abort', abort, { once: true })
    })
  }
  let over = false
  const answer = begin(outer ? AbortSignal.any([outer, left.signal]) : left.signal, sink).finally(() => {
    over = true
    wakeConsumer()
  })
  // Anyone who leaves the loop early is not told how the call ended.
  const settled = answer.catch(() => {})
  try {
    while (true) {
      while (items.length > 0) {
        const item = items.shift() as Value
        if (items.length < highWater / 2) {
          for (const wake of wakeProducers) wake()
          wakeProducers = []
        }
        yield item
      }
      if (over) return await answer
      await new Promise<void>((resolve) => {
        wakeConsumer = resolve
      })
    }
  } finally {
    if (!over) {
      left.abort(coreError('BP_ABORTED'))
      await settled
    }
  }
}
