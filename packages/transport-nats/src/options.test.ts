import { expect, test } from 'vitest'
import { backoff, settingsOf } from './options.ts'

test('waits longer after each failure, up to a bound, and leaves a share of it to chance', () => {
  const settings = settingsOf({ reconnectMinMs: 100, reconnectMaxMs: 1000, reconnectJitter: 0.5 })
  const waits = (random: number) => [1, 2, 3, 4, 5, 99].map((attempt) => backoff(settings, attempt, () => random))
  expect(waits(0)).toEqual([100, 200, 400, 800, 1000, 1000])
  expect(waits(1)).toEqual([50, 100, 200, 400, 500, 500])
})

test('refuses options that cannot be meant', () => {
  const wrong = [
    { reconnectMinMs: 0 },
    { reconnectMinMs: 500, reconnectMaxMs: 100 },
    { reconnectJitter: 2 },
    { pingIntervalMs: Number.NaN },
    { maxPingsOut: 0 },
    { name: 'a\r\nb' },
  ]
  for (const init of wrong) {
    expect(() => settingsOf(init), JSON.stringify(init)).toThrow(
      expect.objectContaining({ code: 'BP_INVALID_ARGUMENT' }),
    )
  }
  expect(() => settingsOf({ inboxPrefix: 'a.>' })).toThrow(expect.objectContaining({ code: 'BP_SUBJECT_INVALID' }))
})

test('an option set to undefined is one left out', () => {
  expect(settingsOf({ name: undefined as unknown as string }).name).toBe('backplane')
})
