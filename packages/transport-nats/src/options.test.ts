import { expect, test } from 'vitest'
import { settingsOf } from './options.ts'

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
