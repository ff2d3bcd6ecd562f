import { BackplaneError, type Interceptor, type TraceContext } from '@backplane/core'

/** The part of `@opentelemetry/api` that {@link tracing} uses; the module itself fits as it is. */
export interface TracingApi {
  readonly trace: {
    getTracer(name: string): {
      startSpan(
        name: string,
        options: { readonly kind: number; readonly attributes: { [key: string]: string } },
        context: never,
      ): TracingSpan
    }
    setSpan(context: never, span: never): unknown
    setSpanContext(context: never, spanContext: never): unknown
    getSpanContext(context: never): SpanIdentity | undefined
  }
  readonly context: {
    active(): unknown
    with(context: never, run: () => unknown): unknown
  }
  createTraceState(text: string): unknown
}

interface TracingSpan {
  spanContext(): SpanIdentity
  setAttribute(key: string, value: string): unknown
  setStatus(status: { code: number; message?: string }): unknown
  end(): void
}

interface SpanIdentity {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
  readonly traceState?: { serialize(): string } | undefined
}

/** OpenTelemetry's numbers: `SpanKind.INTERNAL`, `SpanKind.SERVER` and `SpanStatusCode.ERROR`. */
const internal = 0
const server = 1
const failed = 2

/**
 * An interceptor that gives every call a span of OpenTelemetry: it continues the trace of a caller from the mesh, and
 * what the call calls in turn, here or on other devices, continues its span. Give it the `@opentelemetry/api` module.
 * It is best the first of a host's interceptors; not for a host without an OpenTelemetry SDK, where it would only cost
 * time.
 *
 * Spans are named `rpc/<function>`, as Device Connect's devices name theirs, and carry `rpc.method`,
 * `backplane.plugin`, `backplane.caller` where somebody says who they are, and `error.type` with the code of an error.
 *
 * @example
 * ```ts
 * import { createHost } from '@backplane/core'
 * import { tracing } from '@backplane/host'
 * import * as api from '@opentelemetry/api'
 *
 * const host = createHost({ identity: { deviceId: 'box-1' }, interceptors: [tracing(api)] })
 * await host.stop()
 * ```
 */
export function tracing(api: TracingApi): Interceptor {
  const tracer = api.trace.getTracer('@backplane/host')
  return async (call, target, next) => {
    const { kind, id } = call.caller
    const active = api.context.active() as never
    const caller = call.trace && spanIdentityOf(api, call.trace)
    const parent = caller ? (api.trace.setSpanContext(active, caller as never) as never) : active
    const attributes = {
      'rpc.system': 'backplane',
      'rpc.method': call.name,
      'backplane.plugin': target.plugin,
      ...(id === undefined ? {} : { 'backplane.caller': id }),
    }
    const spanKind = kind === 'mesh' ? server : internal
    const span = tracer.startSpan(`rpc/${call.name}`, { kind: spanKind, attributes }, parent)
    const trace = traceOf(span.spanContext())
    if (trace) call.trace = trace
    try {
      return await (api.context.with(api.trace.setSpan(parent, span as never) as never, () => next()) as ReturnType<
        typeof next
      >)
    } catch (thrown) {
      const { code, message } = BackplaneError.from(thrown)
      span.setAttribute('error.type', code)
      span.setStatus({ code: failed, message })
      throw thrown
    } finally {
      span.end()
    }
  }
}

/**
 * Gives a function that tells the trace which is under way, for `deviceConnect`'s `trace`: so a client's own calls and
 * events continue it. Give it the `@opentelemetry/api` module.
 */
export function activeTrace(api: TracingApi): () => TraceContext | undefined {
  return () => {
    const identity = api.trace.getSpanContext(api.context.active() as never)
    return identity && traceOf(identity)
  }
}

/** W3C's form of a span; `undefined` for the all-zero ids of a span that nobody records and that continues nothing. */
function traceOf({ traceId, spanId, traceFlags, traceState }: SpanIdentity): TraceContext | undefined {
  if (/^0*$/.test(traceId) || /^0*$/.test(spanId)) return undefined
  const tracestate = traceState?.serialize()
  const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
  return { traceparent, ...(tracestate ? { tracestate } : {}) }
}

function spanIdentityOf(api: TracingApi, { traceparent, tracestate }: TraceContext): object | undefined {
  const match = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/.exec(traceparent)
  if (!match) return undefined
  const [, traceId, spanId, flags = '00'] = match
  const traceState = tracestate === undefined ? {} : { traceState: api.createTraceState(tracestate) }
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true, ...traceState }
}
