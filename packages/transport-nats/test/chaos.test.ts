/** Servers that come and go under load, and servers that talk nonsense. */
import type { Socket } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytes, echo, echoLoad, eventOf, text, until } from '../../core/test/transports.ts'
import { startBroker } from '../../nats-broker/test/support.ts'
import { connected, fakeServer } from './support.ts'

test('under load, every request through ten restarts ends, and rightly', { timeout: 60_000 }, async () => {
  let broker = await startBroker()
  const { port, url } = broker
  await using serving = await connected(url)
  await using asking = await connected(url)
  await serving.serve('echo', echo)
  const load = echoLoad(asking, 16, () => 'echo')
  for (let round = 0; round < 10; round++) {
    const { answered } = load
    const back = Promise.all([eventOf(asking, 'connected'), eventOf(serving, 'connected')])
    await until(() => load.answered > answered + 50)
    await broker.close({ graceMs: round % 2 === 0 ? 0 : 50 })
    broker = await startBroker({ port })
    await back
  }
  await until(() => asking.status === 'connected' && serving.status === 'connected')
  expect(text((await asking.request('echo', bytes('still here'))).payload)).toBe('still here')
  // The server goes between question and answer: the answer is lost with a connection, or the one who would give it.
  expect((await load.stop()).filter((outcome) => !expectedOutcomes.includes(outcome))).toEqual([])
  await broker.close()
})

const expectedOutcomes = ['answered', 'BP_DISCONNECTED', 'BP_NO_RESPONDER', 'BP_TIMEOUT']

const frame = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((random) => Buffer.from(random)),
  fc
    .constantFrom(
      'MSG a 1 5\r\nhello\r\n',
      'MSG\r\n',
      'MSG a b c d e f\r\n',
      'MSG a 99 99999999999\r\n',
      'HMSG a 1 12 10\r\n',
      'HMSG a 1 30 30\r\nNATS/1.0 abc\r\nx\r\n\r\n\r\n',
      'INFO {"broken\r\n',
      'INFO null\r\n',
      '-ERR \'Permissions Violation for Publish to "x"\'\r\n',
      '-ERR\r\n',
      'PONG\r\nPONG\r\nPONG\r\n',
      'PING\r\n',
      '+OK\r\n',
    )
    .map((line) => Buffer.from(line)),
)

test('whatever a server says, the transport survives it and comes back', { timeout: 60_000 }, async () => {
  const info = `INFO ${JSON.stringify({ server_id: 'x', version: '2.12.0', proto: 1, headers: true, max_payload: 1e6 })}\r\n`
  let live: Socket | undefined
  await using server = await fakeServer((socket) => {
    socket.write(info)
    socket.on('data', (chunk) => {
      socket.write('PONG\r\n'.repeat(chunk.toString('latin1').split('PING\r\n').length - 1))
      live = socket
    })
  })
  await using transport = await connected(server.url)
  await transport.subscribe('a', () => {})
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 8 }), async (frames) => {
      await until(() => transport.status === 'connected')
      const pending = transport.request('x', bytes('?'), { timeoutMs: 60_000 }).catch((error) => error)
      const lost = eventOf(transport, 'disconnected')
      for (const one of frames) live?.write(one)
      live?.end()
      expect((await pending).code).toMatch(/^BP_(DISCONNECTED|REFUSED)$/)
      await lost
      await until(() => transport.status === 'connected')
      await transport.flush()
    }),
    { numRuns: 60 },
  )
})
