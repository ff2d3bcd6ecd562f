import { type BackplaneError, coreError } from '@backplane/core'
import { longestTimerMs } from '@backplane/core/runtime'
import type { GrpcChannel } from '@backplane/grpc-fast'
import {
  type Client,
  type ClientDuplexStream,
  type ClientOptions,
  type ClientReadableStream,
  type ClientWritableStream,
  credentials,
  type Interceptor,
  Metadata,
  type MethodDefinition,
  type ServiceClientConstructor,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { handshakeError } from '../errors.ts'

/** Options of one call through a {@link ServiceClient}. */
export interface ServiceCallInit {
  /** Cancels the call: a unary one rejects with `BP_ABORTED`. */
  readonly signal?: AbortSignal
  /** Time for the call, from now, in milliseconds. @default no limit */
  readonly timeoutMs?: number
  /** Sent with the call. @default none */
  readonly metadata?: Metadata
}

// biome-ignore lint/suspicious/noExplicitAny: definitions made by proto-loader carry no message types.
type Any = any

/** One method of a {@link ServiceClient}, by the kind that its definition names. */
export type ServiceMethod<M> =
  M extends MethodDefinition<infer Q, infer S>
    ? M extends { readonly requestStream: false; readonly responseStream: false }
      ? (request: Q, init?: ServiceCallInit) => Promise<S>
      : M extends { readonly requestStream: false; readonly responseStream: true }
        ? (request: Q, init?: ServiceCallInit) => ClientReadableStream<S>
        : M extends { readonly requestStream: true; readonly responseStream: false }
          ? (init?: ServiceCallInit) => ClientWritableStream<Q> & { readonly reply: Promise<S> }
          : M extends { readonly requestStream: true; readonly responseStream: true }
            ? (init?: ServiceCallInit) => ClientDuplexStream<Q, S>
            : // proto-loader's definitions do not say their kind in types.
              (request?: Any, init?: ServiceCallInit) => Any
    : never

/**
 * A service's methods: unary ones give promises, streaming ones grpc-js's streams. Failures are `BackplaneError`s:
 * `BP_HANDSHAKE_CALL` with `details.grpcCode`, or `BP_HANDSHAKE_PROCESS_EXITED` once the plugin is gone.
 */
export type ServiceClient<D> = { readonly [K in keyof D]: ServiceMethod<D[K]> }

/** Something that services can be called on: the plugin's main connection, or a brokered one. */
export interface ServiceHandle {
  /** The channel, for use as `channelOverride` of any grpc-js client. It closes with the connection. */
  readonly channel: GrpcChannel
  /** Gives promise-based methods of a service (proto-loader, ts-proto or generated definitions). */
  service<D extends ServiceDefinition>(definition: D): ServiceClient<D>
  /** Makes a client of a generated grpc-js client class. */
  client<C extends Client>(
    make: new (address: string, credentials: Any, options?: ClientOptions) => C,
    options?: { readonly interceptors?: Interceptor[] },
  ): C
}

/** Makes the two ways to call services over one channel. */
export function serviceHandle(
  channel: GrpcChannel,
  base: Client,
  onError?: (error: ServiceError) => BackplaneError,
): ServiceHandle {
  return {
    channel,
    service: (definition) => serviceClient(base, definition, onError),
    client: (make, options) =>
      new make('plugin', credentials.createInsecure(), { ...options, channelOverride: channel }),
  }
}

/** Makes a {@link ServiceClient} over a bare grpc-js client. */
export function serviceClient<D extends ServiceDefinition>(
  base: Client,
  definition: D,
  onError: (error: ServiceError, path: string) => BackplaneError = callError,
): ServiceClient<D> {
  const methods: Record<string, unknown> = {}
  for (const [name, method] of Object.entries(definition)) methods[name] = bind(base, method, onError)
  return methods as ServiceClient<D>
}

/** Whether a value is a generated client class rather than a service definition. */
export function isClientConstructor(value: unknown): value is ServiceClientConstructor {
  return typeof value === 'function' && 'service' in value
}

/** Makes a typed error of grpc-js's; `details.grpcCode` and `details.metadata` keep what the plugin said. */
export function callError(error: ServiceError, path = ''): BackplaneError {
  if (error.code === status.CANCELLED && error.details === 'Cancelled on client') {
    return coreError('BP_ABORTED', { cause: error })
  }
  return handshakeError('BP_HANDSHAKE_CALL', {
    details: {
      method: path,
      status: status[error.code] ?? String(error.code),
      reason: error.details,
      grpcCode: error.code,
      metadata: error.metadata?.getMap(),
    },
    retryable: error.code === status.UNAVAILABLE || error.code === status.RESOURCE_EXHAUSTED,
    cause: error,
  })
}

function bind(
  base: Client,
  method: MethodDefinition<Any, Any>,
  onError: (error: ServiceError, path: string) => BackplaneError,
) {
  const { path, requestSerialize, responseDeserialize } = method
  if (method.requestStream && method.responseStream) {
    return (init?: ServiceCallInit) =>
      abortable(base.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, ...settings(init)), init)
  }
  if (method.responseStream) {
    return (request: unknown, init?: ServiceCallInit) =>
      abortable(
        base.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, ...settings(init)),
        init,
      )
  }
  if (method.requestStream) {
    return (init?: ServiceCallInit) => {
      let call: ClientWritableStream<unknown> | undefined
      const reply = new Promise((resolve, reject) => {
        call = base.makeClientStreamRequest(
          path,
          requestSerialize,
          responseDeserialize,
          ...settings(init),
          (error, value) => (error ? reject(onError(error, path)) : resolve(value)),
        )
      })
      // Somebody who only writes must not be ended by a rejection that nobody looks at.
      reply.catch(() => {})
      return Object.assign(abortable(call as ClientWritableStream<unknown>, init), { reply })
    }
  }
  return (request: unknown, init?: ServiceCallInit) =>
    new Promise((resolve, reject) => {
      if (init?.signal?.aborted) return reject(coreError('BP_ABORTED', { cause: init.signal.reason }))
      const call = base.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        ...settings(init),
        (error, value) => {
          init?.signal?.removeEventListener('abort', cancel)
          if (error) reject(onError(error, path))
          else resolve(value)
        },
      )
      const cancel = () => call.cancel()
      init?.signal?.addEventListener('abort', cancel)
    })
}

function settings(init: ServiceCallInit | undefined): [Metadata, { deadline?: number }] {
  const { timeoutMs = Number.POSITIVE_INFINITY } = init ?? {}
  if (Number.isNaN(timeoutMs)) {
    throw handshakeError('BP_HANDSHAKE_CONFIG', { details: { reason: 'timeoutMs of a call is not a number' } })
  }
  // grpc-js cannot write a deadline centuries away: the call would never end.
  return [init?.metadata ?? new Metadata(), timeoutMs > longestTimerMs ? {} : { deadline: Date.now() + timeoutMs }]
}

function abortable<T extends { cancel(): void; once(event: 'close', listener: () => void): unknown }>(
  call: T,
  init: ServiceCallInit | undefined,
): T {
  const { signal } = init ?? {}
  if (!signal) return call
  const cancel = () => call.cancel()
  if (signal.aborted) cancel()
  signal.addEventListener('abort', cancel)
  call.once('close', () => signal.removeEventListener('abort', cancel))
  return call
}
