import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Logger, silentLogger } from '@backplane/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { until } from '../../core/test/transports.ts'
import { natsBroker } from '../src/index.ts'
import { protocolCases } from './protocol-cases.ts'
import { converse, rawClient, startBroker } from './support.ts'

const hello = 'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n'

test('answers as nats-server does, in every case of the list', async () => {
  await using broker = await startBroker()
  for (const { send, answer, closes = false } of protocolCases) {
    expect(await converse(broker.port, send), JSON.stringify(send.slice(0, 200))).toEqual({ answer, closed: closes })
  }
})

test('says who it is, with its limits', async () => {
  await using broker = await startBroker({ maxPayload: 500, auth: { token: 'x' }, serverName: 'box' })
  const info = await new Promise<string>((resolve) => {
    const socket = connect(broker.port, '127.0.0.1').once('data', (chunk) => {
      resolve(chunk.toString())
      socket.destroy()
    })
  })
  expect(JSON.parse(info.replace(/^INFO /, ''))).toMatchObject({
    server_name: 'box',
    proto: 1,
    headers: true,
    max_payload: 500,
    auth_required: true,
    host: '127.0.0.1',
    port: broker.port,
  })
})

describe('malformed input', () => {
  test('never stops it, whatever bytes come and however they are split', { timeout: 60_000 }, async () => {
    await using broker = await startBroker({ maxPayload: 200, maxControlLine: 128 })
    const piece = fc.oneof(
      fc.constantFrom(
        hello,
        'PING\r\n',
        'SUB > 1\r\n',
        'PUB a 5\r\n',
        'hello\r\n',
        'HPUB a 12 12\r\n',
        'UNSUB 1 1\r\n',
        '\r\n',
      ),
      fc.uint8Array({ maxLength: 40 }).map((random) => Buffer.from(random).toString('latin1')),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        using client = await rawClient(broker.port)
        for (const part of pieces) client.send(part)
        client.socket.end()
        await client.closed
      }),
      { numRuns: 300 },
    )
    await until(() => broker.stats.connections === 0)
    expect(broker.stats.subscriptions).toBe(0)
    expect((await converse(broker.port, `${hello}SUB a 1\r\nPUB a 1\r\nx\r\n`)).answer).toBe('MSG a 1 1\r\nx\r\n')
  })

  test('a client that vanishes in the middle of a message leaves nothing behind', async () => {
    await using broker = await startBroker()
    using client = await rawClient(broker.port)
    client.send(`${hello}SUB a 1\r\nPUB a 1000\r\nhalf`)
    await until(() => broker.stats.subscriptions === 1)
    client.socket.resetAndDestroy()
    await until(() => broker.stats.connections === 0)
    expect(broker.stats.subscriptions).toBe(0)
  })
})

