import { silentLogger, systemClock } from '@backplane/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoff, settingsOf } from './options.ts'
import { zenohTransport } from './transport.ts'

test.each([
  [{ endpoint: 'tcp/127.0.0.1:7447' }, /endpoint/],
  [{ endpoint: 'http://127.0.0.1' }, /ws:\/\/host:port/],
  [{ endpoint: 'ws://user:secret@127.0.0.1' }, /no meaning/],
  [{ maxPayload: 1e9 }, /maxPayload/],
  [{ reconnectMinMs: 0 }, /reconnectMinMs/],
  [{ reconnectMinMs: 100, reconnectMaxMs: 50 }, /reconnectMaxMs/],
  [{ reconnectJitter: 2 }, /reconnectJitter/],
  [{ heartbeatMs: Number.NaN }, /heartbeatMs/],
  [{ congestion: 'wait' as 'drop' }, /congestion/],
])('%o is refused', (init, message) => {
  expect(() => zenohTransport(init)).toThrow(
    expect.objectContaining({ code: 'BP_INVALID_ARGUMENT', message: expect.stringMatching(message) }),
  )
})

test('what is undefined is left at its default', () => {
  const transport = zenohTransport({ endpoint: undefined as unknown as string })({
    logger: silentLogger,
    clock: systemClock,
  })
  expect(transport.address).toBe('ws://127.0.0.1:10000')
  expect(transport.maxPayload).toBe(8 * 1024 * 1024)
})

test('the wait between tries grows to its bound, never beyond it, and is never the same for all', () => {
  const settings = settingsOf({})
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, chance) => {
      const wait = backoff(settings, attempt, () => chance)
      const full = Math.min(10_000, 250 * 2 ** Math.min(attempt - 1, 30))
      expect(wait).toBeGreaterThanOrEqual(full / 2 - 1)
      expect(wait).toBeLessThanOrEqual(full)
    }),
  )
})
