import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { createHost } from './host.ts'
import { functionRuntime } from './memory/index.ts'

it('leaves no listeners on the signal of a call, however many items go by', async () => {
  await using host = createHost({ identity: { deviceId: 'one' }, runtimes: [functionRuntime()] })
  let most = 0
  await host.load({
    manifest: { id: 'p', runtime: 'function' },
    module: {
      functions: {
        count: {
          stream: 'items',
          run: async (_: unknown, call: { signal: AbortSignal; send(item: number): Promise<void> }) => {
            for (let item = 0; item < 500; item++) await call.send(item)
            most = getEventListeners(call.signal, 'abort').length
          },
        },
      },
    },
  })
  let items = 0
  for await (const _ of host.stream('count')) items++
  expect(items).toBe(500)
  expect(most).toBeLessThan(10)
})
