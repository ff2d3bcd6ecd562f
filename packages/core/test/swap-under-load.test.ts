import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createHost } from '../src/index.ts'
import { type FakePlugin, fakeRuntime } from './fake-runtime.ts'

/** Answers late and out of order, and hands its count over, so a lost or doubled call would show in the sum. */
const counter = (): FakePlugin => {
  let count = 0
  return {
    setup: (_, state) => {
      count = (state as number | undefined) ?? 0
    },
    functions: {
      add: async () => {
        await turn()
        return ++count
      },
      total: () => count,
    },
    handOver: () => count,
  }
}

it('loses and doubles no call in 1,000 swaps under load, and leaves the neighbour alone', async () => {
  await using host = createHost({ identity: { deviceId: 'h' }, runtimes: [fakeRuntime()] })
  await host.load({ manifest: { id: 'busy' }, module: counter })
  await host.load({ manifest: { id: 'neighbour' }, module: { functions: { still: () => 'here' } } })
  const neighbour = host.plugin('neighbour')

  let swapping = true
  let answered = 0
  const caller = async () => {
    while (swapping) {
      await host.call('add')
      answered++
    }
  }
  const callers = Array.from({ length: 16 }, caller)
  for (let swap = 0; swap < 1_000; swap++) {
    await host.reload('busy')
    await turn()
  }
  swapping = false
  await Promise.all(callers)

  expect(await host.call('total')).toBe(answered)
  expect(answered).toBeGreaterThan(1_000)
  expect(host.plugin('busy')).toMatchObject({ generation: 1_001, restarts: 0 })
  expect(host.plugin('neighbour')).toEqual(neighbour)
}, 60_000)
