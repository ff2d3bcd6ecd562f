import { expect, test } from 'vitest'
import { systemClock } from '../clock.ts'
import { silentLogger } from '../contracts/logger.ts'
import type { Message } from '../contracts/transport.ts'
import { type MemoryTransportInit, manualClock, memoryNetwork, memoryTransport } from './index.ts'

const text = ({ payload }: Message) => new TextDecoder().decode(payload)
const bytes = (from: string) => new TextEncoder().encode(from)

/** A publisher with the knobs, and what a plain subscriber hears of it. */
async function pair(knobs: Omit<MemoryTransportInit, 'network'>, clock = systemClock, publishing = clock) {
  const network = memoryNetwork()
  const publisher = memoryTransport({ network, client: 'publisher', ...knobs })({
    clock: publishing,
    logger: silentLogger,
  })
  const subscriber = memoryTransport({ network, client: 'subscriber' })({ clock, logger: silentLogger })
  const heard: string[] = []
  await subscriber.connect()
  await subscriber.subscribe('x', (message) => void heard.push(text(message)))
  await subscriber.flush()
  return { network, publisher, subscriber, heard }
}

const say = async (publisher: Awaited<ReturnType<typeof pair>>['publisher'], count: number) => {
  for (let i = 0; i < count; i++) await publisher.publish('x', bytes(String(i)))
  await publisher.flush()
}

test('a message takes the time of its line, by the injected clock', async () => {
  const clock = manualClock()
  const { publisher, heard } = await pair({ latencyMs: 100 }, systemClock, clock)
  const connecting = publisher.connect()
  await clock.advance(100)
  await connecting
  await publisher.publish('x', bytes('slow'))
  await clock.advance(99)
  expect(heard).toEqual([])
  await clock.advance(1)
  expect(heard).toEqual(['slow'])
  expect(clock.pending).toBe(0)
})

test('jitter keeps the order, and one seed gives one run', async () => {
  const run = async (seed: number) => {
    const clock = manualClock()
    const { publisher, heard } = await pair({ latencyMs: 1, jitterMs: 50, seed }, systemClock, clock)
    const connecting = publisher.connect()
    await clock.advance(100)
    await connecting
    for (let i = 0; i < 20; i++) await publisher.publish('x', bytes(String(i)))
    const after: number[] = []
    for (let step = 0; step < 20; step++) {
      await clock.advance(5)
      after.push(heard.length)
    }
    expect(heard).toEqual(Array.from({ length: 20 }, (_, i) => String(i)))
    return after
  }
  const first = await run(7)
  expect(await run(7)).toEqual(first)
  expect(await run(8)).not.toEqual(first)
})

test('messages get lost by the drop rate, and what keeps the line going does not', async () => {
  const { publisher, heard } = await pair({ dropRate: 0.5, seed: 3 })
  await publisher.connect()
  await say(publisher, 200)
  expect(heard.length).toBeGreaterThan(60)
  expect(heard.length).toBeLessThan(140)
  expect(heard).toEqual([...heard].sort((a, b) => Number(a) - Number(b)))
})

test('messages arrive twice by the duplicate rate', async () => {
  const { publisher, heard } = await pair({ duplicateRate: 1 })
  await publisher.connect()
  await say(publisher, 3)
  expect(heard).toEqual(['0', '0', '1', '1', '2', '2'])
})

test('a request that is lost runs into its timeout', async () => {
  const clock = manualClock()
  const { publisher, subscriber } = await pair({ dropRate: 1 }, systemClock, clock)
  await publisher.connect()
  await subscriber.serve('y', () => bytes('never asked'))
  await subscriber.flush()
  const asked = publisher.request('y', bytes(''), { timeoutMs: 50 })
  asked.catch(() => {})
  await clock.advance(50)
  await expect(asked).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
})

test('a slow consumer handles a message each so many milliseconds', async () => {
  const clock = manualClock()
  const network = memoryNetwork()
  const slow = memoryTransport({ network, handleDelayMs: 10 })({ clock, logger: silentLogger })
  await slow.connect()
  const heard: string[] = []
  await slow.subscribe('x', (message) => void heard.push(text(message)))
  await say(slow, 3)
  expect(heard).toEqual([])
  await clock.advance(10)
  expect(heard).toEqual(['0'])
  await clock.advance(20)
  expect(heard).toEqual(['0', '1', '2'])
  await slow.publish('x', bytes('late'))
  await slow.flush()
  await slow.close()
  expect(clock.pending).toBe(0)
})

test('one line is cut and mended by name, the others hold', async () => {
  const { network, publisher, subscriber, heard } = await pair({})
  await publisher.connect()
  network.partition('publisher')
  await expect(publisher.publish('x', bytes('1'))).rejects.toMatchObject({ code: 'BP_DISCONNECTED' })
  expect(subscriber.status).toBe('connected')
  network.heal('publisher')
  await publisher.connect()
  await say(publisher, 1)
  expect(heard).toEqual(['0'])
})

test('a line that is cut again while it comes back stays cut', async () => {
  const clock = manualClock()
  const { network, publisher } = await pair({ latencyMs: 10 }, systemClock, clock)
  const connecting = publisher.connect()
  await clock.advance(10)
  await connecting
  network.partition('publisher')
  network.heal('publisher')
  const again = publisher.connect({ timeoutMs: 100 })
  again.catch(() => {})
  network.partition('publisher')
  await clock.advance(50)
  expect(publisher.status).toBe('disconnected')
  network.heal('publisher')
  await clock.advance(10)
  await again
  expect(publisher.status).toBe('connected')
})

test('an answer that is ready when the line is cut goes nowhere, also later', async () => {
  const clock = manualClock()
  const { network, publisher, subscriber } = await pair({}, systemClock, clock)
  await publisher.connect()
  const { promise: answer, resolve } = Promise.withResolvers<Uint8Array>()
  await subscriber.serve('y', () => answer)
  await subscriber.flush()
  const asked = publisher.request('y', bytes(''), { timeoutMs: 50 }).catch(({ code }) => code)
  await publisher.flush()
  network.partition('subscriber')
  resolve(bytes('late'))
  await answer
  network.heal('subscriber')
  await subscriber.connect()
  await subscriber.flush()
  await clock.advance(50)
  expect(await asked).toBe('BP_TIMEOUT')
})

test('a line that is cut while its client comes in ends the connecting', async () => {
  const network = memoryNetwork()
  const clock = manualClock()
  const client = memoryTransport({ network, latencyMs: 10 })({ clock, logger: silentLogger })
  const connecting = client.connect().catch(({ code }) => code)
  network.partition()
  await clock.advance(10)
  expect(await connecting).toBe('BP_CONNECT_FAILED')
  network.heal()
  const again = client.connect()
  await clock.advance(10)
  await again
  expect(client.status).toBe('connected')
})

test('two networks know nothing of each other', async () => {
  const one = await pair({})
  const two = await pair({})
  await one.publisher.connect()
  await say(one.publisher, 1)
  expect([one.heard, two.heard]).toEqual([['0'], []])
})
