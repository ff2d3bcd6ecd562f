import { createHash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import type { Row, Subject } from './harness.ts'

const payload = Buffer.alloc(1024, 7)
const hash = (): Subject => ({ run: () => createHash('sha256').update(payload).digest() })
const tick = (): Subject => ({ run: () => turn() })

/** The same work three times over: how far its ratios are from 1 is how much the harness and the machine add. */
export const rows: Row[] = [
  { case: 'SHA-256 of 1 KiB', unit: 'us', bar: '1', ours: hash, baseline: hash, peer: hash },
  { case: 'one turn of the event loop', unit: 'us', bar: '1', ours: tick, baseline: tick, peer: tick },
  { case: 'turns, 64 in flight', unit: 'calls/s', bar: '1', inFlight: 64, ours: tick, baseline: tick, peer: tick },
]
