import type { Params, TraceContext } from '@backplane/core'
import { hex, isoSeconds } from './ids.ts'

const fields = ['event_id', 'ts', 'device_id', '_traceparent', '_tracestate']

/**
 * Adds what Device Connect puts into every event: `event_id` and `ts` (as Python devices do), and `device_id`, which
 * agents read and Python devices forget; and the trace, where one is under way. The emitter's own fields win, as in
 * Python.
 *
 * A `device_id` before an `event_id` of eight digits says that all were added, so that the other side may take them out
 * again. Where the emitter brings one of them itself, the id is longer; where that is the `event_id`, `device_id` comes
 * last.
 */
export function addFields(payload: Params, device: string, now: number, trace?: TraceContext): Params {
  const own = fields.filter((key) => payload[key] !== undefined)
  const { device_id = device, ...rest } = payload
  const known = {
    ts: isoSeconds(now),
    ...(trace ? { _traceparent: trace.traceparent } : {}),
    ...(trace?.tracestate ? { _tracestate: trace.tracestate } : {}),
  }
  if (own.includes('event_id')) return { ...known, ...rest, device_id }
  return { device_id, event_id: hex(own.length === 0 ? 8 : 12), ...known, ...rest }
}

/**
 * Takes out what {@link addFields} put in, so that a payload arrives as it was emitted. A Python device's stays whole.
 */
export function removeFields(params: Params, device: string): Params {
  const { event_id, ts, device_id, _traceparent, _tracestate, ...payload } = params
  const keys = Object.keys(params)
  const isAdded =
    device_id === device &&
    keys.indexOf('device_id') < keys.indexOf('event_id') &&
    /^[0-9a-f]{8}$/.test(String(event_id)) &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(String(ts))
  return isAdded ? payload : params
}
