/** grpc-go's interoperability server, with our channel as client. */
import { strict as assert } from 'node:assert'
import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type FastChannelInit, fastChannel } from '@backplane/grpc-fast'
import { makeCertificate } from '@backplane/handshake-grpc'
import {
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientWritableStream,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { cacheDir } from '../../tools/workspace.ts'
import { interop } from '../harness.ts'
import { freePort } from '../ports.ts'

const version = 'v1.76.0'
const loaded = loadPackageDefinition(
  loadSync(join(import.meta.dirname, 'testing.proto'), { keepCase: true, defaults: true }),
) as unknown as { grpc: { testing: Record<'TestService' | 'UnimplementedService', ServiceClientConstructor> } }
const { TestService, UnimplementedService } = loaded.grpc.testing

type Message = Record<string, unknown>
type Stub = Client & {
  EmptyCall: Unary
  UnaryCall: Unary
  UnimplementedCall: Unary
  StreamingOutputCall(request: Message, metadata?: Metadata): ClientReadableStream<Message>
  StreamingInputCall(done: (error: ServiceError | null, value?: Message) => void): ClientWritableStream<Message>
  FullDuplexCall(metadata?: Metadata, options?: object): ClientDuplexStream<Message, Message>
}
type Unary = (
  request: Message,
  metadata: Metadata,
  options: object,
  done: (error: ServiceError | null, value?: Message) => void,
) => ReturnType<Client['makeUnaryRequest']>

interface Outcome {
  readonly code: number
  readonly details: string
  readonly value?: Message
  readonly head?: Metadata
  readonly trailer: Metadata
}

function call(
  client: Stub,
  method: 'EmptyCall' | 'UnaryCall' | 'UnimplementedCall',
  request: Message,
  metadata = new Metadata(),
): Promise<Outcome> {
  return new Promise((resolve) => {
    let head: Metadata | undefined
    let value: Message | undefined
    const made = client[method](request, metadata, {}, (_error, answer) => {
      value = answer
    })
    made.on('metadata', (received) => {
      head = received
    })
    made.on('status', ({ code, details, metadata: trailer }) =>
      setImmediate(() => resolve({ code, details, trailer, ...(value && { value }), ...(head && { head }) })),
    )
  })
}

const body = (size: number) => ({ type: 0, body: Buffer.alloc(size) })
const sizeOf = (message: Message | undefined) => (message as { payload: { body: Buffer } }).payload.body.length

function stub(init: FastChannelInit): Stub {
  return new TestService('test', credentials.createInsecure(), {
    channelOverride: fastChannel(init),
  }) as unknown as Stub
}

const echoInitial = 'x-grpc-test-echo-initial'
const echoTrailing = 'x-grpc-test-echo-trailing-bin'

/** The cases of gRPC's interop-test-descriptions that a client without credentials can run. */
const cases: Record<string, (client: Stub) => Promise<void>> = {
  async empty_unary(client) {
    assert.equal((await call(client, 'EmptyCall', {})).code, status.OK)
  },
  async large_unary(client) {
    const { value } = await call(client, 'UnaryCall', { response_size: 314_159, payload: body(271_828) })
    assert.equal(sizeOf(value), 314_159)
  },
  async client_streaming(client) {
    const value = await new Promise<Message | undefined>((resolve, reject) => {
      const stream = client.StreamingInputCall((error, answer) => (error ? reject(error) : resolve(answer)))
      for (const size of [27_182, 8, 1828, 45_904]) stream.write({ payload: body(size) })
      stream.end()
    })
    assert.equal(value?.aggregated_payload_size, 74_922)
  },
  async server_streaming(client) {
    const sizes = [31_415, 9, 2653, 58_979]
    const seen: number[] = []
    for await (const message of client.StreamingOutputCall({ response_parameters: sizes.map((size) => ({ size })) })) {
      seen.push(sizeOf(message as Message))
    }
    assert.deepEqual(seen, sizes)
  },
  async 'server_streaming of 64 MiB'(client) {
    let total = 0
    const response_parameters = Array.from({ length: 64 }, () => ({ size: 1024 * 1024 }))
    for await (const message of client.StreamingOutputCall({ response_parameters })) total += sizeOf(message as Message)
    assert.equal(total, 64 * 1024 * 1024)
  },
  async ping_pong(client) {
    const stream = client.FullDuplexCall()
    const sizes = [
      [31_415, 27_182],
      [9, 8],
      [2653, 1828],
      [58_979, 45_904],
    ] as const
    const send = (turn: number) => {
      const [size, sent] = sizes[turn]!
      stream.write({ response_parameters: [{ size }], payload: body(sent) })
    }
    const seen: number[] = []
    send(0)
    for await (const message of stream) {
      if (seen.push(sizeOf(message as Message)) < sizes.length) send(seen.length)
      else stream.end()
    }
    assert.deepEqual(
      seen,
      sizes.map(([size]) => size),
    )
  },
  async empty_stream(client) {
    const stream = client.FullDuplexCall()
    stream.end()
    for await (const _ of stream) assert.fail('a message')
  },
  async custom_metadata(client) {
    const metadata = new Metadata()
    const binary = Buffer.from([0xab, 0xab, 0xab])
    metadata.set(echoInitial, 'test_initial_metadata_value')
    metadata.set(echoTrailing, binary)
    const { head, trailer } = await call(client, 'UnaryCall', { response_size: 1, payload: body(1) }, metadata)
    assert.deepEqual(head?.get(echoInitial), ['test_initial_metadata_value'])
    assert.deepEqual(trailer.get(echoTrailing), [binary])
    const stream = client.FullDuplexCall(metadata)
    const heard = new Promise<Metadata>((resolve) => stream.on('metadata', resolve))
    const ended = new Promise<Metadata>((resolve) => stream.on('status', (result) => resolve(result.metadata)))
    stream.write({ response_parameters: [{ size: 1 }], payload: body(1) })
    stream.end()
    stream.resume()
    assert.deepEqual((await heard).get(echoInitial), ['test_initial_metadata_value'])
    assert.deepEqual((await ended).get(echoTrailing), [binary])
  },
  async status_code_and_message(client) {
    const response_status = { code: 2, message: 'test status message' }
    const unary = await call(client, 'UnaryCall', { response_status })
    assert.deepEqual([unary.code, unary.details], [2, 'test status message'])
    const stream = client.FullDuplexCall()
    const failed = new Promise<ServiceError>((resolve) => stream.on('error', (error) => resolve(error as ServiceError)))
    stream.resume()
    stream.write({ response_status })
    stream.end()
    const { code, details } = await failed
    assert.deepEqual([code, details], [2, 'test status message'])
  },
  async special_status_message(client) {
    const message = '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP \u{1f608}\t\n'
    const { code, details } = await call(client, 'UnaryCall', { response_status: { code: 2, message } })
    assert.deepEqual([code, details], [2, message])
  },
  async unimplemented_method(client) {
    assert.equal((await call(client, 'UnimplementedCall', {})).code, status.UNIMPLEMENTED)
  },
  async unimplemented_service(client) {
    const other = new UnimplementedService('x', credentials.createInsecure(), { channelOverride: client.getChannel() })
    assert.equal((await call(other as unknown as Stub, 'UnimplementedCall', {})).code, status.UNIMPLEMENTED)
  },
  async cancel_after_begin(client) {
    const failed = new Promise<ServiceError | null>((resolve) => {
      client.StreamingInputCall(resolve).cancel()
    })
    assert.equal((await failed)?.code, status.CANCELLED)
  },
  async cancel_after_first_response(client) {
    const stream = client.FullDuplexCall()
    const failed = new Promise<ServiceError>((resolve) => stream.on('error', (error) => resolve(error as ServiceError)))
    stream.once('data', () => stream.cancel())
    stream.write({ response_parameters: [{ size: 31_415 }], payload: body(27_182) })
    assert.equal((await failed).code, status.CANCELLED)
  },
  async timeout_on_sleeping_server(client) {
    const stream = client.FullDuplexCall(new Metadata(), { deadline: Date.now() + 20 })
    const failed = new Promise<ServiceError>((resolve) => stream.on('error', (error) => resolve(error as ServiceError)))
    stream.resume()
    stream.write({ payload: body(27_182), response_parameters: [{ size: 1, interval_us: 2_000_000 }] })
    assert.equal((await failed).code, status.DEADLINE_EXCEEDED)
  },
  async '1,000 calls at once'(client) {
    const calls = Array.from({ length: 1000 }, (_, i) =>
      call(client, 'UnaryCall', { response_size: i, payload: body(i) }),
    )
    assert.deepEqual(
      (await Promise.all(calls)).map(({ value }) => sizeOf(value)),
      [...calls.keys()],
    )
  },
}

/** Without it the server prints nothing at all. */
const talkative = { GRPC_GO_LOG_SEVERITY_LEVEL: 'info' }

await interop('grpc-fast', async ({ check, tool, start, scratch }) => {
  const go = tool('go')
  const bin = cacheDir(`grpc-go-interop-${version}`)
  if (!existsSync(join(bin, 'server'))) {
    console.log("     building grpc-go's interop/server")
    const env = { ...process.env, GOBIN: bin, GOFLAGS: '-mod=mod' }
    await promisify(execFile)(go, ['install', `google.golang.org/grpc/interop/server@${version}`], { env })
  }

  const folder = scratch()
  const identity = makeCertificate({ curve: 'P-256' })
  writeFileSync(join(folder, 'cert.pem'), identity.cert)
  writeFileSync(join(folder, 'key.pem'), identity.key)
  for (const secure of [false, true]) {
    const port = await freePort()
    const args = [
      '-tls_cert_file',
      join(folder, 'cert.pem'),
      '-tls_key_file',
      join(folder, 'key.pem'),
      `-use_tls=${secure}`,
    ]
    await using _ = await start(join(bin, 'server'), [`-port=${port}`, ...args], { env: talkative, ready: /./ })
    const client = stub({
      target: { host: '127.0.0.1', port },
      ...(secure && { tls: { ca: identity.cert, servername: 'localhost' } }),
      minReconnectMs: 50,
    })
    await ready(client)
    for (const [name, run] of Object.entries(cases))
      await check(`${secure ? 'TLS' : 'plain'}: ${name}`, () => run(client))
    client.close()
  }
})

/** What the server prints does not say when it listens. */
function ready(client: Client): Promise<void> {
  return new Promise((resolve, reject) => {
    client.waitForReady(Date.now() + 15_000, (error) => (error ? reject(error) : resolve()))
  })
}
