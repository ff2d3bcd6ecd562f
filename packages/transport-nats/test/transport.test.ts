import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Logger, silentLogger, systemClock } from '@backplane/core'
import { describe, expect, test } from 'vitest'
import { bytes, eventOf, text, until } from '../../core/test/transports.ts'
import { rawClient, startBroker } from '../../nats-broker/test/support.ts'
import { natsTransport } from '../src/index.ts'
import { connected, fakeServer, newTransport } from './support.ts'

const code = (expected: string) => expect.objectContaining({ code: expected })
const fixture = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8')
const info = (more: object = {}) =>
  `INFO ${JSON.stringify({ server_id: 'x', version: '2.12.0', proto: 1, headers: true, max_payload: 1000, ...more })}\r\n`

describe('requests', () => {
  test('tell nobody, too late, refused and cancelled apart', async () => {
    await using broker = await startBroker()
    await using transport = await connected(broker.url)
    await transport.serve('deaf', () => new Promise(() => {}))
    await transport.serve('grumpy', () => {
      throw new Error('not\r\ntoday')
    })
    await transport.serve('late', async () => {
      throw new Error('später')
    })
    const ask = (subject: string, timeoutMs = 10_000) => transport.request(subject, bytes('?'), { timeoutMs })
    await expect(ask('nobody')).rejects.toEqual(code('BP_NO_RESPONDER'))
    await expect(ask('deaf', 50)).rejects.toEqual(code('BP_TIMEOUT'))
    await expect(ask('grumpy')).rejects.toMatchObject({ code: 'BP_REFUSED', details: { reason: 'not today' } })
    await expect(ask('late')).rejects.toMatchObject({ code: 'BP_REFUSED', details: { reason: 'später' } })
    const controller = new AbortController()
    const cancelled = transport.request('deaf', bytes(''), { signal: controller.signal })
    controller.abort()
    await expect(cancelled).rejects.toEqual(code('BP_ABORTED'))
  })

  test('answers of services in other languages, with their error headers, are refusals', async () => {
    await using broker = await startBroker()
    await using transport = await connected(broker.url)
    using service = await rawClient(broker.port)
    service.send('CONNECT {"verbose":false,"headers":true}\r\nSUB svc 1\r\n')
    await until(() => broker.stats.subscriptions === 2)
    service.socket.on('data', (chunk) => {
      const reply = /MSG svc 1 (\S+) /.exec(chunk.toString())?.[1]
      const headers = 'NATS/1.0\r\nNats-Service-Error: no such item\r\nNats-Service-Error-Code: 404\r\n\r\n'
      service.send(`HPUB ${reply} ${headers.length} ${headers.length}\r\n${headers}\r\n`)
    })
    await expect(transport.request('svc', bytes(''))).rejects.toMatchObject({
      code: 'BP_REFUSED',
      details: { reason: 'no such item' },
    })
  })

  test.each([
    ['an inbox', '_INBOX.x.1', true],
    ['an inbox of another make', '_INBOX_team.x.1', true],
    ['the way back of a server', '_R_.x.1', true],
    ['an inbox under a prefix of our own', 'ours.x.1', true],
    ['what an option allows', 'theirs.inbox.1', true],
    ['what it does not', 'theirs.other', false],
    ["another's commands", 'device-connect.t.other.cmd', false],
    ['an event of ours', 'device-connect.t.h1.event.alarm', false],
    ['the subject itself', 'svc.a', false],
    ['the system', '$SYS.REQ.SERVER.PING', false],
    ['an inbox by half its name', 'ours', false],
  ])('a caller that names %s for its answer', async (_, reply, isRun) => {
    await using broker = await startBroker()
    await using transport = await connected(broker.url, { inboxPrefix: 'ours', replySubjects: ['theirs.inbox.*'] })
    const ran: string[] = []
    await transport.serve('svc.*', ({ subject }) => {
      ran.push(subject)
      return bytes('done')
    })
    await transport.flush()
    using caller = await rawClient(broker.port)
    caller.send(
      `CONNECT {"verbose":false}\r\nSUB ${reply} 1\r\nPUB svc.a ${reply} 0\r\n\r\nPUB svc.b 0\r\n\r\nPING\r\n`,
    )
    await until(() => ran.includes('svc.b'))
    await transport.flush()
    caller.send('PING\r\n')
    await until(() => caller.heard().split('PONG').length > 2)
    expect(ran).toEqual(isRun ? ['svc.a', 'svc.b'] : ['svc.b'])
    expect(caller.heard().includes('done')).toBe(isRun)
  })

  test('callers that name such answers without end fill a few lines of the log', async () => {
    await using broker = await startBroker()
    const lines: string[] = []
    const warn: Logger['warn'] = (_: object | string, text?: string) => void lines.push(text ?? '')
    const logger: Logger = { ...silentLogger, warn }
    await using transport = natsTransport({ servers: broker.url })({ logger, clock: systemClock })
    await transport.connect()
    await transport.serve('svc', () => bytes('done'))
    await transport.flush()
    using caller = await rawClient(broker.port)
    caller.send(`CONNECT {"verbose":false}\r\n${'PUB svc other 0\r\n\r\n'.repeat(300)}PING\r\n`)
    await until(() => caller.heard().includes('PONG'))
    await until(() => lines.length > 0)
    await transport.flush()
    expect(lines.filter((line) => line.includes('is not run')).length).toBeLessThanOrEqual(10)
  })

  test('an answer over the limit is told to the caller', async () => {
    await using broker = await startBroker({ maxPayload: 1000 })
    await using transport = await connected(broker.url)
    expect(transport.maxPayload).toBe(1000)
    await transport.serve('big', () => new Uint8Array(1001))
    await expect(transport.request('big', bytes(''))).rejects.toMatchObject({
      code: 'BP_PAYLOAD_TOO_LARGE',
      details: { bytes: 1001, limit: 1000 },
    })
    await expect(transport.publish('big', new Uint8Array(1001))).rejects.toEqual(code('BP_PAYLOAD_TOO_LARGE'))
    expect((await transport.request('big', bytes('')).catch((error) => error)).code).toBe('BP_PAYLOAD_TOO_LARGE')
  })

  test('more than `maxPending` at a time are turned away, and it is told', async () => {
    await using broker = await startBroker()
    await using transport = await connected(broker.url)
    const release: (() => void)[] = []
    await transport.serve('slow', () => new Promise((resolve) => release.push(() => resolve(bytes('ok')))), {
      maxPending: 2,
    })
    const slow = eventOf(transport, 'slow')
    const calls = [1, 2, 3].map(() => transport.request('slow', bytes('')))
    await expect(calls[2]).rejects.toEqual(code('BP_REFUSED'))
    expect(await slow).toEqual({ type: 'slow', subject: 'slow', dropped: 1 })
    for (const one of release) one()
    expect((await Promise.all(calls.slice(0, 2))).map(({ payload }) => text(payload))).toEqual(['ok', 'ok'])
  })

  test('what a handler gives instead of bytes, or says at too great length, is a refusal as well', async () => {
    await using broker = await startBroker({ maxPayload: 300 })
    await using transport = await connected(broker.url)
    await transport.serve('wrong', () => 'text' as unknown as Uint8Array, { maxPending: 1 })
    await transport.serve('verbose', () => {
      throw new Error('é'.repeat(2000))
    })
    for (let i = 0; i < 3; i++) {
      await expect(transport.request('wrong', bytes(''))).rejects.toMatchObject({
        code: 'BP_REFUSED',
        details: { reason: 'the handler gave something else than bytes' },
      })
    }
    await expect(transport.request('verbose', bytes(''))).rejects.toMatchObject({
      code: 'BP_REFUSED',
      details: { reason: expect.stringMatching(/^é{20,}$/) },
    })
  })

  test('nothing that would break the protocol gets into it', async () => {
    await using broker = await startBroker()
    await using transport = await connected(broker.url)
    for (const subject of ['', 'a b', 'a\r\nPUB b 0', 'a..b', 'a.*', 'x'.repeat(5000)]) {
      await expect(transport.publish(subject, bytes('')), subject.slice(0, 20)).rejects.toEqual(
        code('BP_SUBJECT_INVALID'),
      )
    }
    await expect(transport.subscribe('a', () => {}, { queue: 'q 9\r\nPING' })).rejects.toEqual(
      code('BP_INVALID_ARGUMENT'),
    )
    await expect(transport.publish('a', 'text' as unknown as Uint8Array)).rejects.toEqual(code('BP_INVALID_ARGUMENT'))
    await transport.flush()
  })
})

