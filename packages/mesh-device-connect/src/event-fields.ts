import type { Params, TraceContext } from '@backplane/core'
import { hex, isoSeconds } from './ids.ts'

const fields = ['event_id', 'ts', 'device_id', '_traceparent', '_tracestate']

/**
 * Adds what Device Connect puts into every event: `event_id` and `ts` (as Python devices do), and `device_id`, which
 * agents read and Python devices forget; and the trace, where one is under way. The emitter's own fields win, as in Python.
 *
 * An `event_id` of eight digits beside the others says that all were added, so that the other side may take them
 * out again; where the emitter brings one of them itself, the id is longer, or `device_id` is left to it.
 */
export function addFields(payload: Params, device: string, now: number, trace?: TraceContext): Params {
  const own = fields.filter((key) => payload[key] !== undefined)
  return {
    ...(own.includes('event_id') ? {} : { device_id: device }),
    event_id: hex(own.length === 0 ? 8 : 12),
    ts: isoSeconds(now),
    ...(trace ? { _traceparent: trace.traceparent } : {}),
    ...(trace?.tracestate ? { _tracestate: trace.tracestate } : {}),
    ...payload,
  }
}

/** Takes out what {@link addFields} put in, so that a payload arrives as it was emitted. A Python device's stays whole. */
export function removeFields(params: Params, device: string): Params {
  const { event_id, ts, device_id, _traceparent, _tracestate, ...payload } = params
  const isAdded =
    device_id === device &&
    /^[0-9a-f]{8}$/.test(String(event_id)) &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(String(ts))
  return isAdded ? payload : params
}