describe('limits', () => {
  test('a client that does not read is cut off, and only that one', async () => {
    await using broker = await startBroker({ maxPendingBytes: 256 * 1024 })
    using slow = await rawClient(broker.port)
    using quick = await rawClient(broker.port)
    using source = await rawClient(broker.port)
    slow.send(`${hello}SUB a 1\r\n`)
    quick.send(`${hello}SUB a 1\r\n`)
    await until(() => broker.stats.subscriptions === 2)
    slow.socket.pause()
    const message = `PUB a 10000\r\n${'x'.repeat(10_000)}\r\n`
    source.send(hello)
    let sent = 0
    while (broker.stats.slowConsumers === 0) {
      source.send(message)
      sent++
      await until(() => broker.stats.inMessages === sent)
    }
    expect(broker.stats).toMatchObject({ connections: 2, subscriptions: 1, slowConsumers: 1 })
    const head = 'MSG a 1 10000\r\n'
    await until(() => quick.heard().length === sent * (head.length + 10_002))
  })

  test('a client that reads slowly makes its publisher wait, instead of losing its connection', async () => {
    await using broker = await startBroker({ maxPendingBytes: 8 * 1024 * 1024 })
    using slow = await rawClient(broker.port)
    using source = await rawClient(broker.port)
    slow.send(`${hello}SUB a 1\r\n`)
    await until(() => broker.stats.subscriptions === 1)
    slow.socket.on('data', () => {
      slow.socket.pause()
      setTimeout(() => slow.socket.resume(), 1)
    })
    const message = Buffer.from(`PUB a 100000\r\n${'x'.repeat(100_000)}\r\n`)
    source.send(hello)
    for (let i = 0; i < 300; i++) source.send(message)
    await until(() => broker.stats.outMessages === 300 || broker.stats.slowConsumers > 0)
    expect(broker.stats.slowConsumers).toBe(0)
  })

  test('refuses one connection too many, and takes it when another has gone', async () => {
    await using broker = await startBroker({ maxConnections: 1 })
    const first = await rawClient(broker.port)
    using second = await rawClient(broker.port)
    await second.closed
    expect(second.heard()).toBe("-ERR 'maximum connections exceeded'\r\n")
    first.socket.destroy()
    await until(() => broker.stats.connections === 0)
    expect(await converse(broker.port, 'PING\r\n')).toEqual({ answer: 'PONG\r\n', closed: false })
  })

  test('refuses the one subscription over the bound of a client, and goes on with the others', async () => {
    await using broker = await startBroker({ maxSubscriptions: 2 })
    const full = "-ERR 'maximum subscriptions exceeded'\r\n"
    const send = `${hello}SUB a 1\r\nSUB b 2\r\nSUB c 3\r\nPUB c 0\r\n\r\nPUB b 0\r\n\r\nUNSUB 1\r\nSUB c 3\r\nPUB c 0\r\n\r\n`
    const answer = `${full}MSG b 2 0\r\n\r\nMSG c 3 0\r\n\r\n`
    expect(await converse(broker.port, send)).toEqual({ answer, closed: false })
  })

  test('leaves descriptors to the rest of its process, and refuses clients first', async () => {
    const script = join(import.meta.dirname, 'fixtures', 'small-host.ts')
    const command = `ulimit -n 128 && exec '${process.execPath}' --conditions=@backplane/source '${script}'`
    const host = spawn('sh', ['-c', command], { stdio: ['pipe', 'pipe', 'inherit'] })
    try {
      const lines = createInterface({ input: host.stdout })[Symbol.asyncIterator]()
      const port = Number((await lines.next()).value)
      const clients = await Promise.all(Array.from({ length: 200 }, () => rawClient(port)))
      host.stdin.write('now\n')
      const said = JSON.parse((await lines.next()).value!)
      expect(said).toMatchObject({ status: 0 })
      expect(said.refused).toBeGreaterThan(100)
      expect(said.connections + said.refused).toBe(200)
      const turnedAway = clients.filter((client) => client.heard().includes("-ERR 'maximum connections exceeded'"))
      expect(turnedAway.length).toBe(said.refused)
      for (const client of clients) client.socket.destroy()
    } finally {
      host.kill('SIGKILL')
    }
  })

  test('warns of strangers a few times a second, and says how many more there were', async () => {
    const warnings: string[] = []
    const logger: Logger = { ...silentLogger, warn: (_: unknown, text?: string) => void warnings.push(String(text)) }
    await using broker = natsBroker({ port: 0 })({ logger })
    await broker.listen()
    const began = Date.now()
    for (let i = 0; i < 300; i++) await converse(broker.port, 'NONSENSE\r\n')
    const seconds = Math.ceil((Date.now() - began) / 1000) + 1
    expect(warnings.length).toBeLessThanOrEqual(seconds * 11)
    expect(warnings.length).toBeGreaterThan(0)
  })

  test('asks silent clients whether they live, and hangs up on those that do not answer', async () => {
    await using broker = await startBroker({ pingIntervalMs: 20, maxPingsOut: 2 })
    using silent = await rawClient(broker.port)
    silent.send(hello)
    await silent.closed
    // A slow machine may be asked once more before it has said anything.
    expect(silent.heard()).toMatch(/^(PING\r\n){2,3}-ERR 'Stale Connection'\r\n$/)
    using alive = await rawClient(broker.port)
    let pings = 0
    alive.socket.on('data', (chunk) => {
      pings += chunk.toString().split('PING').length - 1
      alive.send('PONG\r\n')
    })
    await until(() => pings > 6)
    expect(alive.socket.destroyed).toBe(false)
  })
})

