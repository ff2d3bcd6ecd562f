import fc from 'fast-check'
import { expect, test } from 'vitest'
import { reconnectDelay } from './reconnect-delay.ts'

test('waits longer after each failure, up to a bound, and leaves a share of it to chance', () => {
  const delays = { reconnectMinMs: 100, reconnectMaxMs: 1000, reconnectJitter: 0.5 }
  const waits = (random: number) => [1, 2, 3, 4, 5, 99].map((attempt) => reconnectDelay(delays, attempt, () => random))
  expect(waits(0)).toEqual([100, 200, 400, 800, 1000, 1000])
  expect(waits(1)).toEqual([50, 100, 200, 400, 500, 500])
})

test('the wait grows to its bound and never beyond it, however many tries there were', () => {
  const delays = { reconnectMinMs: 250, reconnectMaxMs: 10_000, reconnectJitter: 0.5 }
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, chance) => {
      const wait = reconnectDelay(delays, attempt, () => chance)
      const full = Math.min(10_000, 250 * 2 ** Math.min(attempt - 1, 30))
      expect(wait).toBeGreaterThanOrEqual(full / 2 - 1)
      expect(wait).toBeLessThanOrEqual(full)
    }),
  )
})
