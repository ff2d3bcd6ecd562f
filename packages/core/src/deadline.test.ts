import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DeadlineQueue, within } from './deadline.ts'
import { manualClock } from './memory/index.ts'

describe('DeadlineQueue', () => {
  it('expires each deadline once, never early, and at most 16 ms late', async () => {
    const step = fc.record({ afterMs: fc.integer({ min: 0, max: 4_000 }), removed: fc.boolean(), pauseMs: fc.nat(300) })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const clock = manualClock(7)
        const queue = new DeadlineQueue(clock)
        const expired: { deadline: number; at: number }[] = []
        let kept = 0
        for (const { afterMs, removed, pauseMs } of steps) {
          const deadline = clock.now() + afterMs
          const item = { deadline, expire: () => expired.push({ deadline, at: clock.now() }) }
          queue.add(item)
          if (removed) queue.remove(item)
          else kept++
          await clock.advance(pauseMs)
        }
        await clock.advance(10_000)
        expect(expired).toHaveLength(kept)
        for (const { deadline, at } of expired) {
          expect(at).toBeGreaterThanOrEqual(deadline)
          expect(at).toBeLessThanOrEqual(deadline + 16)
        }
        expect(clock.pending).toBe(0)
      }),
    )
  })

  it('keeps the earliest deadline in sight, also one that was beyond the longest step when it was added', async () => {
    const clock = manualClock(7)
    const queue = new DeadlineQueue(clock)
    const expired: number[] = []
    const add = (deadline: number) => queue.add({ deadline, expire: () => expired.push(deadline) })
    add(1025)
    add(993)
    await clock.advance(140)
    add(1009)
    await clock.advance(1009 - clock.now())
    expect(expired).toEqual([993])
    queue.clear()
  })

  it('holds a process open for a second at most once it is idle', async () => {
    const clock = manualClock()
    const queue = new DeadlineQueue(clock)
    const item = { deadline: 30_000, expire: () => {} }
    queue.add(item)
    queue.remove(item)
    await clock.advance(1_000)
    expect(clock.pending).toBe(0)
  })
})

describe('within', () => {
  it('gives the answer, the timeout or the abort, whichever is first, and leaves no timer', async () => {
    const clock = manualClock()
    const options = { clock, timeoutMs: 50, what: 'Waiting' }
    expect(await within(Promise.resolve(1), options)).toBe(1)
    const late = within(new Promise(() => {}), options)
    late.catch(() => {})
    await clock.advance(50)
    await expect(late).rejects.toMatchObject({ code: 'BP_TIMEOUT', message: 'Waiting did not finish within 50 ms.' })
    await expect(within(new Promise(() => {}), { ...options, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'BP_ABORTED',
    })
    expect(clock.pending).toBe(0)
  })
})