describe('a busy client', () => {
  const tiny = (count: number) => 'PUB flood 1\r\nx\r\n'.repeat(count)

  test('does not keep its neighbours waiting until all that it sent is worked off', async () => {
    await using broker = await startBroker()
    using busy = await rawClient(broker.port)
    using neighbour = await rawClient(broker.port)
    const all = 500_000
    busy.send(`${hello}${tiny(all)}`)
    await until(() => broker.stats.inMessages > 0)
    const rounds = 5
    const begun = broker.stats.inMessages
    for (let round = 1; round <= rounds; round++) {
      neighbour.send('PING\r\n')
      await new Promise<void>((resolve) => neighbour.socket.once('data', () => resolve()))
    }
    const between = broker.stats.inMessages - begun
    expect(neighbour.heard()).toBe('PONG\r\n'.repeat(rounds))
    expect(between / rounds).toBeLessThan(10_000)
    await until(() => broker.stats.inMessages === all)
  })

  test('is heard to the end, although it hangs up at once', async () => {
    await using broker = await startBroker()
    using listener = await rawClient(broker.port)
    listener.send(`${hello}SUB flood 1\r\n`)
    await until(() => broker.stats.subscriptions === 1)
    using busy = await rawClient(broker.port)
    busy.socket.end(`${hello}${tiny(50_000)}`)
    await until(() => broker.stats.connections === 1)
    await until(() => listener.heard().length >= 50_000 * 'MSG flood 1 1\r\nx\r\n'.length)
    expect(broker.stats).toMatchObject({ inMessages: 50_000, outMessages: 50_000 })
  })

  test('reaches very many subscriptions with each message, in order, and none that has ended meanwhile', async () => {
    await using broker = await startBroker()
    using listener = await rawClient(broker.port)
    const many = 20_000
    let subscribing = hello
    for (let sid = 1; sid <= many; sid++) subscribing += `SUB wide ${sid}\r\n`
    listener.send(subscribing)
    await until(() => broker.stats.subscriptions === many)
    using source = await rawClient(broker.port)
    source.send(`${hello}PUB wide 1\r\na\r\nPUB wide 1\r\nb\r\nPING\r\n`)
    await until(() => source.heard() === 'PONG\r\n')
    const heardOf = (sid: number) =>
      [...listener.heard().matchAll(new RegExp(`MSG wide ${sid} 1\r\n(.)`, 'g'))].map(([, text]) => text).join('')
    await until(() => broker.stats.outMessages === 2 * many)
    await until(() => listener.heard().split('MSG').length - 1 === 2 * many)
    for (const sid of [1, 255, 256, 257, many]) expect(heardOf(sid)).toBe('ab')

    source.send('PUB wide 1\r\nc\r\n')
    listener.send('CONNECT {"verbose":false}\r\nPING\r\n')
    await until(() => listener.heard().endsWith('PONG\r\n'))
    expect(broker.stats.subscriptions).toBe(0)
    const reached = broker.stats.outMessages
    source.send('PUB wide 1\r\nd\r\nPING\r\n')
    await until(() => source.heard() === 'PONG\r\nPONG\r\n')
    expect(broker.stats.outMessages).toBe(reached)
  })

  test('leaves nothing behind when it goes with very many subscriptions, and gets nothing any more', async () => {
    await using broker = await startBroker()
    using listener = await rawClient(broker.port)
    let subscribing = hello
    for (let sid = 1; sid <= 20_000; sid++) subscribing += `SUB wide.${sid} ${sid}\r\n`
    listener.send(subscribing)
    await until(() => broker.stats.subscriptions === 20_000)
    listener.socket.resetAndDestroy()
    await until(() => broker.stats.connections === 0)
    const asking = `${hello}SUB r 1\r\nPUB wide.20000 r 0\r\n\r\n`
    const nobody = 'HMSG r 1 42 42\r\nNATS/1.0 503\r\nNats-Subject: wide.20000\r\n\r\n\r\n'
    expect(await converse(broker.port, asking)).toEqual({ answer: nobody, closed: false })
    await until(() => broker.stats.subscriptions === 0)
  })

  test('members of several queue groups on one subject all get their share', async () => {
    await using broker = await startBroker()
    using listener = await rawClient(broker.port)
    listener.send(
      `${hello}SUB a g 1\r\nSUB a g 2\r\nSUB a h 3\r\nSUB a h 4\r\n${'PUB a 0\r\n\r\n'.repeat(400)}PING\r\n`,
    )
    await until(() => listener.heard().endsWith('PONG\r\n'))
    for (const sid of [1, 2, 3, 4]) expect(listener.heard().split(`MSG a ${sid} 0`).length).toBeGreaterThan(100)
  })
})

