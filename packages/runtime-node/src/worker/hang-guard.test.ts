import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { HangGuard } from './hang-guard.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function guard() {
  const init = { hangMs: 100, ping: vi.fn(), hung: vi.fn() }
  return { ...init, guard: new HangGuard(init) }
}

test('a thread that does not answer in time has hung; one ping is enough for many suspicions', () => {
  const { guard: subject, ping, hung } = guard()
  subject.check()
  vi.advanceTimersByTime(60)
  subject.check()
  vi.advanceTimersByTime(39)
  expect([ping.mock.calls.length, hung.mock.calls.length]).toEqual([1, 0])
  vi.advanceTimersByTime(2)
  expect(hung).toHaveBeenCalledOnce()
})

test('an answer clears it, also one that is read only after the time is over', () => {
  const { guard: subject, ping, hung } = guard()
  subject.check()
  subject.clear()
  vi.advanceTimersByTime(200)
  subject.check()
  // The timer has fired; the answer is read in the same turn, before the guard looks again.
  setTimeout(() => subject.clear(), 100)
  vi.advanceTimersByTime(200)
  expect([ping.mock.calls.length, hung.mock.calls.length]).toEqual([2, 0])
})

test('a time longer than a timer can take is long, not over at once', () => {
  const hung = vi.fn()
  const subject = new HangGuard({ hangMs: Number.POSITIVE_INFINITY, ping: vi.fn(), hung })
  subject.check()
  vi.advanceTimersByTime(86_400_000)
  expect(hung).not.toHaveBeenCalled()
  subject.clear()
})
