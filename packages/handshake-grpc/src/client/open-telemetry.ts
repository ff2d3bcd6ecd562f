import type { PluginHooks } from './hooks.ts'

interface Attributes {
  [key: string]: string | number | boolean
}

/** The part of `@opentelemetry/api` that is used; the module itself fits as it is. */
export interface OpenTelemetryApi {
  readonly trace: {
    getTracer(name: string): {
      startSpan(
        name: string,
        options: { kind: number; attributes: Attributes },
      ): {
        setAttribute(key: string, value: string | number): unknown
        setStatus(status: { code: number; message?: string }): unknown
        end(): void
      }
    }
    setSpan(context: never, span: never): unknown
  }
  readonly context: { active(): unknown }
  readonly propagation: {
    inject(context: never, carrier: unknown, setter: { set(carrier: never, key: string, value: string): void }): void
  }
  readonly metrics: {
    getMeter(name: string): {
      createHistogram(name: string, options: { unit: string }): { record(value: number, attributes: Attributes): void }
      createCounter(name: string): { add(value: number, attributes: Attributes): void }
    }
  }
}

/**
 * Makes hooks that give each call a client span with its trace context sent along, and record durations, starts and
 * exits. Give it the `@opentelemetry/api` module; without one, leave the hooks out.
 *
 * Names follow OpenTelemetry's conventions for RPC: `rpc.client.duration` in milliseconds, `rpc.method`, `rpc.service`.
 */
export function openTelemetryHooks(api: OpenTelemetryApi, plugin: string): PluginHooks {
  const name = '@backplane/handshake-grpc'
  const tracer = api.trace.getTracer(name)
  const meter = api.metrics.getMeter(name)
  const duration = meter.createHistogram('rpc.client.duration', { unit: 'ms' })
  const starts = meter.createHistogram('backplane.plugin.start.duration', { unit: 'ms' })
  const failures = meter.createCounter('backplane.plugin.start.failures')
  const exits = meter.createCounter('backplane.plugin.exits')
  const attributes = { 'backplane.plugin': plugin }
  return {
    started: ({ startMs }) => starts.record(startMs, attributes),
    startFailed: () => failures.add(1, attributes),
    exited: ({ expected }) => exits.add(1, { ...attributes, expected }),
    call({ method, metadata }) {
      const [, service = '', rpc = ''] = method.split('/')
      const facts = { ...attributes, 'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': rpc }
      // 2 is SpanKind.CLIENT.
      const span = tracer.startSpan(method.slice(1), { kind: 2, attributes: facts })
      const context = api.trace.setSpan(api.context.active() as never, span as never)
      api.propagation.inject(context as never, metadata, { set: (_, key, value) => metadata.set(key, value) })
      return ({ code, details, durationMs }) => {
        span.setAttribute('rpc.grpc.status_code', code)
        // 2 is SpanStatusCode.ERROR.
        if (code !== 0) span.setStatus({ code: 2, message: details })
        span.end()
        duration.record(durationMs, { ...facts, 'rpc.grpc.status_code': code })
      }
    },
  }
}
