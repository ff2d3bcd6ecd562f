import { expect, test } from 'vitest'
import type { RequestHandler } from '../contracts/transport.ts'
import { Answering, type RefusalKind, refusalError } from './answering.ts'

const bytes = (length: number) => new Uint8Array(length)
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** An {@link Answering} whose port writes down what goes back, behind who asked. */
function answering(handler: RequestHandler, { maxPending = 10, maxPayload = 10 } = {}) {
  const said: unknown[][] = []
  const told: unknown[] = []
  const served = new Answering<string>(handler, {
    replies: {
      maxPayload,
      answer: (reply, payload) => said.push([reply, payload.length]),
      refuse: (reply, kind, reason) => said.push([reply, kind, reason]),
      silent: (reply) => said.push([reply, 'silent']),
      unserved: (reply) => said.push([reply, 'unserved']),
    },
    maxPending,
    signal: new AbortController().signal,
    events: { dropped: (count) => told.push(count), failed: (thrown) => told.push((thrown as Error).message) },
  })
  return { served, said, told }
}

test.each<[string, RequestHandler, unknown[]]>([
  ['an answer', () => bytes(3), [3]],
  ['no answer', () => undefined, ['silent']],
  ['what it throws', () => Promise.reject(new Error('no')), ['failed', 'no']],
  ['too much', () => bytes(11), ['too-large', '11 10']],
  ['no bytes', () => 'text' as unknown as Uint8Array, ['failed', 'the handler gave something else than bytes']],
])('%s goes back to the one who asked, now or later', async (_, handler, expected) => {
  const { served, said, told } = answering(handler)
  served.push('a', bytes(1), 'now')
  await served.idle()
  const later = answering(async (request) => {
    await turn()
    return handler(request)
  })
  later.served.push('a', bytes(1), 'later')
  expect(later.said).toEqual([])
  await later.served.idle()
  expect([...said, ...later.said]).toEqual([
    ['now', ...expected],
    ['later', ...expected],
  ])
  expect([...told, ...later.told]).toEqual([])
})

test('a handler sees whether somebody waits; its answer to nobody goes nowhere, and its failure is told', async () => {
  const asked: boolean[] = []
  const { served, said, told } = answering(({ payload, expectsReply }) => {
    asked.push(expectsReply)
    if (payload.length > 0) throw new Error('no')
    return bytes(1)
  })
  served.push('a', bytes(0), undefined)
  served.push('a', bytes(1), undefined)
  served.push('a', bytes(0), 'b')
  expect(asked).toEqual([false, false, true])
  expect([said, told]).toEqual([[['b', 1]], ['no']])
})

test('what is over the bound is turned away and counted, and room comes back', async () => {
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const handler = async () => {
    await gate
    return bytes(1)
  }
  const { served, said, told } = answering(handler, { maxPending: 2 })
  for (const reply of ['1', '2', '3', undefined]) served.push('a', bytes(0), reply)
  expect(said).toEqual([['3', 'busy', 'more than 2 requests are under way']])
  await turn()
  expect(told).toEqual([2])
  open()
  await served.idle()
  served.push('a', bytes(0), '5')
  await served.idle()
  expect(said.slice(1).map(([reply]) => reply)).toEqual(['1', '2', '5'])
})

test('after close nobody is served, and what is under way may finish', async () => {
  const { served, said } = answering(async () => {
    await turn()
    return bytes(1)
  })
  served.push('a', bytes(0), '1')
  served.close()
  served.push('a', bytes(0), '2')
  served.push('a', bytes(0), undefined)
  expect(said).toEqual([['2', 'unserved']])
  await served.idle()
  expect(said).toEqual([
    ['2', 'unserved'],
    ['1', 1],
  ])
})

test('those who wait for a handler that is not waited for any longer are told so, and its answer goes nowhere', async () => {
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const { served, said, told } = answering(async ({ subject }) => {
    await gate
    if (subject === 'bad') throw new Error('no')
    return bytes(1)
  })
  served.push('a', bytes(0), '1')
  served.push('bad', bytes(0), '2')
  served.push('bad', bytes(0), undefined)
  served.close()
  served.cutOff()
  await served.idle()
  expect(said).toEqual([
    ['1', 'closing', 'whoever serves it is closing'],
    ['2', 'closing', 'whoever serves it is closing'],
  ])
  open()
  await turn()
  expect([said.length, told]).toEqual([2, []])
})

test('whoever asked has the error that the one who served has said', async () => {
  const { served, said } = answering(() => bytes(11))
  served.push('a', bytes(0), 'b')
  const [, kind, reason] = said[0] as [string, RefusalKind, string]
  const details = { bytes: 11, limit: 10 }
  expect(refusalError('a', kind, reason)).toMatchObject({ code: 'BP_PAYLOAD_TOO_LARGE', details })
  expect(refusalError('a', 'too-large', 'of another kind')).toMatchObject({ code: 'BP_REFUSED' })
  expect(refusalError('a', 'failed', '1 2')).toMatchObject({ code: 'BP_REFUSED', details: { reason: '1 2' } })
})
