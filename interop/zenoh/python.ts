/** The official Python binding of Zenoh as the other party, as a client and as a peer of the bridge. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { bytes, text, until } from '../../packages/core/test/transports.ts'
import type { Interop } from '../harness.ts'
import type { Venv } from '../venv.ts'
import type { ZenohBridge } from '../zenoh-bridge.ts'
import { pythonPeer } from './python-peer.ts'
import { connected, failsWith } from './transports.ts'

type Reply = readonly ['ok' | 'error', string, string]
const burst = 5000

/** Runs the checks in both modes. */
export async function pythonSessions(kit: Interop, python: Venv, bridge: ZenohBridge): Promise<void> {
  for (const mode of ['client', 'peer'] as const) {
    await using peer = await pythonPeer(kit, python, mode, bridge.locator)
    await using transport = await connected({ endpoint: bridge.endpoint })
    const base = `py-${mode}`
    const check = (what: string, run: () => Promise<void>) => kit.check(`Python ${mode}: ${what}`, run)
    const get = (key: string, payload: string, target = 'BEST_MATCHING') =>
      peer.run<Reply[]>('get', { key, payload, target })

    await check('gets an answer from what we serve, asked alone or with all', async () => {
      await transport.serve(`${base}.greet.*`, ({ subject, payload }) => bytes(`${subject}:${text(payload)}`))
      await sleep(200)
      for (const target of ['BEST_MATCHING', 'ALL', 'ALL_COMPLETE']) {
        const answers = await get(`${base}/greet/a`, 'é', target)
        assert.deepEqual(answers, [['ok', `${base}/greet/a`, `${base}.greet.a:é`]], target)
      }
    })
    await check('gets one answer from a group', async () => {
      const handler = () => bytes('one of us')
      await using _one = await transport.serve(`${base}.group`, handler, { queue: 'q' })
      await sleep(200)
      assert.deepEqual(await get(`${base}/group`, ''), [['ok', `${base}/group`, 'one of us']])
    })
    await check('sees an error reply where our handler throws, and an end where it gives nothing', async () => {
      await transport.serve(`${base}.odd`, ({ payload }) => {
        if (text(payload) === 'throw') throw Object.assign(new RangeError('out of range'))
        return undefined
      })
      await sleep(200)
      assert.deepEqual(
        (await get(`${base}/odd`, 'throw')).map(([kind, message]) => [kind, message]),
        [['error', 'out of range']],
      )
      assert.deepEqual(await get(`${base}/odd`, 'nothing'), [])
    })
    await check('answers our requests, refuses them, and keeps us waiting, each as it is', async () => {
      await peer.run('serve', { key: `${base}/theirs` })
      await sleep(200)
      const ask = (payload: string) => transport.request(`${base}.theirs`, bytes(payload), { timeoutMs: 500 })
      assert.equal(text((await ask('é')).payload), 'python:é')
      await assert.rejects(
        ask('fail'),
        (thrown: Error) => failsWith('BP_REFUSED')(thrown) && /not today/.test(thrown.message),
      )
      await assert.rejects(ask('silent'), failsWith('BP_NO_RESPONDER'))
      await assert.rejects(ask('hold'), failsWith('BP_TIMEOUT'))
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, n) => transport.request(`${base}.theirs`, bytes(`${n}`))),
      )
      assert.deepEqual(
        answers.map(({ payload }) => text(payload)),
        answers.map((_, n) => `python:${n}`),
      )
    })
    await check(`hears us: subjects as keys, and ${burst} in a row in order`, async () => {
      await peer.run('subscribe', { key: `${base}/up/**` })
      await sleep(200)
      await transport.publish(`${base}.up.a/b.@v`, bytes('odd'))
      for (let n = 0; n < burst; n++) await transport.publish(`${base}.up.x`, bytes(`${n}`))
      const heard = async () => peer.run<[string, string][]>('heard')
      let all = await heard()
      for (let turn = 0; turn < 100 && all.length < burst + 1; turn++) {
        await sleep(50)
        all = await heard()
      }
      assert.equal(all.length, burst + 1)
      assert.deepEqual(all[0], [`${base}/up/a%2Fb/%40v`, 'odd'])
      assert.deepEqual(
        all.slice(1).map(([, payload]) => payload),
        Array.from({ length: burst }, (_, n) => `${n}`),
      )
    })
    await check(`is heard: keys as subjects, and ${burst} in a row in order`, async () => {
      const seen: string[][] = []
      await transport.subscribe(`${base}.down.>`, ({ subject, payload }) => void seen.push([subject, text(payload)]))
      await sleep(200)
      await peer.run('put', { key: `${base}/down/v1.2/x`, payload: 'dotted' })
      await peer.run('put', { key: `${base}/down/x`, payload: '#', count: burst })
      await until(() => seen.length === burst + 1)
      assert.deepEqual(seen[0], [`${base}.down.v1%2E2.x`, 'dotted'])
      assert.deepEqual(
        seen.slice(1).map(([, payload]) => payload),
        Array.from({ length: burst }, (_, n) => `${n}`),
      )
    })
    await check('leaves, and is nobody any more', async () => {
      await peer[Symbol.asyncDispose]()
      await until(() => true)
      await sleep(300)
      await assert.rejects(transport.request(`${base}.theirs`, bytes('x')), failsWith('BP_NO_RESPONDER'))
    })
  }
}
