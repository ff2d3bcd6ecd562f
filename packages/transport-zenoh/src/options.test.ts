import { silentLogger, systemClock } from '@backplane/core'
import { expect, test } from 'vitest'
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
