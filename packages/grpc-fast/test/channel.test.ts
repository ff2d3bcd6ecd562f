import { execFile } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { promisify } from 'node:util'
import { connectivityState, credentials, Metadata } from '@grpc/grpc-js'
import { expect, it } from 'vitest'
import { fastChannel } from '../src/index.ts'
import { bytes, definition, serve, stub, unary } from './service.ts'

const text = Buffer.from('hello')

it('connects by itself, and again after its server came back', async () => {
  const path = join(tmpdir(), `fast-${process.pid}`)
  const first = await serve({ path })
  const channel = fastChannel({ target: { path }, minReconnectMs: 5, maxReconnectMs: 5 })
  const client = stub(channel)
  expect(channel.getConnectivityState(false)).toBe(connectivityState.IDLE)
  expect(await unary(client, definition.echo, text)).toMatchObject({ code: 0, value: 'hello' })
  expect(channel.getConnectivityState(false)).toBe(connectivityState.READY)
  const silent = unary(client, definition.silent, text)
  await new Promise((resolve) => setTimeout(resolve, 20))
  first[Symbol.dispose]()
  expect((await silent).code).toBe(14)
  expect(await unary(client, definition.echo, text)).toMatchObject({
    code: 14,
    details: expect.stringContaining('ENOENT'),
  })
  using second = await serve({ path })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(await unary(client, definition.echo, text)).toMatchObject({ code: 0, value: 'hello' })
  expect(second.path).toBe(path)
  client.close()
  expect(channel.getConnectivityState(false)).toBe(connectivityState.SHUTDOWN)
})

it('says why it cannot connect, and tries again later', async () => {
  const channel = fastChannel({ target: { path: '/nowhere/at/all' }, minReconnectMs: 20, maxReconnectMs: 20 })
  await expect(channel.connect()).rejects.toMatchObject({
    code: 'GRPC_FAST_CONNECT',
    message: expect.stringContaining('ENOENT'),
    next: expect.stringContaining('the server runs'),
  })
  expect(channel.getConnectivityState(true)).toBe(connectivityState.TRANSIENT_FAILURE)
  const client = stub(channel)
  expect(await unary(client, definition.echo, text)).toMatchObject({
    code: 14,
    details: expect.stringMatching(/^No connection established\. Last error: .*ENOENT/),
  })
  await new Promise<void>((resolve) =>
    channel.watchConnectivityState(connectivityState.TRANSIENT_FAILURE, Date.now() + 5000, () => resolve()),
  )
  expect(channel.getConnectivityState(false)).toBe(connectivityState.IDLE)
  channel.close()
})

it('makes a call that waits for the server once it is there', async () => {
  using served = await serve()
  let there = false
  const channel = fastChannel({
    target: {
      open: () => {
        if (!there) throw new Error('not yet')
        return connect(served.path)
      },
    },
    minReconnectMs: 5,
    maxReconnectMs: 10,
  })
  const metadata = new Metadata({ waitForReady: true })
  const waiting = unary(stub(channel), definition.echo, text, { metadata })
  const impatient = unary(stub(channel), definition.echo, text)
  expect(await impatient).toMatchObject({ code: 14, details: expect.stringContaining('not yet') })
  there = true
  expect(await waiting).toMatchObject({ code: 0, value: 'hello' })
  channel.destroy()
})

it('gives up on a call whose deadline comes before a connection', async () => {
  const channel = fastChannel({ target: { open: () => new Promise<Duplex>(() => {}) } })
  const outcome = await unary(stub(channel), definition.echo, text, { deadline: Date.now() + 20 })
  expect(outcome).toMatchObject({
    code: 4,
    details: expect.stringMatching(/^Deadline exceeded after .*waiting for a connection/),
  })
  channel.destroy()
})

it('gives up on a server that does not answer within the time to connect', async () => {
  const channel = fastChannel({ target: { open: () => new Promise<Duplex>(() => {}) }, connectTimeoutMs: 20 })
  await expect(channel.connect()).rejects.toMatchObject({ message: 'no connection within 20 ms' })
  channel.destroy()
})

it('lets one that waits for a connection give up, and goes on for the others', async () => {
  using served = await serve()
  let open = (_: Duplex) => {}
  const channel = fastChannel({ target: { open: () => new Promise<Duplex>((resolve) => (open = resolve)) } })
  const controller = new AbortController()
  const reason = new Error('given up')
  const impatient = channel.connect({ signal: controller.signal })
  const patient = channel.connect()
  await new Promise((resolve) => setImmediate(resolve))
  controller.abort(reason)
  await expect(impatient).rejects.toBe(reason)
  await expect(channel.connect({ signal: controller.signal })).rejects.toBe(reason)
  open(connect(served.path))
  await patient
  expect(channel.getConnectivityState(false)).toBe(connectivityState.READY)
  channel.destroy()
})

it('tells TLS that does not fit from a server that is not there', async () => {
  using served = await serve()
  const channel = fastChannel({ target: { path: served.path }, tls: { servername: 'localhost' } })
  await expect(channel.connect()).rejects.toMatchObject({ code: 'GRPC_FAST_CONNECT' })
  channel.destroy()
})

