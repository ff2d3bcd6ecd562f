import { coreError, type Value } from '@backplane/core'
import { expect, test } from 'vitest'
import { streamWindow } from './protocol.ts'
import { ThreadCall } from './thread-call.ts'

function threadCall(lossy = false) {
  const posted: Value[] = []
  const call = new ThreadCall({
    name: 'f',
    params: {},
    deadline: 0,
    caller: { kind: 'local' },
    trace: undefined,
    lossy: () => lossy,
    post: (item) => posted.push(item),
  })
  return { call, posted }
}

test('items beyond the window wait for room, in order', async () => {
  const { call, posted } = threadCall()
  const sent: number[] = []
  const all = Array.from({ length: streamWindow + 3 }, (_, n) => call.send(n).then(() => sent.push(n)))
  await Promise.all(all.slice(0, streamWindow))
  expect(posted).toHaveLength(streamWindow)
  expect(sent).toHaveLength(streamWindow)
  call.credit(2)
  await Promise.all(all.slice(0, streamWindow + 2))
  expect(posted.at(-1)).toBe(streamWindow + 1)
  call.credit(5)
  await Promise.all(all)
  expect(posted).toEqual(Array.from({ length: streamWindow + 3 }, (_, n) => n))
})

test('progress is dropped where there is no room', async () => {
  const { call, posted } = threadCall(true)
  for (let n = 0; n < streamWindow + 3; n++) await call.send(n)
  expect(posted).toHaveLength(streamWindow)
})

test('when the caller goes, waiting and later items are refused and the signal aborts', async () => {
  const { call, posted } = threadCall()
  for (let n = 0; n < streamWindow; n++) await call.send(n)
  const waiting = call.send('late')
  const early = call.signal
  const reason = coreError('BP_TIMEOUT')
  call.cancel(reason)
  call.credit(10)
  await expect(waiting).rejects.toMatchObject({ code: 'BP_ABORTED' })
  await expect(call.send('later')).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
  expect(early.reason).toBe(reason)
  expect(posted).toHaveLength(streamWindow)

  const unseen = threadCall().call
  unseen.cancel(reason)
  expect(unseen.signal.aborted).toBe(true)
})
