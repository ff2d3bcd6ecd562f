import fc from 'fast-check'
import { expect, test } from 'vitest'
import { manualClock } from '../memory/index.ts'
import { type PendingRequest, PendingRequests } from './pending-requests.ts'

const nothing = new Uint8Array()
const outcome = (answer: Promise<unknown>) =>
  answer.then(
    () => 'answered',
    (error) => error.code as string,
  )

test('settles each request once, by its id, and forgets it', async () => {
  const requests = new PendingRequests(manualClock())
  const one = requests.open('a', 1000, undefined)
  const two = requests.open('b', 1000, undefined)
  requests.get(two.request.id)?.answer(nothing)
  expect([requests.get(two.request.id), two.request.waits, one.request.waits]).toEqual([undefined, false, true])
  two.request.unserved()
  expect(await two.answer).toEqual({ subject: 'b', payload: nothing })
  requests.failAll(() => new Error('gone') as never)
  await expect(one.answer).rejects.toThrow('gone')
  expect(requests.size).toBe(0)
})

test('whatever is told to a request becomes the error of its caller', async () => {
  const requests = new PendingRequests(manualClock())
  const code = async (tell: (request: PendingRequest) => void) => {
    const { request, answer } = requests.open('a', 1000, undefined)
    tell(request)
    return outcome(answer)
  }
  expect(await code((request) => request.unserved())).toBe('BP_NO_RESPONDER')
  expect(await code((request) => request.refuse('failed', 'no'))).toBe('BP_REFUSED')
  expect(await code((request) => request.refuse('too-large', '11 10'))).toBe('BP_PAYLOAD_TOO_LARGE')
  expect(requests.size).toBe(0)
})

test('one timer serves any number of requests, and it is taken down at the end', async () => {
  const clock = manualClock()
  const requests = new PendingRequests(clock)
  const outcomes = Array.from({ length: 1000 }, (_, i) => outcome(requests.open('a', 1000 + i, undefined).answer))
  expect(clock.pending).toBe(1)
  await clock.advance(2100)
  expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['BP_TIMEOUT']))
  expect(clock.pending).toBe(0)
  requests.open('a', 1000, undefined).answer.catch(() => {})
  requests.stop()
  expect(clock.pending).toBe(0)
})

test('no deadline comes early, none later than one step, whatever else is under way', async () => {
  const timeouts = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(timeouts, async (all) => {
      const clock = manualClock()
      const requests = new PendingRequests(clock)
      const ended = all.map(async (timeoutMs) => {
        await outcome(requests.open('a', timeoutMs, undefined).answer)
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

test('an aborted request ends, and leaves no listener on the signal of one that was answered', async () => {
  const requests = new PendingRequests(manualClock())
  const controller = new AbortController()
  const answered = requests.open('a', 1000, controller.signal)
  answered.request.answer(nothing)
  const aborted = requests.open('a', 1000, controller.signal)
  controller.abort()
  expect(await outcome(answered.answer)).toBe('answered')
  expect(await outcome(aborted.answer)).toBe('BP_ABORTED')
  expect(requests.size).toBe(0)
})
