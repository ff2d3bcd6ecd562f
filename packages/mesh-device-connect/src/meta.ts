import type { Caller, Params, TraceContext } from '@backplane/core'
import { isObject } from './json.ts'

/** What `params._dc_meta` says of a call, and the parameters without it. */
export interface Meta {
  readonly params: Params
  readonly caller: Caller
  readonly trace?: TraceContext
  readonly timeoutMs?: number
}

const anonymous: Caller = { kind: 'mesh' }
const traceparent = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/
const shortTrace = /^[0-9a-f]{16}$/

/**
 * Takes `_dc_meta` out of a call's parameters. `source_device` is a claim: Device Connect proves nothing about it.
 * `trace_id` (16 hex), which Python sends where it has no OpenTelemetry, becomes a trace context of its own.
 */
export function takeMeta(params: Params): Meta {
  if (!('_dc_meta' in params)) return { params, caller: anonymous }
  const { _dc_meta: meta, ...rest } = params
  if (!isObject(meta)) return { params: rest, caller: anonymous }
  const { source_device: id, timeout_ms: timeoutMs } = meta
  const trace = traceOf(meta.traceparent, meta.tracestate, meta.trace_id)
  return {
    params: rest,
    caller: typeof id === 'string' && id !== '' ? { kind: 'mesh', id } : anonymous,
    ...(trace ? { trace } : {}),
    ...(Number.isFinite(timeoutMs) && (timeoutMs as number) > 0 ? { timeoutMs: timeoutMs as number } : {}),
  }
}

/** Adds `_dc_meta` to a call's parameters: who asks, its trace, and how long it waits (a key that only we read). */
export function putMeta(params: Params, device: string, timeoutMs: number, trace?: TraceContext): Params {
  const meta: Params = {
    source_device: device,
    source_type: 'device',
    timeout_ms: timeoutMs,
    ...(trace ? { traceparent: trace.traceparent } : {}),
    ...(trace?.tracestate ? { tracestate: trace.tracestate } : {}),
  }
  return { ...params, _dc_meta: meta }
}

function traceOf(parent: unknown, state: unknown, id: unknown): TraceContext | undefined {
  if (typeof parent === 'string' && traceparent.test(parent)) {
    return { traceparent: parent, ...(typeof state === 'string' && state !== '' ? { tracestate: state } : {}) }
  }
  if (typeof id !== 'string' || !shortTrace.test(id) || /^0+$/.test(id)) return undefined
  return { traceparent: `00-${id.padStart(32, '0')}-${id}-01` }
}
