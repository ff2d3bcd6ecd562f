import { Metadata } from '@grpc/grpc-js'
import * as api from '@opentelemetry/api'
import { afterEach, expect, it } from 'vitest'
import { openTelemetryHooks } from './open-telemetry.ts'

afterEach(() => {
  api.propagation.disable()
  api.trace.disable()
})

it('sends the trace context along and ends each span', () => {
  const spans: string[] = []
  const span = {
    ...api.trace.wrapSpanContext({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: 1,
    }),
    setAttribute: (key: string, value: unknown) => spans.push(`${key}=${String(value)}`),
    setStatus: ({ code }: { code: number }) => spans.push(`status ${code}`),
    end: () => spans.push('end'),
  }
  api.trace.setGlobalTracerProvider({
    getTracer: () => ({ startSpan: (name: string) => spans.push(name) && span }) as unknown as api.Tracer,
  })
  api.propagation.setGlobalPropagator({
    fields: () => ['traceparent'],
    extract: (context) => context,
    inject: (context, carrier, setter) =>
      setter.set(carrier, 'traceparent', api.trace.getSpan(context) === (span as unknown) ? 'ours' : 'none'),
  })
  const hooks = openTelemetryHooks(api, 'kv')
  const metadata = new Metadata()
  const ended = hooks.call?.({ method: '/proto.KV/Get', metadata })
  ended?.({ code: 5, details: 'not found', durationMs: 1 })
  hooks.started?.({ id: '1', version: 1, startMs: 2 })
  hooks.exited?.({ id: '1', expected: true, code: 0 })
  expect(metadata.get('traceparent')).toEqual(['ours'])
  expect(spans).toEqual(['proto.KV/Get', 'rpc.grpc.status_code=5', 'status 2', 'end'])
})