describe('slow handlers', () => {
  test('lose the oldest beyond `maxPending`, and it is told how many', async () => {
    await using broker = await startBroker()
    await using transport = await connected(broker.url)
    const seen: string[] = []
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    let dropped = 0
    transport.onStatus((event) => {
      if (event.type === 'slow') dropped += event.dropped
    })
    await transport.subscribe(
      'n',
      async ({ payload }) => {
        seen.push(text(payload))
        await gate
      },
      { maxPending: 3 },
    )
    for (let i = 0; i < 10; i++) await transport.publish('n', bytes(String(i)))
    await transport.flush()
    await until(() => dropped === 6)
    release()
    await until(() => seen.length === 4)
    expect(seen).toEqual(['0', '7', '8', '9'])
  })
})

describe('a connection that goes', () => {
  test('comes back by itself, with what was subscribed and served, and says so', async () => {
    const broker = await startBroker()
    await using transport = await connected(broker.url)
    await using other = await connected(broker.url)
    const seen: string[] = []
    await transport.subscribe('news.*', ({ payload }) => void seen.push(text(payload)))
    await transport.serve('echo', ({ payload }) => payload)
    await transport.serve('hang', () => new Promise(() => {}))
    const ended = await transport.subscribe('gone', () => void seen.push('gone'))
    const hanging = other.request('hang', bytes(''))
    const events: string[] = []
    transport.onStatus(({ type }) => events.push(type))
    const lost = Promise.all([eventOf(transport, 'disconnected'), eventOf(other, 'disconnected')])
    const back = Promise.all([eventOf(transport, 'connected'), eventOf(other, 'connected')])
    await broker.close()
    await lost
    await expect(hanging).rejects.toEqual(code('BP_DISCONNECTED'))
    expect(transport.status).toBe('disconnected')
    for (const attempt of [
      () => transport.publish('a', bytes('')),
      () => transport.request('echo', bytes('')),
      () => transport.flush(),
      () => transport.subscribe('a', () => {}),
      () => transport.serve('a', () => bytes('')),
    ]) {
      await expect(attempt()).rejects.toEqual(code('BP_DISCONNECTED'))
    }
    await ended.unsubscribe()
    await new Promise((resolve) => setTimeout(resolve, 100))
    await using again = await startBroker({ port: broker.port })
    await back
    expect(transport.status).toBe('connected')
    expect(text((await other.request('echo', bytes('again'))).payload)).toBe('again')
    await other.publish('news.today', bytes('hi'))
    await other.publish('gone', bytes('hi'))
    await other.flush()
    await transport.flush()
    expect(seen).toEqual(['hi'])
    expect(events[0]).toBe('disconnected')
    expect(events).toContain('reconnecting')
    expect(events.at(-1)).toBe('connected')
    expect(again.stats.connections).toBe(2)
  })

  test('is given up when the server stops answering, though the socket stays open', async () => {
    let answers = true
    await using server = await fakeServer((socket) => {
      socket.write(info())
      socket.on('data', (chunk) => {
        const pings = chunk.toString().split('PING\r\n').length - 1
        if (answers) socket.write('PONG\r\n'.repeat(pings))
      })
    })
    await using transport = await connected(server.url, { pingIntervalMs: 20 })
    const lost = eventOf(transport, 'disconnected')
    const pending = transport.request('a', bytes(''), { timeoutMs: 60_000 })
    const back = eventOf(transport, 'connected')
    answers = false
    expect(await lost).toMatchObject({ reason: 'the server did not answer pings' })
    await expect(pending).rejects.toEqual(code('BP_DISCONNECTED'))
    answers = true
    for (const socket of server.sockets) socket.destroy()
    await back
    await transport.flush()
  })

  test('is ended at once when the server sends garbage, and tried again', async () => {
    let garbage: (() => void) | undefined
    await using server = await fakeServer((socket) => {
      socket.write(info())
      socket.on('data', (chunk) => {
        socket.write('PONG\r\n'.repeat(chunk.toString().split('PING\r\n').length - 1))
      })
      garbage = () => socket.write('\u0000\u0001rubbish\r\nMSG a b c d e\r\n')
    })
    await using transport = await connected(server.url)
    const told = eventOf(transport, 'error')
    const lost = eventOf(transport, 'disconnected')
    const back = eventOf(transport, 'connected')
    garbage?.()
    expect((await told).error).toEqual(code('BP_NATS_SERVER'))
    await lost
    await back
    await transport.flush()
  })

  test('closing while it is gone leaves nothing open', async () => {
    const broker = await startBroker()
    const transport = await connected(broker.url)
    const lost = eventOf(transport, 'disconnected')
    await broker.close()
    await lost
    await transport.close()
    expect(transport.status).toBe('closed')
    await expect(transport.publish('a', bytes(''))).rejects.toEqual(code('BP_CLOSED'))
    await expect(transport.connect()).rejects.toEqual(code('BP_CLOSED'))
  })
})

