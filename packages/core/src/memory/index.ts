/**
 * In-memory implementations of the contracts, with knobs for latency and faults: for tests, and for hosts that are alone.
 *
 * @packageDocumentation
 */
export { type ManualClock, manualClock } from './manual-clock.ts'
