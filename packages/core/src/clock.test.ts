import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { systemClock } from './clock.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('waits as long as it is told, also longer than one timer of the platform can', () => {
  const run = vi.fn()
  systemClock.after(2 ** 32, run)
  vi.advanceTimersByTime(2 ** 32 - 1)
  expect(run).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(run).toHaveBeenCalledTimes(1)
})

it('never runs what is due at no time, and cancels any wait', () => {
  const run = vi.fn()
  const endless = systemClock.after(Number.POSITIVE_INFINITY, run)
  const long = systemClock.after(2 ** 32, run)
  vi.advanceTimersByTime(2 ** 31 + 5)
  long.cancel()
  endless.cancel()
  vi.advanceTimersByTime(2 ** 33)
  expect(run).not.toHaveBeenCalled()
})