describe('who may connect', () => {
  const violation = { answer: "-ERR 'Authorization Violation'\r\n", closed: true }

  test('a token', async () => {
    await using broker = await startBroker({ auth: { token: 's3cret' } })
    const ok = await converse(broker.port, 'CONNECT {"verbose":false,"auth_token":"s3cret"}\r\nPING\r\n')
    expect(ok).toEqual({ answer: 'PONG\r\n', closed: false })
    for (const send of ['PING\r\n', 'X', 'CONNECT {}\r\n', 'CONNECT {"auth_token":"wrong"}\r\n', 'PUB a 1000000\r\n']) {
      expect(await converse(broker.port, send), send).toEqual(violation)
    }
  })

  test('users', async () => {
    const users = [
      { user: 'ann', password: 'é1' },
      { user: 'bob', password: 'b' },
    ]
    await using broker = await startBroker({ auth: { users } })
    const connectAs = (user: string, pass: string) => {
      const json = Buffer.from(JSON.stringify({ verbose: false, user, pass })).toString('latin1')
      return converse(broker.port, `CONNECT ${json}\r\nPING\r\n`)
    }
    expect(await connectAs('ann', 'é1')).toEqual({ answer: 'PONG\r\n', closed: false })
    expect(await connectAs('bob', 'b')).toEqual({ answer: 'PONG\r\n', closed: false })
    expect(await connectAs('ann', 'b')).toEqual(violation)
    expect(await connectAs('', '')).toEqual(violation)
  })

  test('somebody who says nothing does not stay', async () => {
    await using broker = await startBroker({ auth: { token: 'x' }, authTimeoutMs: 30 })
    using client = await rawClient(broker.port)
    await client.closed
    expect(client.heard()).toBe("-ERR 'Authentication Timeout'\r\n")
  })
})

describe('its life', () => {
  test('a port in use is told with a next step, and the broker may then be tried again', async () => {
    const first = await startBroker()
    await using second = natsBroker({ port: first.port })()
    await expect(second.listen()).rejects.toMatchObject({
      code: 'BP_PORT_IN_USE',
      next: expect.stringContaining('port 0'),
      details: { host: '127.0.0.1', port: first.port },
    })
    await first.close()
    await second.listen()
    expect(await converse(second.port, 'PING\r\n')).toEqual({ answer: 'PONG\r\n', closed: false })
  })

  test('an address of another machine is told as well', async () => {
    await expect(natsBroker({ host: '192.0.2.1', port: 0 })().listen()).rejects.toMatchObject({
      code: 'BP_LISTEN_FAILED',
    })
  })

  test('options out of range are refused at once', () => {
    for (const init of [{ port: 70_000 }, { maxPayload: 0 }, { pingIntervalMs: 0.5 }]) {
      expect(() => natsBroker(init)).toThrow(expect.objectContaining({ code: 'BP_INVALID_ARGUMENT' }))
    }
  })

  test('closing lets clients read what waits for them, ends them, and frees the port', async () => {
    const broker = await startBroker()
    using client = await rawClient(broker.port)
    client.send(`${hello}SUB a 1\r\nPUB a 100000\r\n${'x'.repeat(100_000)}\r\n`)
    await until(() => broker.stats.outMessages === 1)
    await Promise.all([broker.close(), broker.close(), client.closed])
    expect(client.heard()).toBe(`MSG a 1 100000\r\n${'x'.repeat(100_000)}\r\n`)
    await expect(broker.listen()).rejects.toMatchObject({ code: 'BP_CLOSED' })
    await using next = await startBroker({ port: broker.port })
    expect(next.port).toBe(broker.port)
  })

  test('closing does not wait for a client that does not read', async () => {
    const broker = await startBroker()
    using client = await rawClient(broker.port)
    client.socket.pause()
    client.send(`${hello}SUB a 1\r\n`)
    for (let i = 0; i < 20; i++) client.send(`PUB a 1000000\r\n${'x'.repeat(1_000_000)}\r\n`)
    await until(() => broker.stats.outMessages === 20)
    await broker.close({ graceMs: 20 })
    expect(broker.stats.connections).toBe(0)
  })

  test('a client that breaks the protocol and does not read is not waited for either', async () => {
    const broker = await startBroker()
    using client = await rawClient(broker.port)
    client.socket.pause()
    client.send(`${hello}SUB a 1\r\n`)
    for (let i = 0; i < 20; i++) client.send(`PUB a 1000000\r\n${'x'.repeat(1_000_000)}\r\n`)
    client.send('NONSENSE\r\n')
    await until(() => broker.stats.connections === 0)
    await broker.close({ graceMs: 20 })
  })

  test('closing before, while and after it begins to listen leaves nothing open', async () => {
    await natsBroker()().close()
    const broker = natsBroker({ port: 0 })()
    const listening = broker.listen()
    await broker.close()
    await listening
    await expect(converse(broker.port, 'PING\r\n')).resolves.toMatchObject({ answer: '' })
  })
})
