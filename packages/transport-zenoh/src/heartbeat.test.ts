import { manualClock } from '@backplane/core/memory'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Heartbeat } from './heartbeat.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('silence is told no later than the rest and the patience together, and never while something comes', async () => {
  const gaps = fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(gaps, async (all) => {
      const clock = manualClock()
      let silentAt: number | undefined
      const heartbeat = new Heartbeat({
        clock,
        everyMs: 30,
        timeoutMs: 60,
        ask: () => {},
        silent: () => {
          silentAt = clock.now()
        },
      })
      let heardAt = clock.now()
      for (const gap of all) {
        for (let ms = 0; ms < gap && silentAt === undefined; ms++) {
          await clock.advance(1)
          await turn()
        }
        if (silentAt !== undefined) break
        heartbeat.heard()
        heardAt = clock.now()
      }
      for (let ms = 0; ms < 100 && silentAt === undefined; ms++) {
        await clock.advance(1)
        await turn()
      }
      expect(silentAt! - heardAt).toBeLessThanOrEqual(91)
      expect(silentAt! - heardAt).toBeGreaterThanOrEqual(60)
      heartbeat.stop()
      expect(clock.pending).toBe(0)
    }),
    { numRuns: 30 },
  )
})

test('an answer keeps it quiet, and after stop nothing is asked', async () => {
  const clock = manualClock()
  let asked = 0
  const heartbeat: Heartbeat = new Heartbeat({
    clock,
    everyMs: 30,
    timeoutMs: 60,
    ask: () => {
      asked++
      heartbeat.heard()
    },
    silent: () => expect.unreachable(),
  })
  for (let round = 0; round < 20; round++) {
    await clock.advance(45)
    await turn()
  }
  expect(asked).toBeGreaterThan(5)
  heartbeat.stop()
  const before = asked
  await clock.advance(500)
  await turn()
  expect(asked).toBe(before)
})
