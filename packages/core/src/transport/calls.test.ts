import fc from 'fast-check'
import { expect, test } from 'vitest'
import { manualClock } from '../memory/index.ts'
import { CallTable } from './calls.ts'

const nothing = new Uint8Array()
const outcome = (answer: Promise<unknown>) =>
  answer.then(
    () => 'answered',
    (error) => error.code as string,
  )

test('settles each call once, by its id, and forgets it', async () => {
  const calls = new CallTable(manualClock())
  const one = calls.open('a', 1000, undefined)
  const two = calls.open('b', 1000, undefined)
  calls.take(two.id)?.settle({ subject: 'b', payload: nothing })
  expect(calls.take(two.id)).toBeUndefined()
  expect(await outcome(two.answer)).toBe('answered')
  calls.failAll(() => new Error('gone') as never)
  await expect(one.answer).rejects.toThrow('gone')
  expect(calls.size).toBe(0)
})

test('one timer serves any number of calls, and it is taken down at the end', async () => {
  const clock = manualClock()
  const calls = new CallTable(clock)
  const outcomes = Array.from({ length: 1000 }, (_, i) => outcome(calls.open('a', 1000 + i, undefined).answer))
  expect(clock.pending).toBe(1)
  await clock.advance(2100)
  expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['BP_TIMEOUT']))
  expect(clock.pending).toBe(0)
  calls.open('a', 1000, undefined).answer.catch(() => {})
  calls.stop()
  expect(clock.pending).toBe(0)
})

test('no deadline comes early, none later than one step, whatever else is under way', async () => {
  const timeouts = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(timeouts, async (all) => {
      const clock = manualClock()
      const calls = new CallTable(clock)
      const ended = all.map(async (timeoutMs) => {
        await outcome(calls.open('a', timeoutMs, undefined).answer)
        return clock.now() - timeoutMs
      })
      for (let i = 0; i < 310; i++) await clock.advance(1)
      for (const late of await Promise.all(ended)) {
        expect(late).toBeGreaterThanOrEqual(0)
        expect(late).toBeLessThanOrEqual(6)
      }
    }),
    { numRuns: 30 },
  )
})

test('an aborted call ends, and leaves no listener on the signal of one that was answered', async () => {
  const calls = new CallTable(manualClock())
  const controller = new AbortController()
  const answered = calls.open('a', 1000, controller.signal)
  calls.take(answered.id)?.settle({ subject: 'a', payload: nothing })
  const aborted = calls.open('a', 1000, controller.signal)
  controller.abort()
  expect(await outcome(answered.answer)).toBe('answered')
  expect(await outcome(aborted.answer)).toBe('BP_ABORTED')
  expect(calls.size).toBe(0)
})
