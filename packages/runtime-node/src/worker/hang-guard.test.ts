import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { HangGuard } from './hang-guard.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function guard(hangMs = 100) {
  const ping = vi.fn(() => new Promise(() => {}))
  const hung = vi.fn()
  return { ping, hung, guard: new HangGuard(hangMs, { ping, kill: hung }) }
}

test('a thread that does not answer in time has hung; one ping is enough for many suspicions', () => {
  const { guard: subject, ping, hung } = guard()
  subject.suspect()
  vi.advanceTimersByTime(60)
  subject.suspect()
  vi.advanceTimersByTime(39)
  expect([ping.mock.calls.length, hung.mock.calls.length]).toEqual([1, 0])
  vi.advanceTimersByTime(2)
  expect(hung).toHaveBeenCalledOnce()
})

test('an answer clears it, also one that is read only after the time is over', () => {
  const { guard: subject, ping, hung } = guard()
  subject.suspect()
  subject.clear()
  vi.advanceTimersByTime(200)
  subject.suspect()
  // The timer has fired; the answer is read in the same turn, before the guard looks again.
  setTimeout(() => subject.clear(), 100)
  vi.advanceTimersByTime(200)
  expect([ping.mock.calls.length, hung.mock.calls.length]).toEqual([2, 0])
})

test('a time longer than a timer can take is long, not over at once', () => {
  const { guard: subject, hung } = guard(Number.POSITIVE_INFINITY)
  subject.suspect()
  vi.advanceTimersByTime(86_400_000)
  expect(hung).not.toHaveBeenCalled()
  subject.clear()
})
