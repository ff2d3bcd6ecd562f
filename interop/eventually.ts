/** Waiting for what comes about by itself. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Looks until there is something; what throws meanwhile counts as nothing, and is told when nothing comes in time. */
export async function eventually<T>(look: () => Promise<T | undefined>, withinMs = 10_000): Promise<T> {
  const end = performance.now() + withinMs
  let reason: unknown = ''
  while (performance.now() < end) {
    try {
      const value = await look()
      if (value !== undefined) return value
    } catch (error) {
      reason = error
    }
    await sleep(50)
  }
  throw new Error(`it did not happen within ${withinMs} ms ${reason}`)
}
