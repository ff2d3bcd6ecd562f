import { BackplaneError, messageOf } from '@backplane/core'
import {
  Metadata,
  type MethodDefinition,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import type { ServedService } from '../broker/broker.ts'

// biome-ignore lint/suspicious/noExplicitAny: definitions made by proto-loader carry no message types.
type Any = any

/** What a handler learns of its call. */
export interface HandlerContext {
  /** Aborts when the caller has gone. */
  readonly signal: AbortSignal
  readonly metadata: Metadata
  /** The deadline as grpc-js gives it. */
  readonly deadline: Date | number
}

/** One handler of {@link implement}, by the kind of its method. */
export type Handler<M> =
  M extends MethodDefinition<infer Q, infer S>
    ? M extends { readonly requestStream: false; readonly responseStream: false }
      ? (request: Q, context: HandlerContext) => S | Promise<S>
      : M extends { readonly requestStream: false; readonly responseStream: true }
        ? (request: Q, context: HandlerContext) => AsyncIterable<S>
        : M extends { readonly requestStream: true; readonly responseStream: false }
          ? (requests: AsyncIterable<Q>, context: HandlerContext) => Promise<S>
          : M extends { readonly requestStream: true; readonly responseStream: true }
            ? (requests: AsyncIterable<Q>, context: HandlerContext) => AsyncIterable<S>
            : (request: Any, context: HandlerContext) => Any
    : never

/**
 * Implements a service with async functions: unary methods give a value, streaming ones take or give async iterables.
 * For handlers in grpc-js's callback style pass `{ service, implementation }` instead.
 *
 * What a handler throws becomes the call's status: an object with a numeric `code` (a grpc-js status) as it is,
 * anything else UNKNOWN with its text.
 */
export function implement<D extends ServiceDefinition>(
  service: D,
  handlers: { readonly [K in keyof D]?: Handler<D[K]> },
): ServedService {
  const implementation: UntypedServiceImplementation = {}
  for (const [name, method] of Object.entries(service)) {
    const handler = handlers[name] as ((input: Any, context: HandlerContext) => Any) | undefined
    if (handler) implementation[name] = adapt(method, handler) as UntypedHandleCall
  }
  return { service, implementation }
}

type AnyCall = ServerUnaryCall<Any, Any> &
  ServerReadableStream<Any, Any> &
  ServerWritableStream<Any, Any> &
  ServerDuplexStream<Any, Any>

function adapt(method: MethodDefinition<Any, Any>, handler: (input: Any, context: HandlerContext) => Any) {
  const contextOf = (call: AnyCall): HandlerContext => {
    const gone = new AbortController()
    call.once('cancelled', () => gone.abort())
    return { signal: gone.signal, metadata: call.metadata, deadline: call.getDeadline() }
  }
  if (method.responseStream) {
    return async (call: AnyCall) => {
      const context = contextOf(call)
      try {
        for await (const item of handler(method.requestStream ? call : call.request, context)) {
          if (context.signal.aborted) break
          if (!call.write(item)) await drained(call, context.signal)
        }
        call.end()
      } catch (error) {
        call.emit('error', statusOf(error))
      }
    }
  }
  return (call: AnyCall, done: sendUnaryData<Any>) => {
    const run = async () => handler(method.requestStream ? call : call.request, contextOf(call))
    run().then(
      (value) => done(null, value),
      (error) => done(statusOf(error)),
    )
  }
}

function drained(call: AnyCall, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    call.once('drain', resolve)
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Makes a gRPC status of whatever a handler threw. */
function statusOf(thrown: unknown): { code: number; details: string; metadata?: Metadata } {
  if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && typeof thrown.code === 'number') {
    const { code, details, metadata } = thrown as { code: number; details?: string; metadata?: Metadata }
    return { code, details: details ?? messageOf(thrown), ...(metadata && { metadata }) }
  }
  if (!(thrown instanceof BackplaneError)) return { code: status.UNKNOWN, details: messageOf(thrown) }
  const metadata = new Metadata()
  metadata.set('backplane-code', thrown.code)
  const code = thrown.retryable ? status.UNAVAILABLE : status.UNKNOWN
  return { code, details: `${thrown.code}: ${thrown.message}`, metadata }
}