it('lets calls finish when it is closed, and takes no new ones', async () => {
  using served = await serve()
  const channel = fastChannel({ target: { path: served.path } })
  const client = stub(channel)
  await channel.connect()
  const call = client.makeBidiStreamRequest(definition.chat.path, bytes, bytes)
  call.write(text)
  await new Promise((resolve) => call.once('data', resolve))
  client.close()
  const late = client.makeUnaryRequest(definition.echo.path, bytes, bytes, text, () => {})
  expect(await new Promise((resolve) => late.on('status', ({ code }) => resolve(code)))).toBe(14)
  await expect(channel.connect()).rejects.toMatchObject({ code: 'GRPC_FAST_CLOSED' })
  call.write(text)
  expect(await new Promise((resolve) => call.once('data', resolve))).toEqual(text)
  call.end()
  expect(await new Promise((resolve) => call.on('status', ({ code }) => resolve(code)))).toBe(0)
})

it('ends what is under way when it is destroyed', async () => {
  using served = await serve()
  const channel = fastChannel({ target: { path: served.path } })
  await channel.connect()
  const silent = unary(stub(channel), definition.silent, text)
  await new Promise((resolve) => setTimeout(resolve, 10))
  channel.destroy('enough')
  expect(await silent).toMatchObject({ code: 14, details: 'Connection dropped: enough' })
})

it('passes on call credentials, and their failures', async () => {
  using served = await serve()
  const channel = fastChannel({ target: { path: served.path } })
  const client = stub(channel)
  const run = (made: Parameters<typeof credentials.createFromMetadataGenerator>[0]) =>
    new Promise<{ code: number; details: string; trailer: object }>((resolve) => {
      const call = client.makeUnaryRequest(
        definition.echo.path,
        bytes,
        bytes,
        text,
        new Metadata(),
        { credentials: credentials.createFromMetadataGenerator(made) },
        () => {},
      )
      call.on('status', ({ code, details, metadata }) => resolve({ code, details, trailer: metadata.getMap() }))
    })
  const seen: unknown[] = []
  const good = await run((context, done) => {
    seen.push(context)
    const metadata = new Metadata()
    metadata.set('x-a', 'token')
    done(null, metadata)
  })
  expect(good).toMatchObject({ code: 0, trailer: { 't-x-a': 'token' } })
  expect(seen).toMatchObject([{ service_url: 'https://localhost/test.Bytes', method_name: '/test.Bytes/Echo' }])
  expect(await run((_, done) => done(new Error('no token')))).toMatchObject({
    code: 2,
    details: expect.stringContaining('no token'),
  })
  channel.destroy()
})

it('refuses a request above the limit', async () => {
  using served = await serve()
  const channel = fastChannel({ target: { path: served.path }, maxSendBytes: 4 })
  expect(await unary(stub(channel), definition.echo, text)).toMatchObject({
    code: 8,
    details: 'Attempted to send message with a size larger than 4',
  })
  channel.destroy()
})

it.each([
  [{ maxReceiveBytes: -1 }],
  [{ maxSendBytes: Number.NaN }],
  [{ connectTimeoutMs: '5' as never }],
  [{ authority: 'a b' }],
])('refuses the options %j', (options) => {
  expect(() => fastChannel({ target: { path: '/x' }, ...options })).toThrow(
    expect.objectContaining({ code: 'GRPC_FAST_OPTION' }),
  )
})

it('keeps no process alive that has nothing else to do', async () => {
  using served = await serve()
  const index = join(import.meta.dirname, '../src/index.ts')
  const program = `
    import { Client, credentials } from '@grpc/grpc-js'
    const { fastChannel } = await import(${JSON.stringify(index)})
    const channel = fastChannel({ target: { path: ${JSON.stringify(served.path)} } })
    const client = new Client('x', credentials.createInsecure(), { channelOverride: channel })
    const same = (value) => value
    client.makeUnaryRequest('/test.Bytes/Echo', same, same, Buffer.from('alive'), (error, value) => console.log(String(error ?? value)))`
  const args = ['--conditions=@backplane/source', '--input-type=module', '-e', program]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname, timeout: 20_000 })
  expect(stdout).toBe('alive\n')
})

it('goes over any stream', async () => {
  using served = await serve()
  const opened: Duplex[] = []
  const channel = fastChannel({
    target: {
      open: () => {
        const socket = connect(served.path)
        // Not a socket: a stream around one.
        const stream = Duplex.from({ readable: socket, writable: socket })
        opened.push(stream)
        return stream
      },
    },
  })
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, i) => unary(stub(channel), definition.echo, Buffer.alloc(i * 9000, 1))),
  )
  expect(outcomes.map(({ value }) => value?.length)).toEqual(Array.from({ length: 20 }, (_, i) => i * 9000))
  expect(opened).toHaveLength(1)
  channel.destroy()
})

it('does not take HTTP/1 for an answer', async () => {
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0)
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const channel = fastChannel({ target: { host: '127.0.0.1', port } })
  await expect(channel.connect()).rejects.toMatchObject({ message: expect.stringMatching(/does not speak HTTP\/2/) })
  channel.destroy()
  server.close()
})
