import { abortedBy, coreError, type Value } from '@backplane/core'
import type { PythonSurface } from '../surface.ts'
import { type Reading, readingsIn } from './reading.ts'

interface Waiting {
  readonly readings: readonly Reading[]
  taken(): void
  left(): void
}

/**
 * Gives what a plugin hands over on its own initiative, batch by batch, from the first `next` on and instead of the
 * event `readings`. The plugin waits while nobody asks for more; leaving the loop gives the readings back to the event.
 */
export async function* ingested(
  surface: PythonSurface,
  signal?: AbortSignal,
): AsyncGenerator<readonly Reading[], void> {
  const waiting: Waiting[] = []
  let wake = () => {}
  const close = surface.onPush('readings', (value) => {
    return new Promise<Value>((resolve, reject) => {
      waiting.push({
        readings: readingsIn(value),
        taken: () => resolve(null),
        left: () => reject(coreError('BP_CLOSED', { details: { what: 'The stream of readings' } })),
      })
      wake()
    })
  })
  const aborted = () => wake()
  signal?.addEventListener('abort', aborted, { once: true })
  try {
    await surface.request('take', null, signal ? { signal } : {})
    while (true) {
      if (signal?.aborted) throw abortedBy(signal)
      const next = waiting.shift()
      if (next) {
        try {
          yield next.readings
        } finally {
          next.taken()
        }
        continue
      }
      await new Promise<void>((resolve) => {
        wake = resolve
        if (waiting.length > 0 || signal?.aborted) resolve()
      })
    }
  } finally {
    signal?.removeEventListener('abort', aborted)
    close()
    // What nobody saw becomes an event after all.
    for (const { left } of waiting) left()
    // The instance may have ended, and then there is nothing to give back.
    await surface.request('release').catch(() => {})
  }
}
