import { expect, test } from 'vitest'
import type { Call } from '../contracts/call.ts'
import type { Value } from '../contracts/values.ts'
import { type BackplaneError, coreError } from '../errors.ts'
import { RemoteCall } from './remote-call.ts'

const window = 16

function testCall(over: Partial<Call>): Call & { readonly items: Value[] } {
  const items: Value[] = []
  const call = {
    name: 'f',
    params: {},
    signal: new AbortController().signal,
    deadline: Date.now() + 10_000,
    caller: { kind: 'local' },
    send: async (item: Value) => void items.push(item),
    items,
  } as const
  // What is computed stays so.
  return Object.defineProperties(call, Object.getOwnPropertyDescriptors(over))
}

function remoteCall(over: Partial<Call> = {}) {
  const line: unknown[] = []
  const call = testCall(over)
  let exchange!: RemoteCall
  const answer = new Promise<Value>((resolve, reject) => {
    const { cancel, credit } = {
      cancel: (reason: Error & { code: string }) => line.push(['cancel', reason.code]),
      credit: (items: number) => line.push(['credit', items]),
    }
    exchange = new RemoteCall(call, { window, cancel, credit }, resolve, reject)
  })
  return { call, line, exchange, answer }
}

test('the answer comes after every item has been taken', async () => {
  const taken: Value[] = []
  const release: (() => void)[] = []
  const { exchange, answer } = remoteCall({
    send(item) {
      taken.push(item)
      return new Promise((resolve) => release.push(resolve))
    },
  })
  let answered = false
  void answer.then(() => {
    answered = true
  })
  exchange.item(1)
  exchange.item(2)
  exchange.answer('end')
  while (release.length < 1) await null
  expect(taken).toEqual([1])
  release[0]?.()
  while (release.length < 2) await null
  expect([taken, answered]).toEqual([[1, 2], false])
  release[1]?.()
  expect(await answer).toBe('end')
})

test('an error comes after the items before it', async () => {
  const { exchange, answer, call } = remoteCall()
  exchange.item(1)
  exchange.fail(coreError('BP_PLUGIN_FAILED', { details: { reason: 'later' } }))
  await expect(answer).rejects.toMatchObject({ message: 'later' })
  expect(call.items).toEqual([1])
})

test('room is given back as items are taken', async () => {
  const { exchange, answer, line, call } = remoteCall()
  for (let n = 0; n < window; n++) exchange.item(n)
  exchange.answer(null)
  await answer
  expect(call.items).toHaveLength(window)
  expect(line).toEqual([
    ['credit', window / 2],
    ['credit', window / 2],
  ])
})

test('when the caller goes, it has its answer at once, the other side is told once, and nothing more is taken', async () => {
  const controller = new AbortController()
  const { exchange, answer, line, call } = remoteCall({ signal: controller.signal })
  controller.abort(coreError('BP_TIMEOUT'))
  await expect(answer).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
  exchange.item(1)
  exchange.answer(1)
  exchange.fail(coreError('BP_PLUGIN_EXITED'))
  await null
  expect(line).toEqual([['cancel', 'BP_TIMEOUT']])
  expect(call.items).toEqual([])
})

test('a call that nobody waits for any more ends at once', async () => {
  const { answer, line } = remoteCall({ signal: AbortSignal.abort(coreError('BP_TIMEOUT')) })
  await expect(answer).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
  expect(line).toEqual([['cancel', 'BP_TIMEOUT']])
})

test('a call that tells its end by itself needs no signal', async () => {
  let tell!: (reason: BackplaneError) => void
  const call = {
    get signal(): AbortSignal {
      throw new Error('nobody needs it')
    },
    onAbandoned: (listener: typeof tell) => {
      tell = listener
    },
  }
  const { answer, line, exchange } = remoteCall(call)
  tell(coreError('BP_TIMEOUT'))
  await expect(answer).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
  expect([line, exchange.open]).toEqual([[['cancel', 'BP_TIMEOUT']], false])
})

test('an item that is refused ends the call with the reason', async () => {
  const { exchange, answer, line } = remoteCall({ send: () => Promise.reject(coreError('BP_STREAM_LIMIT')) })
  exchange.item(1)
  exchange.answer('end')
  await expect(answer).rejects.toMatchObject({ code: 'BP_STREAM_LIMIT' })
  expect(line).toEqual([['cancel', 'BP_STREAM_LIMIT']])
})

test('an item for a caller who has gone ends the call', async () => {
  const { exchange, answer, line } = remoteCall({ send: () => Promise.reject(coreError('BP_ABORTED')) })
  exchange.item(1)
  exchange.answer('end')
  await expect(answer).rejects.toMatchObject({ code: 'BP_ABORTED' })
  expect(line).toEqual([['cancel', 'BP_ABORTED']])
})
