/** Plain NATS clients against the embedded broker. */
import * as current from '@nats-io/transport-node'
import * as classic from 'nats'
import { describe, expect, test } from 'vitest'
import { bytes, text } from '../../core/test/transports.ts'
import { startBroker } from './support.ts'

/** The parts that both generations of the client have in common. */
type Library = Pick<typeof current, 'connect' | 'headers' | 'createInbox'>

describe.each([
  ['@nats-io/transport-node', current as Library],
  ['nats 2', classic as unknown as Library],
])('%s', (_, { connect, headers, createInbox }) => {
  test('publishes, subscribes with wildcards, and drains', async () => {
    await using broker = await startBroker()
    const connection = await connect({ servers: broker.url })
    const seen: string[] = []
    const subscription = connection.subscribe('lab.*.>')
    const reading = (async () => {
      for await (const message of subscription) seen.push(`${message.subject} ${message.string()}`)
    })()
    for (const subject of ['lab.a.b', 'lab.a', 'lab.b.c.d']) connection.publish(subject, 'hi')
    await connection.drain()
    await reading
    expect(seen).toEqual(['lab.a.b hi', 'lab.b.c.d hi'])
  })

  test('requests, with headers there and back', async () => {
    await using broker = await startBroker()
    const connection = await connect({ servers: broker.url })
    connection.subscribe('upper', {
      callback: (_, message) => {
        const answer = headers()
        answer.set('Was', message.headers?.get('Is') ?? '')
        message.respond(bytes(message.string().toUpperCase()), { headers: answer })
      },
    })
    const asking = headers()
    asking.set('Is', 'here')
    const answer = await connection.request('upper', bytes('é'), { timeout: 5000, headers: asking })
    expect([answer.string(), answer.headers?.get('Was')]).toEqual(['É', 'here'])
    await connection.close()
  })

  test('learns at once that nobody answers', async () => {
    await using broker = await startBroker()
    const connection = await connect({ servers: broker.url })
    await expect(connection.request('nobody', '', { timeout: 10_000 })).rejects.toThrow(/no responders|503/i)
    await expect(
      connection.request('nobody', '', { timeout: 10_000, noMux: true, reply: createInbox() }),
    ).rejects.toThrow(/no responders|503/i)
    await connection.close()
  })

  test('shares the messages of a queue group among its members, each once', async () => {
    await using broker = await startBroker()
    const connections = await Promise.all([1, 2, 3].map(() => connect({ servers: broker.url })))
    const counts = connections.map(() => 0)
    connections.forEach((connection, member) => {
      const callback = () => {
        counts[member]!++
      }
      connection.subscribe('work', { queue: 'q', callback })
    })
    await Promise.all(connections.map((connection) => connection.flush()))
    for (let i = 0; i < 300; i++) connections[0]!.publish('work')
    await Promise.all(connections.map((connection) => connection.flush()))
    await Promise.all(connections.map((connection) => connection.flush()))
    expect(counts.reduce((sum, count) => sum + count)).toBe(300)
    expect(Math.min(...counts)).toBeGreaterThan(50)
    await Promise.all(connections.map((connection) => connection.close()))
  })

  test('stops after `max` messages', async () => {
    await using broker = await startBroker()
    const connection = await connect({ servers: broker.url })
    const subscription = connection.subscribe('a', { max: 2 })
    for (let i = 0; i < 5; i++) connection.publish('a', String(i))
    const seen: string[] = []
    for await (const message of subscription) seen.push(text(message.data))
    expect(seen).toEqual(['0', '1'])
    await connection.flush()
    expect(broker.stats.subscriptions).toBe(0)
    await connection.close()
  })

  test('carries megabytes whole', async () => {
    await using broker = await startBroker()
    const connection = await connect({ servers: broker.url })
    const big = Uint8Array.from({ length: 1024 * 1024 }, (_, i) => i)
    connection.subscribe('echo', {
      callback: (_, message) => {
        message.respond(message.data)
      },
    })
    const answers = await Promise.all([1, 2, 3, 4].map(() => connection.request('echo', big, { timeout: 10_000 })))
    for (const answer of answers) expect(Buffer.compare(answer.data, big)).toBe(0)
    await connection.close()
  })

  test('logs in by token or by user and password, and is told when it may not', async () => {
    await using locked = await startBroker({ auth: { token: 'open' } })
    await (await connect({ servers: locked.url, token: 'open' })).close()
    await expect(connect({ servers: locked.url, reconnect: false })).rejects.toThrow(/authorization/i)
    await using users = await startBroker({ auth: { users: [{ user: 'u', password: 'p' }] } })
    await (await connect({ servers: users.url, user: 'u', pass: 'p' })).close()
    await expect(connect({ servers: users.url, user: 'u', pass: 'x', reconnect: false })).rejects.toThrow(
      /authorization/i,
    )
  })
})
