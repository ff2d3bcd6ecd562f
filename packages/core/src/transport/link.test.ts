import { expect, test, vi } from 'vitest'
import { contractError } from '../contract-errors.ts'
import { silentLogger } from '../contracts/logger.ts'
import type { TransportEvent } from '../contracts/transport.ts'
import { manualClock } from '../memory/index.ts'
import { type Connector, Link } from './link.ts'

interface Line {
  readonly number: number
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const rejection = (work: Promise<unknown>) =>
  work.then(
    () => 'resolved',
    (error) => error.code as string,
  )

/** A link to a place that opens when it is told to. */
function bench() {
  const clock = manualClock()
  const ended: (number | undefined)[] = []
  const opened: AbortSignal[] = []
  const lost: string[] = []
  let settle: { up(): void; fail(): void } | undefined
  const connector: Connector<Line> = {
    name: 'Test',
    address: 'test:here',
    open: (link, _timeoutMs, signal) =>
      new Promise((resolve, reject) => {
        opened.push(signal)
        signal.addEventListener('abort', () => reject(signal.reason))
        settle = {
          up: () => {
            link.up({ number: opened.length })
            resolve()
          },
          fail: () => reject(contractError('BP_CONNECT_FAILED')),
        }
      }),
    end: async (line) => void ended.push(line?.number),
  }
  const logger = { ...silentLogger, error: vi.fn(), warn: vi.fn() }
  const link = new Link<Line>(() => connector, {
    clock,
    logger,
    lost: ({ code }) => lost.push(code),
    attach: async () => {},
    forbidden: () => {},
    quiet: async () => {},
  })
  const events: string[] = []
  link.onStatus((event) => events.push(event.type))
  const connected = async () => {
    const connecting = link.connect()
    settle!.up()
    await connecting
  }
  return { clock, link, events, ended, opened, lost, logger, connected, settle: () => settle! }
}

test('is connected once, for all who ask at a time', async () => {
  const { link, events, opened, settle } = bench()
  expect(() => link.live()).toThrow(expect.objectContaining({ code: 'BP_DISCONNECTED' }))
  const all = [link.connect(), link.connect()]
  expect(link.status).toBe('connecting')
  settle().up()
  await Promise.all([...all, link.connect()])
  expect([link.status, link.live().number, opened.length, events]).toEqual(['connected', 1, 1, ['connected']])
})

test('an attempt ends with its last waiter, and another may follow', async () => {
  const { clock, link, opened, connected } = bench()
  const controller = new AbortController()
  const given = link.connect({ signal: controller.signal })
  const patient = link.connect({ timeoutMs: 50 })
  controller.abort()
  expect(await rejection(given)).toBe('BP_ABORTED')
  expect([link.status, opened[0]?.aborted]).toEqual(['connecting', false])
  await clock.advance(50)
  expect(await rejection(patient)).toBe('BP_TIMEOUT')
  expect([link.status, opened[0]?.aborted]).toEqual(['idle', true])
  await connected()
  expect([link.live().number, clock.pending]).toEqual([2, 0])
})

test('an attempt that fails fails all who wait, and leaves it as it was', async () => {
  const { link, events, settle } = bench()
  const all = [link.connect(), link.connect()].map(rejection)
  settle().fail()
  expect(await Promise.all(all)).toEqual(['BP_CONNECT_FAILED', 'BP_CONNECT_FAILED'])
  expect([link.status, events]).toEqual(['idle', []])
})

test('a lost connection is waited for while it is brought back, and made anew once that is given up', async () => {
  const { clock, link, events, lost, opened, connected, settle } = bench()
  await connected()
  link.lost('the line was cut')
  link.lost('told twice')
  expect([link.status, link.current, lost]).toEqual(['disconnected', undefined, ['BP_DISCONNECTED']])
  const waiting = link.connect()
  expect(await rejection(link.connect({ signal: AbortSignal.timeout(0) }))).toBe('BP_ABORTED')
  link.up({ number: 7 })
  await waiting
  expect([opened.length, link.live().number]).toEqual([1, 7])
  link.lost()
  link.gaveUp()
  const anew = link.connect()
  settle().up()
  await anew
  expect([opened.length, link.live().number]).toEqual([2, 2])
  expect(events).toEqual(['connected', 'disconnected', 'connected', 'disconnected', 'connected'])
  expect(clock.pending).toBe(0)
})

test('what is done with a connection fails by its own error, or by that of the link where it has gone', async () => {
  const { clock, link, connected } = bench()
  expect(await rejection(link.use(async () => {}, 'It'))).toBe('BP_DISCONNECTED')
  await connected()
  expect(await rejection(link.use(async () => {}, 'It'))).toBe('resolved')
  expect(await rejection(link.use(() => Promise.reject(contractError('BP_REFUSED')), 'It'))).toBe('BP_REFUSED')
  const late = rejection(link.use(() => new Promise(() => {}), 'It', { timeoutMs: 10 }))
  await clock.advance(10)
  expect(await late).toBe('BP_TIMEOUT')
  let fail = (_: unknown) => {}
  const failing = () =>
    new Promise<void>((_, reject) => {
      fail = reject
    })
  const cut = rejection(link.use(failing, 'It'))
  link.lost()
  fail(contractError('BP_REFUSED'))
  expect(await cut).toBe('BP_DISCONNECTED')
  link.up({ number: 2 })
  const closed = rejection(link.use(failing, 'It'))
  const closing = link.close(async () => {})
  fail(contractError('BP_REFUSED'))
  expect(await closed).toBe('BP_CLOSED')
  await closing
})

test('closing drains the live connection, then ends it, then tells it, and everything rejects', async () => {
  const { link, events, ended, connected } = bench()
  await connected()
  let drained = () => {}
  const closing = link.close((line) => {
    expect(line).toBe(link.current)
    return new Promise((resolve) => {
      drained = resolve
    })
  })
  expect([link.status, link.lifetime.aborted]).toEqual(['closed', true])
  expect(await rejection(link.connect())).toBe('BP_CLOSED')
  expect(() => link.live()).toThrow(expect.objectContaining({ code: 'BP_CLOSED' }))
  link.lost('while it closes')
  await turn()
  expect([ended, events]).toEqual([[], ['connected']])
  drained()
  await closing
  expect([ended, events, link.current]).toEqual([[1], ['connected', 'closed'], undefined])
})

test.each(['connecting', 'coming back'])('closing while it is %s ends that, with nothing to drain', async (when) => {
  const { clock, link, ended, connected } = bench()
  if (when === 'coming back') {
    await connected()
    link.lost()
  }
  const waiting = rejection(link.connect())
  await link.close(() => Promise.reject(new Error('drained')))
  expect([await waiting, ended, clock.pending]).toEqual(['BP_CLOSED', [undefined], 0])
})

test('a listener that throws is logged, those beside it hear, and one that has left does not', () => {
  const { link, logger, events } = bench()
  const heard: TransportEvent[] = []
  const listener = (event: TransportEvent) => heard.push(event)
  link.onStatus(() => {
    throw new Error('mine')
  })
  const stop = link.onStatus(listener)
  link.onStatus(listener)
  stop()
  link.emit({ type: 'reconnecting' })
  expect([heard.length, events]).toEqual([1, ['reconnecting']])
  expect(logger.error).toHaveBeenCalledExactlyOnceWith({ reason: 'mine' }, 'Test status listener threw')
})

test('a handler that is behind or throws is told of, and one that throws is logged', () => {
  const { link, logger } = bench()
  const heard: TransportEvent[] = []
  link.onStatus((event) => heard.push(event))
  const { dropped, failed } = link.handlerEvents('a.*')
  dropped(3)
  failed(new Error('mine'))
  expect(heard).toEqual([
    { type: 'slow', subject: 'a.*', dropped: 3 },
    { type: 'error', error: expect.objectContaining({ code: expect.stringMatching(/^BP_/) }) },
  ])
  expect(logger.error).toHaveBeenCalledExactlyOnceWith({ pattern: 'a.*', reason: 'mine' }, 'Test handler failed')
})

test('a handler that throws at every message of a stranger does not drown the log, and every failure is told', async () => {
  const { link, logger, clock } = bench()
  let told = 0
  link.onStatus(() => {
    told++
    throw new Error('a listener that fails too')
  })
  const { failed } = link.handlerEvents('a.*')
  for (let n = 0; n < 1_000; n++) failed(new Error('mine'))
  expect(told).toBe(1_000)
  expect(logger.error.mock.calls.length).toBeLessThanOrEqual(5)
  await clock.advance(1_000)
  failed(new Error('mine'))
  expect(logger.warn).toHaveBeenCalledExactlyOnceWith({ dropped: 1_995 }, 'log records dropped')
})
