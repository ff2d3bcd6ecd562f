import fc from 'fast-check'
import { expect, it } from 'vitest'
import { defaultPolicy, RestartWindow } from './restart-policy.ts'

it('doubles the wait up to its limit', () => {
  const window = new RestartWindow({ ...defaultPolicy, intensity: 9, backoff_ms: 100, max_backoff_ms: 500 }, () => 1)
  expect([0, 1, 2, 3, 4].map(() => window.next(0))).toEqual([100, 200, 400, 500, 500])
})

it('draws the wait between half and the whole', () => {
  const wait = (random: number) => new RestartWindow({ ...defaultPolicy, backoff_ms: 100 }, () => random).next(0)
  expect([wait(0), wait(0.5), wait(1)]).toEqual([50, 75, 100])
})

it('never lets more restarts than its intensity into any period', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5 }), gaps, (intensity, falls) => {
      const policy = { ...defaultPolicy, intensity, period_ms: 5_000, backoff_ms: 100, max_backoff_ms: 800 }
      const window = new RestartWindow(policy, () => 0.5)
      const restarts: number[] = []
      let now = 0
      for (const gap of falls) {
        now += gap
        const wait = window.next(now)
        if (wait === undefined) return
        now += wait
        restarts.push(now)
        const within = restarts.filter((at) => at > now - policy.period_ms)
        expect(within.length).toBeLessThanOrEqual(intensity)
      }
    }),
    { numRuns: 10_000 },
  )
})
