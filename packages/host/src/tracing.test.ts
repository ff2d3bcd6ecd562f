import {
  type Call,
  createHost,
  type HostInit,
  type Params,
  type PluginContext,
  silentLogger,
  systemClock,
} from '@backplane/core'
import { functionRuntime, memoryNetwork, memoryTransport } from '@backplane/core/memory'
import { deviceConnect } from '@backplane/mesh-device-connect'
import * as api from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { activeTrace, tracing } from './tracing.ts'

const exporter = new InMemorySpanExporter()

beforeAll(() => {
  api.trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }))
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
})
beforeEach(() => exporter.reset())
afterAll(() => {
  api.trace.disable()
  api.context.disable()
})

function spans() {
  return Object.fromEntries(
    exporter.getFinishedSpans().map((span) => [
      span.name,
      {
        id: span.spanContext().spanId,
        trace: span.spanContext().traceId,
        parent: span.parentSpanContext?.spanId,
        span,
      },
    ]),
  )
}

describe('tracing', () => {
  test('continues the trace of a traced agent into the plugin, what that calls here, and what it calls on other devices', async () => {
    const network = memoryNetwork()
    const transport = memoryTransport({ network })
    const mesh = deviceConnect({ transport, claimTimeoutMs: 50 })
    const shared: Pick<HostInit, 'interceptors' | 'mesh'> = { interceptors: [tracing(api)], mesh }
    const far = createHost({
      identity: { deviceId: 'far' },
      ...shared,
      functions: [{ descriptor: { name: 'measure' }, run: () => 42 }],
    })
    const near = createHost({ identity: { deviceId: 'near' }, ...shared, runtimes: [functionRuntime()] })
    await using _far = far
    await using _near = near
    await far.start()
    await near.start()
    const traces: (string | undefined)[] = []
    await near.load({
      manifest: { id: 'middle', runtime: 'function' },
      module: {
        functions: {
          ask: async (_: Params, { trace }: Call, { invoke }: PluginContext) => {
            traces.push(trace?.traceparent)
            const onward = trace ? { trace } : {}
            const far = await invoke('measure', {}, { device: 'far', ...onward })
            return Number(far) + Number(await invoke('local', {}, onward))
          },
          local: () => 1,
        },
      },
    })
    const agent = deviceConnect({ transport, trace: activeTrace(api) })({
      identity: { deviceId: 'agent' },
      logger: silentLogger,
      clock: systemClock,
    })
    await using _agent = agent
    await agent.connect()

    const root = api.trace.getTracer('agent').startSpan('task')
    const result = await api.context.with(api.trace.setSpan(api.context.active(), root), () =>
      agent.invoke('near', 'ask'),
    )
    root.end()

    expect(result).toBe(43)
    const { task, 'rpc/ask': ask, 'rpc/measure': measure, 'rpc/local': local } = spans()
    expect(new Set([task, ask, measure, local].map((one) => one?.trace)).size).toBe(1)
    expect(ask?.parent).toBe(task?.id)
    expect(measure?.parent).toBe(ask?.id)
    expect(local?.parent).toBe(ask?.id)
    expect(traces).toEqual([`00-${task?.trace}-${ask?.id}-01`])
    expect(ask?.span.kind).toBe(api.SpanKind.SERVER)
    expect(local?.span.kind).toBe(api.SpanKind.INTERNAL)
    expect(ask?.span.attributes).toMatchObject({ 'rpc.method': 'ask', 'backplane.caller': 'agent' })
  })

  test('keeps the trace state, and what runs in a call in its span', async () => {
    let seen: string | undefined
    const run = () => {
      seen = activeTrace(api)()?.tracestate
      return null
    }
    await using host = createHost({
      identity: { deviceId: 'h' },
      interceptors: [tracing(api)],
      functions: [{ descriptor: { name: 'f' }, run }],
    })
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    await host.call('f', {}, { trace: { traceparent, tracestate: 'vendor=1' } })
    expect(seen).toBe('vendor=1')
    expect(spans()['rpc/f']).toMatchObject({ trace: '0af7651916cd43dd8448eb211c80319c', parent: 'b7ad6b7169203331' })
  })

  test('marks a call that failed, and throws what it threw', async () => {
    const run = () => {
      throw new Error('the sensor is gone')
    }
    await using host = createHost({
      identity: { deviceId: 'h' },
      interceptors: [tracing(api)],
      functions: [{ descriptor: { name: 'f' }, run }],
    })
    await expect(host.call('f')).rejects.toThrow('the sensor is gone')
    const { span } = spans()['rpc/f']!
    expect(span.status).toMatchObject({ code: api.SpanStatusCode.ERROR, message: expect.stringContaining('sensor') })
    expect(span.attributes['error.type']).toMatch(/^BP_/)
  })

  test('begins a trace where the caller has none, and passes over a traceparent that is none', async () => {
    await using host = createHost({
      identity: { deviceId: 'h' },
      interceptors: [tracing(api)],
      functions: [{ descriptor: { name: 'f' }, run: (_, call) => call.trace?.traceparent ?? null }],
    })
    expect(await host.call('f')).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    const odd = await host.call('f', {}, { trace: { traceparent: 'nonsense' } })
    expect(odd).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
  })
})

test('without an SDK, the trace of the caller goes on as it is', async () => {
  api.trace.disable()
  api.context.disable()
  await using host = createHost({
    identity: { deviceId: 'h' },
    interceptors: [tracing(api)],
    functions: [{ descriptor: { name: 'f' }, run: (_, call) => call.trace?.traceparent ?? null }],
  })
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  expect(await host.call('f', {}, { trace: { traceparent } })).toBe(traceparent)
  expect(await host.call('f')).toBeNull()
  expect(activeTrace(api)()).toBeUndefined()
})
