import { randomBytes } from 'node:crypto'
import { makeCertificate } from '@backplane/handshake-grpc'
import { Client, credentials, Metadata, ServerCredentials } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FastChannel, fastChannel } from '../src/index.ts'
import { bytes, definition, readAll, serve, stub, unary } from './service.ts'

type Served = Awaited<ReturnType<typeof serve>>

const identity = makeCertificate({ curve: 'P-256' })
const pem = { cert: Buffer.from(identity.cert), key: Buffer.from(identity.key) }
let plain: Served
let secure: Served
const fast: Record<string, Client> = {}
const theirs: Record<string, Client> = {}
const channels: FastChannel[] = []

beforeAll(async () => {
  plain = await serve()
  const pair = { private_key: pem.key, cert_chain: pem.cert }
  secure = await serve({ address: 'localhost:0', credentials: ServerCredentials.createSsl(pem.cert, [pair], true) })
  const limits = { maxReceiveBytes: Number.POSITIVE_INFINITY }
  channels.push(
    fastChannel({ target: { path: plain.path }, ...limits }),
    fastChannel({
      target: { host: 'localhost', port: secure.port },
      tls: { ca: identity.cert, cert: identity.cert, key: identity.key, servername: 'localhost' },
      ...limits,
    }),
  )
  fast.plain = stub(channels[0]!)
  fast.tls = stub(channels[1]!)
  const options = { 'grpc.max_receive_message_length': -1 }
  theirs.plain = new Client(`unix:${plain.path}`, credentials.createInsecure(), options)
  theirs.tls = new Client(`localhost:${secure.port}`, credentials.createSsl(pem.cert, pem.key, pem.cert), options)
})

afterAll(() => {
  for (const client of [...Object.values(fast), ...Object.values(theirs)]) client.close()
  plain[Symbol.dispose]()
  secure[Symbol.dispose]()
})

const metadata = (entries: Record<string, string | Buffer>) => {
  const made = new Metadata()
  for (const [name, value] of Object.entries(entries)) made.add(name, value)
  return made
}
const soon = () => Date.now() + 60_000

