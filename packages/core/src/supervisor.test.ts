import fc from 'fast-check'
import { expect, it } from 'vitest'
import { manualClock } from './memory/index.ts'
import { defaultPolicy, type Policy } from './restart-policy.ts'
import { Supervisor } from './supervisor.ts'

/** Lets it end at once again and again; gives the waits, up to where it is not brought back. */
async function waitsOf(policy: Partial<Policy>, random: number, gaps: readonly number[]) {
  const clock = manualClock()
  const supervisor = new Supervisor({ ...defaultPolicy, ...policy }, clock, () => random)
  const waits: number[] = []
  const restarts: number[] = []
  for (const gap of gaps) {
    await clock.advance(gap)
    const fell = clock.now()
    if (supervisor.revive(() => restarts.push(clock.now())) !== undefined) break
    waits.push(supervisor.restartAt! - fell)
    await clock.advance(supervisor.restartAt! - fell)
    supervisor.cancel()
  }
  expect(clock.pending).toBe(0)
  return { waits, restarts }
}

it('doubles the wait up to its limit', async () => {
  const { waits } = await waitsOf({ intensity: 9, backoff_ms: 100, max_backoff_ms: 500 }, 1, [0, 0, 0, 0, 0])
  expect(waits).toEqual([100, 200, 400, 500, 500])
})

it('draws the wait between half and the whole', async () => {
  const wait = async (random: number) => (await waitsOf({ backoff_ms: 100 }, random, [0])).waits[0]
  expect([await wait(0), await wait(0.5), await wait(1)]).toEqual([50, 75, 100])
})

it('takes back a restart that is due', async () => {
  const clock = manualClock()
  const supervisor = new Supervisor(defaultPolicy, clock, () => 1)
  supervisor.revive(() => expect.unreachable())
  supervisor.cancel()
  expect([supervisor.restartAt, clock.pending]).toEqual([undefined, 0])
})

it('never lets more restarts than its intensity into any period', async () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 5 }), gaps, async (intensity, falls) => {
      const policy = { intensity, period_ms: 5_000, backoff_ms: 100, max_backoff_ms: 800 }
      const { restarts } = await waitsOf(policy, 0.5, falls)
      for (const now of restarts) {
        const within = restarts.filter((at) => at <= now && at > now - policy.period_ms)
        expect(within.length).toBeLessThanOrEqual(intensity)
      }
    }),
    { numRuns: 2_000 },
  )
})
