import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { configManager } from '@backplane/config-manager'
import { natsStore } from '@backplane/config-manager/nats'
import type { StoredDocument } from '@backplane/core'
import { connect } from '@nats-io/transport-node'
import { root } from '../../tools/workspace.ts'
import { interop } from '../harness.ts'

await interop('config-nats', async ({ check, natsServer }) => {
  await using server = await natsServer({ jetstream: true })

  await check(
    'the store passes the store suite on nats-server',
    async () => {
      const vitest = join(root, 'node_modules', '.bin', 'vitest')
      const { status, stdout, stderr } = spawnSync(vitest, ['run', 'packages/config-manager/test/stores.test.ts'], {
        cwd: root,
        encoding: 'utf8',
        env: { ...process.env, NO_COLOR: '1', BACKPLANE_NATS_URL: server.url },
        timeout: 180_000,
      })
      assert.equal(status, 0, `${stdout}\n${stderr}`)
      const passed = Number(/Tests\s+(\d+) passed/.exec(stdout)?.[1])
      assert.ok(passed >= 190, stdout)
    },
    { timeoutMs: 180_000 },
  )

  await check('a bucket that was made to keep one message of a key is taken over, and keeps patches', async () => {
    const connection = await connect({ servers: server.url })
    try {
      const stream = {
        name: 'KV_older',
        subjects: ['$KV.older.>'],
        max_msgs_per_subject: 1,
        discard: 'new',
        allow_direct: true,
        allow_rollup_hdrs: true,
        deny_delete: true,
      }
      await connection.request('$JS.API.STREAM.CREATE.KV_older', JSON.stringify(stream))
      await connection.request('$KV.older.a', JSON.stringify({ list: [1, 2, 3] }))
      await using store = natsStore({ connection, bucket: 'older' })
      await store.open()
      const { revision: expectedRevision } = (await store.read('a')) as StoredDocument
      const patch = [{ op: 'replace', path: '/list/1', value: 9 }] as const
      await store.write([{ name: 'a', document: { list: [1, 9, 3] }, patch, expectedRevision }])
      const last = await connection.request('$JS.API.DIRECT.GET.KV_older.$KV.older.a')
      assert.match(last.string(), /^patch /)
      await using other = natsStore({ connection, bucket: 'older' })
      await other.open()
      assert.deepEqual((await other.read('a'))?.document, { list: [1, 9, 3] })
    } finally {
      await connection.close()
    }
  })

  await check('two hosts share configuration, and a change on one reaches the other', async () => {
    const connection = await connect({ servers: server.url })
    try {
      const items = {
        rate: { description: 'Readings a second', type: 'integer', default: '1', minimum: '1' },
      } as const
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
    } finally {
      await connection.close()
    }
  })
})