describe('connecting', () => {
  test('to nothing, to something else and to something silent are told apart, and leave no socket', async () => {
    const nothing = await startBroker()
    await nothing.close()
    await expect(newTransport(nothing.url).connect()).rejects.toMatchObject({
      code: 'BP_CONNECT_FAILED',
      message: expect.stringContaining('nothing listens there'),
    })
    await using web = await fakeServer((socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await expect(newTransport(web.url).connect()).rejects.toMatchObject({
      code: 'BP_CONNECT_FAILED',
      message: expect.stringContaining('not a NATS server'),
    })
    await using silent = await fakeServer(() => {})
    const transport = newTransport(silent.url)
    await expect(transport.connect({ timeoutMs: 50 })).rejects.toEqual(code('BP_TIMEOUT'))
    expect(transport.status).toBe('idle')
    const controller = new AbortController()
    const cancelled = transport.connect({ signal: controller.signal })
    await until(() => silent.sockets.size > 0)
    controller.abort()
    await expect(cancelled).rejects.toEqual(code('BP_ABORTED'))
    await until(() => silent.sockets.size === 0)
    const closed = transport.connect()
    await until(() => silent.sockets.size > 0)
    await transport.close()
    await expect(closed).rejects.toEqual(code('BP_CLOSED'))
    await until(() => silent.sockets.size === 0)
  })

  test('a server that greets and then says nothing times out', async () => {
    await using server = await fakeServer((socket) => void socket.write(info()))
    const transport = newTransport(server.url)
    await expect(transport.connect({ timeoutMs: 80 })).rejects.toEqual(code('BP_TIMEOUT'))
    await transport.close()
  })

  test('a server that hangs up on the login is told at once, in its own words', async () => {
    const refusals = ["-ERR 'maximum account active connections exceeded'\r\n", '']
    await using server = await fakeServer((socket, index) => {
      socket.write(info())
      // Each connect comes twice: first to see who answers, then to log in.
      socket.on('data', () => socket.end(refusals[Math.floor(index / 2)] ?? ''))
    })
    for (const reason of ['maximum account active connections exceeded', 'hung up on the login']) {
      await expect(newTransport(server.url).connect()).rejects.toMatchObject({
        code: 'BP_CONNECT_FAILED',
        message: expect.stringContaining(reason),
      })
    }
    await until(() => server.sockets.size === 0)
  })

  test('a second call waits for the first; a failed one may be repeated', async () => {
    const broker = await startBroker()
    await broker.close()
    await using transport = newTransport(broker.url)
    await expect(Promise.all([transport.connect(), transport.connect()])).rejects.toEqual(code('BP_CONNECT_FAILED'))
    await using again = await startBroker({ port: broker.port })
    await Promise.all([transport.connect(), transport.connect()])
    await transport.connect()
    expect(again.stats.connections).toBe(1)
    expect(transport.address).toBe(broker.url)
  })

  test('takes the first server that answers', async () => {
    const dead = await startBroker()
    await dead.close()
    await using broker = await startBroker()
    await using transport = newTransport(undefined, { servers: [dead.url, broker.url] })
    await transport.connect()
    expect(transport.address).toBe(broker.url)
    const none = newTransport(undefined, { servers: [dead.url, dead.url] })
    await expect(none.connect()).rejects.toEqual(code('BP_CONNECT_FAILED'))
  })

  test('refuses addresses that it cannot mean', () => {
    for (const servers of ['ws://host', 'http://x', 'nats://', [], 'nats://host:99999', '']) {
      expect(() => newTransport(undefined, { servers }), String(servers)).toThrow(code('BP_INVALID_ARGUMENT'))
    }
  })
})

describe('credentials', () => {
  test('user and password, a token, and either in the address', async () => {
    const users = [{ user: 'ann', password: 'p@ss' }]
    await using broker = await startBroker({ auth: { users } })
    const at = `127.0.0.1:${broker.port}`
    await (await connected(broker.url, { credentials: { user: 'ann', password: 'p@ss' } })).close()
    await (await connected(`nats://ann:p%40ss@${at}`)).close()
    const wrong = newTransport(broker.url, { credentials: { user: 'ann', password: 'x' } })
    const failure = await wrong.connect().catch((error) => error)
    expect(failure).toEqual(code('BP_AUTH_FAILED'))
    await using tokens = await startBroker({ auth: { token: 't' } })
    await (await connected(tokens.url, { credentials: { token: 't' } })).close()
    await (await connected(`nats://t@127.0.0.1:${tokens.port}`)).close()
    await expect(newTransport(tokens.url).connect()).rejects.toEqual(code('BP_AUTH_FAILED'))
  })

  test('that are withdrawn keep it away until they are good again', async () => {
    const auth = { token: 'first' }
    const broker = await startBroker({ auth })
    await using transport = await connected(broker.url, { credentials: auth })
    const refused = eventOf(transport, 'error')
    const back = eventOf(transport, 'connected')
    await broker.close()
    const strict = await startBroker({ port: broker.port, auth: { token: 'second' } })
    expect((await refused).error).toEqual(code('BP_AUTH_FAILED'))
    await new Promise((resolve) => setTimeout(resolve, 200))
    await strict.close()
    await using again = await startBroker({ port: broker.port, auth })
    await back
    expect(again.stats.connections).toBe(1)
  })
})

describe('TLS', () => {
  const server = { cert: fixture('server.pem'), key: fixture('server.key.pem') }
  const ca = fixture('ca.pem')

  test('connects where the certificate is trusted and names the host', async () => {
    await using broker = await startBroker({ tls: server })
    await using transport = await connected(`tls://localhost:${broker.port}`, { tls: { ca } })
    await transport.serve('echo', ({ payload }) => payload)
    const big = new Uint8Array(500_000).fill(7)
    const answers = await Promise.all([1, 2, 3].map(() => transport.request('echo', big)))
    for (const { payload } of answers) expect(Buffer.compare(payload, big)).toBe(0)
    const file = join(import.meta.dirname, 'fixtures', 'ca.pem')
    await (await connected(`localhost:${broker.port}`, { tls: { caFile: file } })).close()
  })

  test('refuses an unknown authority, another host and a plain server', async () => {
    await using broker = await startBroker({ tls: server })
    await expect(newTransport(`tls://localhost:${broker.port}`).connect()).rejects.toEqual(code('BP_CONNECT_FAILED'))
    await using elsewhere = await startBroker({
      tls: { cert: fixture('elsewhere.pem'), key: fixture('elsewhere.key.pem') },
    })
    const there = `tls://localhost:${elsewhere.port}`
    await expect(newTransport(there, { tls: { ca } }).connect()).rejects.toEqual(code('BP_CONNECT_FAILED'))
    await (await connected(there, { tls: { ca, checkHostname: false } })).close()
    await using plain = await startBroker()
    await expect(newTransport(plain.url, { tls: { ca } }).connect()).rejects.toEqual(code('BP_CONNECT_FAILED'))
  })

  test('shows a client certificate where one is wanted', async () => {
    await using broker = await startBroker({ tls: { ...server, ca } })
    const url = `tls://localhost:${broker.port}`
    const tls = { ca, cert: fixture('client.pem'), key: fixture('client.key.pem') }
    await (await connected(url, { tls })).close()
    await expect(newTransport(url, { tls: { ca } }).connect()).rejects.toThrow('wants a client certificate')
    const foreign = { cert: fixture('foreign.pem'), key: fixture('foreign.key.pem') }
    await expect(newTransport(url, { tls: { ca, ...foreign } }).connect()).rejects.toEqual(code('BP_CONNECT_FAILED'))
  })
})

describe('closing', () => {
  test('rejects what is under way, lets handlers answer until the drain is over, and then tells them', async () => {
    await using broker = await startBroker()
    const serving = await connected(broker.url)
    await using asking = await connected(broker.url)
    let aborted = false
    let finish = () => {}
    const begun = new Promise<void>((resolve) => {
      void serving.serve('slow', async ({ signal }) => {
        signal.addEventListener('abort', () => {
          aborted = true
        })
        await new Promise<void>((done) => {
          finish = done
          resolve()
        })
        return bytes('done')
      })
    })
    await asking.serve('never', () => new Promise(() => {}))
    const answer = asking.request('slow', bytes(''))
    await begun
    const own = serving.request('never', bytes(''))
    const closing = serving.close({ drainMs: 5000 })
    await expect(own).rejects.toEqual(code('BP_CLOSED'))
    expect(serving.status).toBe('closed')
    expect(aborted).toBe(false)
    finish()
    expect(text((await answer).payload)).toBe('done')
    await closing
    expect(aborted).toBe(true)
  })
})

describe('limits of a server', () => {
  const full = { code: 'BP_REFUSED', details: { reason: 'maximum subscriptions exceeded' } }

  test('a subscription that it has no room for is refused to whoever asked for it, also among many at once', async () => {
    await using broker = await startBroker({ maxSubscriptions: 4 })
    await using transport = await connected(broker.url)
    const made = await Promise.allSettled([
      transport.subscribe('a', () => {}),
      transport.serve('b', () => bytes('b')),
      transport.subscribe('c', () => {}),
      transport.serve('d', () => bytes('d')),
      transport.subscribe('e', () => {}),
    ])
    expect(made.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'])
    await expect(transport.serve('f', () => bytes('f'))).rejects.toMatchObject(full)
    expect(text((await transport.request('b', bytes(''))).payload)).toBe('b')
    expect(broker.stats).toMatchObject({ connections: 1, subscriptions: 4 })
    const [first] = made
    if (first.status === 'fulfilled') await first.value.unsubscribe()
    await transport.serve('f', () => bytes('f'))
    expect(text((await transport.request('f', bytes(''))).payload)).toBe('f')
  })

  test('what it has no room for after a reconnect is told, and the rest works', async () => {
    const first = await startBroker()
    await using transport = await connected(first.url)
    for (const subject of ['a', 'b', 'c']) await transport.serve(subject, () => bytes(subject))
    const told: unknown[] = []
    transport.onStatus((event) => {
      if (event.type === 'error') told.push(event.error)
    })
    const back = eventOf(transport, 'connected')
    const { port } = first
    await first.close()
    await using _second = await startBroker({ port, maxSubscriptions: 3 })
    await back
    expect(told).toEqual([
      expect.objectContaining({ code: 'BP_REFUSED', details: expect.objectContaining({ subject: 'c' }) }),
    ])
    for (const subject of ['a', 'b']) expect(text((await transport.request(subject, bytes(''))).payload)).toBe(subject)
  })

  test('an inbox that it has no room for refuses requests at once', async () => {
    await using server = await fakeServer((socket) => {
      socket.write(info())
      socket.on('data', (chunk) => {
        for (const line of chunk.toString().split('\r\n')) {
          if (line.startsWith('SUB')) socket.write("-ERR 'maximum subscriptions exceeded'\r\n")
          if (line === 'PING') socket.write('PONG\r\n')
        }
      })
    })
    await using transport = await connected(server.url)
    await expect(transport.request('a', bytes(''), { timeoutMs: 20_000 })).rejects.toMatchObject(full)
    await expect(transport.subscribe('a', () => {})).rejects.toMatchObject(full)
  })

  test('without headers, a handler that throws does not cost the connection', async () => {
    const published: string[] = []
    await using server = await fakeServer((socket) => {
      socket.write(info({ headers: false }))
      socket.on('data', (chunk) => {
        for (const line of chunk.toString().split('\r\n')) {
          const sid = /^SUB a (\S+)/.exec(line)?.[1]
          if (line.startsWith('HPUB')) socket.destroy()
          if (/^PUB/.test(line)) published.push(line)
          if (line === 'PING') socket.write('PONG\r\n')
          if (sid) socket.write(`MSG a ${sid} _INBOX.r.1 1\r\n1\r\nMSG a ${sid} _INBOX.r.2 1\r\n2\r\n`)
        }
      })
    })
    await using transport = await connected(server.url)
    await transport.serve('a', ({ payload }) => {
      if (text(payload) === '1') throw new Error('no')
      return payload
    })
    await until(() => published.length > 0)
    expect(published).toEqual(['PUB _INBOX.r.2 1'])
    expect(transport.status).toBe('connected')
  })

  test.each(['User Authentication Expired', 'Slow Consumer', 'Maximum Payload Violation'])(
    'what it says before it hangs up is why the connection was lost: %s',
    async (said) => {
      let speak = () => {}
      await using server = await fakeServer((socket) => {
        socket.write(info())
        socket.on('data', (chunk) => {
          if (chunk.toString().includes('PING')) socket.write('PONG\r\n')
        })
        speak = () => void socket.end(`-ERR '${said}'\r\n`)
      })
      await using transport = await connected(server.url)
      const lost = eventOf(transport, 'disconnected')
      const told = eventOf(transport, 'error')
      speak()
      expect(await lost).toMatchObject({ reason: said })
      const { error } = await told
      expect(error).toMatchObject({
        code: /Auth/.test(said) ? 'BP_AUTH_FAILED' : 'BP_NATS_SERVER',
        details: { reason: said },
      })
    },
  )

  test('a forbidden subject fails its pending requests at once, and those alone', async () => {
    await using server = await fakeServer((socket) => {
      socket.write(info())
      socket.on('data', (chunk) => {
        const said = chunk.toString()
        if (said.includes('PING')) socket.write('PONG\r\n')
        if (said.includes('PUB secret')) socket.write(`-ERR 'Permissions Violation for Publish to "secret"'\r\n`)
      })
    })
    await using transport = await connected(server.url)
    const outcomes: string[] = []
    const note = (name: string) => (error: { readonly code?: string }) => outcomes.push(`${name} ${error.code}`)
    const other = transport.request('open', bytes(''), { timeoutMs: 60_000 }).catch(note('open'))
    const first = transport.request('secret', bytes(''), { timeoutMs: 60_000 }).catch(note('secret'))
    await first
    expect(outcomes).toEqual(['secret BP_REFUSED'])
    await transport.close()
    await other
  })

  test('a server that is about to go is left for another before it hangs up', async () => {
    let warn = () => {}
    await using leaving = await fakeServer((socket) => {
      socket.write(info())
      socket.on('data', (chunk) => {
        if (chunk.toString().includes('PING')) socket.write('PONG\r\n')
      })
      warn = () => void socket.write(info({ ldm: true }))
    })
    await using broker = await startBroker()
    await using transport = await connected(`${leaving.url},${broker.url}`)
    await transport.serve('a', ({ payload }) => payload)
    const told = eventOf(transport, 'leaving')
    const back = eventOf(transport, 'connected')
    warn()
    await told
    await back
    expect(transport.address).toBe(broker.url)
    expect(text((await transport.request('a', bytes('x'))).payload)).toBe('x')
  })
})

test('tls: false goes without it where the server allows that, and is told where it does not', async () => {
  await using demanding = await startBroker({ tls: { cert: fixture('server.pem'), key: fixture('server.key.pem') } })
  await expect(connected(`127.0.0.1:${demanding.port}`, { tls: false })).rejects.toMatchObject({
    code: 'BP_CONNECT_FAILED',
    message: expect.stringContaining('tls: false'),
  })
  await expect(connected(demanding.url, { tls: false })).rejects.toEqual(code('BP_INVALID_ARGUMENT'))
})

test('those who wait for a handler when its host closes are refused at once, and those who ask later find nobody', async () => {
  await using broker = await startBroker()
  await using asking = await connected(broker.url)
  const serving = await connected(broker.url)
  let asked = false
  await serving.serve('hang', () => {
    asked = true
    return new Promise(() => {})
  })
  const waiting = asking.request('hang', bytes(''), { timeoutMs: 60_000 })
  await until(() => asked)
  const refused = expect(waiting).rejects.toMatchObject({
    code: 'BP_REFUSED',
    details: { reason: expect.stringContaining('closing') },
  })
  const closing = serving.close({ drainMs: 50 })
  await expect(asking.request('hang', bytes(''), { timeoutMs: 60_000 })).rejects.toEqual(code('BP_NO_RESPONDER'))
  await closing
  await refused
})