/** What is done with either channel; both must come out the same. */
const cases: Record<string, (client: Client) => Promise<unknown>> = {
  'an empty message': (client) => unary(client, definition.echo, Buffer.alloc(0)),
  'a small message': (client) => unary(client, definition.echo, Buffer.from('hello')),
  'a message of 5 MiB': (client) => unary(client, definition.echo, Buffer.alloc(5 * 1024 * 1024, 7)),
  'metadata both ways': (client) =>
    unary(client, definition.echo, Buffer.from('x'), {
      metadata: metadata({ 'x-a': 'one', 'x-b-bin': Buffer.from([0, 1, 255]), authorization: 'secret' }),
    }),
  'metadata before the answer': (client) =>
    unary(client, definition.echo, Buffer.from('x'), { metadata: metadata({ 'x-what': 'header' }) }),
  'a large header list': (client) =>
    unary(client, definition.echo, Buffer.from('x'), { metadata: metadata({ 'x-a': 'v'.repeat(12_000) }) }),
  'an error with a status and trailers': (client) =>
    unary(client, definition.echo, Buffer.from('x'), { metadata: metadata({ 'x-what': 'fail', 'x-a': 'kept' }) }),
  'a method that is not there': (client) => unary(client, definition.absent, Buffer.from('x')),
  'no deadline': (client) =>
    unary(client, definition.echo, Buffer.from('x'), { metadata: metadata({ 'x-what': 'deadline' }) }),
  'a deadline that the server sees': (client) =>
    unary(client, definition.echo, Buffer.from('x'), {
      metadata: metadata({ 'x-what': 'deadline' }),
      deadline: soon(),
    }),
  'a deadline that passes': async (client) => {
    const { code } = await unary(client, definition.silent, Buffer.from('x'), { deadline: Date.now() + 30 })
    return code
  },
  'a deadline that has passed': async (client) => {
    const { code } = await unary(client, definition.echo, Buffer.from('x'), { deadline: Date.now() - 1 })
    return code
  },
  'a call that is cancelled': async (client) => {
    const call = unary(client, definition.silent, Buffer.from('x'))
    setTimeout(() => call.cancel(), 20)
    return call
  },
  'a call that is cancelled at once': (client) => {
    const call = unary(client, definition.silent, Buffer.from('x'))
    call.cancel()
    return call
  },
  '300 calls at once': async (client) => {
    const calls = Array.from({ length: 300 }, (_, i) => unary(client, definition.echo, Buffer.from(`call ${i}`)))
    return (await Promise.all(calls)).map(({ value }) => value)
  },
  'a server stream': (client) =>
    readAll(client.makeServerStreamRequest(definition.count.path, bytes, bytes, Buffer.from([200, 20, 0]))),
  'a server stream without messages': (client) =>
    readAll(client.makeServerStreamRequest(definition.count.path, bytes, bytes, Buffer.from([0, 0, 0]))),
  'a server stream that fails': async (client) => {
    const call = client.makeServerStreamRequest(definition.count.path, bytes, bytes, Buffer.from([0, 0, 5]))
    return readAll(call)
  },
  'a server stream that is read slowly': async (client) => {
    const call = client.makeServerStreamRequest(definition.count.path, bytes, bytes, Buffer.from([60, 250, 0]))
    let total = 0
    let count = 0
    for await (const message of call as AsyncIterable<Buffer>) {
      total += message.length
      if (++count % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    }
    return total
  },
  'a client stream': (client) =>
    new Promise((resolve) => {
      const call = client.makeClientStreamRequest(definition.sum.path, bytes, bytes, (error, value) =>
        resolve([error?.code, value?.toString()]),
      )
      for (let i = 0; i < 200; i++) call.write(Buffer.alloc(i * 100, 1))
      call.end()
    }),
  'a client stream that the server ends early': (client) =>
    new Promise((resolve) => {
      const call = client.makeClientStreamRequest(definition.sum.path, bytes, bytes, (error, value) =>
        resolve([error?.code, error?.details, value?.toString()]),
      )
      call.write(Buffer.alloc(10, 255))
    }),
  'a conversation': async (client) => {
    const call = client.makeBidiStreamRequest(definition.chat.path, bytes, bytes)
    const seen: number[] = []
    for (let i = 0; i < 64; i++) call.write(Buffer.alloc(i * 1000, 1))
    for await (const message of call as AsyncIterable<Buffer>) {
      if (seen.push(message.length) === 64) call.end()
    }
    return seen
  },
  'a conversation of 20 MiB with back-pressure': async (client) => {
    const call = client.makeBidiStreamRequest(definition.chat.path, bytes, bytes)
    const write = async () => {
      for (let i = 0; i < 80; i++) {
        if (!call.write(Buffer.alloc(256 * 1024, i))) await new Promise((resolve) => call.once('drain', resolve))
      }
      call.end()
    }
    const writing = write()
    let total = 0
    for await (const message of call as AsyncIterable<Buffer>) total += message.length
    await writing
    return total
  },
  'a conversation that is cancelled in the middle': async (client) => {
    const call = client.makeBidiStreamRequest(definition.chat.path, bytes, bytes)
    call.write(Buffer.from('x'))
    call.once('data', () => call.cancel())
    return new Promise((resolve) => call.once('error', (error) => resolve([(error as { code?: number }).code])))
  },
}

describe.each(['plain', 'tls'])('%s, beside grpc-js: the same comes out', (kind) => {
  it.each(Object.entries(cases))('%s', async (_, run) => {
    expect(await run(fast[kind]!)).toEqual(await run(theirs[kind]!))
  })
})

it('gives every message that came before an error', async () => {
  const request = Buffer.from([20, 1, 5])
  const { sizes, code } = await readAll(
    fast.plain!.makeServerStreamRequest(definition.count.path, bytes, bytes, request),
  )
  expect(code).toBe(5)
  expect(sizes).toHaveLength(20)
})

it('keeps apart what many callers do at once', async () => {
  const work = Array.from({ length: 60 }, async (_, i) => {
    const request = randomBytes(1 + ((i * 7919) % 90_000))
    const { value } = await unary(fast.plain!, definition.echo, request)
    expect(value).toBe(request.toString('latin1'))
    const stream = fast.plain!.makeServerStreamRequest(definition.count.path, bytes, bytes, Buffer.from([i, i % 30, 0]))
    expect((await readAll(stream)).sizes).toEqual(Array(i).fill((i % 30) * 1000))
  })
  await Promise.all(work)
})

it('says who it talks to', async () => {
  const call = fast.tls!.makeUnaryRequest(definition.echo.path, bytes, bytes, Buffer.from('x'), () => {})
  await new Promise((resolve) => call.on('status', resolve))
  expect(call.getPeer()).toBe(`localhost:${secure.port}`)
  const context = call.getAuthContext() as { sslPeerCertificate?: { subject: { CN?: string } } }
  expect(context.sslPeerCertificate?.subject.CN).toBe('localhost')
})
