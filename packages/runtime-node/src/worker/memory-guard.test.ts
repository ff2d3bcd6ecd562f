import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { MemoryGuard } from './memory-guard.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function guard() {
  const used = { mb: 10 }
  const init = { limitMb: 64, measure: async () => used.mb * 2 ** 20, collect: vi.fn(), exceeded: vi.fn() }
  return { ...init, used, guard: new MemoryGuard(init) }
}

test('garbage is collected rather than held against the plugin', async () => {
  const { guard: subject, used, collect, exceeded } = guard()
  for (let round = 1; round <= 3; round++) {
    used.mb = 100
    await vi.advanceTimersByTimeAsync(200)
    used.mb = 20
    await vi.advanceTimersByTimeAsync(1000)
    expect(collect).toHaveBeenCalledTimes(round)
  }
  expect(exceeded).not.toHaveBeenCalled()
  subject[Symbol.dispose]()
})

test('what stays over the limit is told once', async () => {
  const { used, collect, exceeded } = guard()
  used.mb = 100
  await vi.advanceTimersByTimeAsync(5000)
  expect(collect).toHaveBeenCalledOnce()
  expect(exceeded.mock.calls).toEqual([[100]])
  expect(vi.getTimerCount()).toBe(0)
})

test('what is so far over that it cannot be garbage is told at once', async () => {
  const { used, collect, exceeded } = guard()
  used.mb = 400
  await vi.advanceTimersByTimeAsync(100)
  expect(collect).not.toHaveBeenCalled()
  expect(exceeded.mock.calls).toEqual([[400]])
})

test('a thread that cannot be measured has ended; nothing is told after the end', async () => {
  const exceeded = vi.fn()
  const init = { limitMb: 1, measure: () => Promise.reject(new RangeError('gone')), collect: vi.fn(), exceeded }
  const subject = new MemoryGuard(init)
  await vi.advanceTimersByTimeAsync(1000)
  subject[Symbol.dispose]()
  expect(exceeded).not.toHaveBeenCalled()
  expect(vi.getTimerCount()).toBe(0)
})
