import { coreError, type Value } from '@backplane/core'
import { expect, test } from 'vitest'
import { testCall } from '../../test/harness.ts'
import { HostCall } from './host-call.ts'
import { streamWindow } from './protocol.ts'

function hostCall(over: Parameters<typeof testCall>[2] = {}) {
  const line: unknown[] = []
  const call = testCall('f', {}, over)
  let exchange!: HostCall
  const answer = new Promise<Value>((resolve, reject) => {
    const { cancel, credit } = {
      cancel: (reason: Error & { code: string }) => line.push(['cancel', reason.code]),
      credit: (items: number) => line.push(['credit', items]),
    }
    exchange = new HostCall(call, { cancel, credit }, resolve, reject)
  })
  return { call, line, exchange, answer }
}

test('the answer comes after every item has been taken', async () => {
  const taken: Value[] = []
  const release: (() => void)[] = []
  const { exchange, answer } = hostCall({
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
  const { exchange, answer, call } = hostCall()
  exchange.item(1)
  exchange.fail(coreError('BP_PLUGIN_FAILED', { details: { reason: 'later' } }))
  await expect(answer).rejects.toMatchObject({ message: 'later' })
  expect(call.items).toEqual([1])
})

test('room is given back as items are taken', async () => {
  const { exchange, answer, line, call } = hostCall()
  for (let n = 0; n < streamWindow; n++) exchange.item(n)
  exchange.answer(null)
  await answer
  expect(call.items).toHaveLength(streamWindow)
  expect(line).toEqual([
    ['credit', streamWindow / 2],
    ['credit', streamWindow / 2],
  ])
})

test('when the caller goes, it has its answer at once, the thread is told once, and nothing more is taken', async () => {
  const controller = new AbortController()
  const { exchange, answer, line, call } = hostCall({ signal: controller.signal })
  controller.abort(coreError('BP_TIMEOUT'))
  await expect(answer).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
  exchange.item(1)
  exchange.answer(1)
  exchange.fail(coreError('BP_PLUGIN_EXITED'))
  await null
  expect(line).toEqual([['cancel', 'BP_TIMEOUT']])
  expect(call.items).toEqual([])
})

test('an item that is refused ends the call', async () => {
  const { exchange, answer, line } = hostCall({ send: () => Promise.reject(coreError('BP_ABORTED')) })
  exchange.item(1)
  exchange.answer('end')
  await expect(answer).rejects.toMatchObject({ code: 'BP_ABORTED' })
  expect(line).toEqual([['cancel', 'BP_ABORTED']])
})
