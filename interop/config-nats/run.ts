import assert from 'node:assert/strict'
import { connect } from '@nats-io/transport-node'
import { configManager } from '@backplane/config-manager'
import { natsStore } from '@backplane/config-manager/nats'
import { configStoreCases } from '../../packages/config-manager/test/config-store-suite.ts'
import { interop } from '../harness.ts'

await interop('config-nats', async ({ check, natsServer }) => {
  await using server = await natsServer({ jetstream: true })
  const connection = await connect({ servers: server.url })
  try {
    for (const [index, { name, run }] of configStoreCases.entries()) {
      const bucket = `suite-${index}`
      await check(`NATS KV: ${name}`, () => run({ make: () => natsStore({ connection, bucket }), shared: true }))
    }

    await check('two hosts share configuration, and a change on one reaches the other', async () => {
      const items = { rate: { description: 'Readings a second', type: 'integer', default: '1', minimum: '1' } } as const
      await using here = configManager({ store: natsStore({ connection, bucket: 'shared' }) })()
      await using there = configManager({ store: natsStore({ connection, bucket: 'shared' }) })()
      await here.register('sine', items)
      await there.start()
      assert.deepEqual(there.values('sine'), { rate: 1 })
      const events = there.watch({ category: 'sine' })
      const changed = events.next()
      await here.update('sine', { rate: 9 })
      const event = (await changed).value
      assert.equal(event.remote, true)
      assert.deepEqual(event.new, { rate: 9 })
      await there.update('sine', { rate: 10 })
      await events.return?.()
    })
  } finally {
    await connection.close()
  }
})
