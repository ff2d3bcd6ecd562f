import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Client,
  type ClientOptions,
  credentials,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import type { FastChannel } from '../src/index.ts'

const bytes = (value: Buffer) => value
const method = (name: string, requestStream: boolean, responseStream: boolean): MethodDefinition<Buffer, Buffer> => ({
  path: `/test.Bytes/${name}`,
  requestStream,
  responseStream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
})

/** A service of bytes. The first byte of a request may say what to do; see {@link behaviour}. */
export const definition = {
  echo: method('Echo', false, false),
  silent: method('Silent', false, false),
  absent: method('Absent', false, false),
  count: method('Count', false, true),
  sum: method('Sum', true, false),
  chat: method('Chat', true, true),
}

const behaviour = {
  echo(call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) {
    const what = call.metadata.get('x-what')[0]
    const trailer = new Metadata()
    for (const name of ['x-a', 'x-b-bin']) for (const value of call.metadata.get(name)) trailer.add(`t-${name}`, value)
    if (what === 'header') {
      const head = new Metadata()
      head.set('x-head', 'early')
      call.sendMetadata(head)
    }
    if (what === 'fail') {
      callback({ code: 9, details: 'no, really: 100% café', metadata: trailer })
      return
    }
    if (what === 'deadline') {
      callback(null, Buffer.from(String(call.getDeadline() !== Number.POSITIVE_INFINITY)), trailer)
      return
    }
    callback(null, call.request, trailer)
  },
  silent() {},
  count(call: ServerWritableStream<Buffer, Buffer>) {
    const [messages = 0, size = 0, fail = 0] = call.request as Buffer
    for (let i = 0; i < messages; i++) call.write(Buffer.alloc(size * 1000, i))
    if (fail) call.emit('error', { code: fail, details: 'after the messages' })
    else call.end()
  },
  sum(call: ServerReadableStream<Buffer, Buffer>, callback: sendUnaryData<Buffer>) {
    let total = 0
    call.on('data', (data: Buffer) => {
      total += data.length
      if (data[0] === 255) callback({ code: 3, details: 'enough' })
    })
    call.on('end', () => callback(null, Buffer.from(String(total))))
  },
  chat(call: ServerDuplexStream<Buffer, Buffer>) {
    call.on('data', (data: Buffer) => call.write(data))
    call.on('end', () => call.end())
  },
}

/** A server of grpc-js's on a socket, or on a port under TLS. */
export async function serve(
  init: {
    readonly path?: string
    readonly address?: string
    readonly credentials?: ServerCredentials
    readonly options?: object
  } = {},
): Promise<{ readonly path: string; readonly port: number; readonly server: Server; [Symbol.dispose](): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'fast-'))
  const path = init.path ?? join(folder, 's')
  const server = new Server({ 'grpc.max_receive_message_length': -1, ...init.options })
  server.addService(definition, behaviour as unknown as UntypedServiceImplementation)
  const port = await new Promise<number>((resolve, reject) => {
    const done = (error: Error | null, bound: number) => (error ? reject(error) : resolve(bound))
    server.bindAsync(init.address ?? `unix:${path}`, init.credentials ?? ServerCredentials.createInsecure(), done)
  })
  return {
    path,
    port,
    server,
    [Symbol.dispose]() {
      server.forceShutdown()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export function stub(channel: FastChannel, options: ClientOptions = {}): Client {
  return new Client('test', credentials.createInsecure(), { ...options, channelOverride: channel })
}

/** What a caller sees of a unary call. */
export interface Outcome {
  readonly value?: string
  readonly code: number
  readonly details: string
  readonly head?: object
  readonly trailer?: object
}

export function unary(
  client: Client,
  { path }: { readonly path: string },
  request: Buffer,
  { metadata = new Metadata(), ...options }: { readonly metadata?: Metadata; readonly deadline?: number | Date } = {},
): Promise<Outcome> & { cancel(): void } {
  let cancel = () => {}
  const outcome = new Promise<Outcome>((resolve) => {
    let head: object | undefined
    let value: string | undefined
    const call = client.makeUnaryRequest(path, bytes, bytes, request, metadata, options, (_error, answer) => {
      value = answer?.toString('latin1')
    })
    call.on('metadata', (received) => {
      head = received.getMap()
    })
    call.on('status', ({ code, details, metadata }) =>
      // The callback is called before or after this event, in the same turn.
      setImmediate(() =>
        resolve({
          code,
          details,
          head: withoutDate(head),
          trailer: withoutDate(metadata.getMap()),
          ...(value !== undefined && { value }),
        }),
      ),
    )
    cancel = () => call.cancel()
  })
  return Object.assign(outcome, { cancel: () => cancel() })
}

function withoutDate(map: object | undefined): object {
  const { date, ...rest } = (map ?? {}) as { date?: unknown }
  return rest
}

/** Reads a stream to its end. */
export async function readAll(
  call: AsyncIterable<Buffer>,
): Promise<{ readonly sizes: number[]; readonly code: number; readonly details: string }> {
  const sizes: number[] = []
  try {
    for await (const message of call) sizes.push(message.length)
    return { sizes, code: 0, details: '' }
  } catch (error) {
    const { code, details } = error as ServiceError
    return { sizes, code, details }
  }
}

export { bytes }
