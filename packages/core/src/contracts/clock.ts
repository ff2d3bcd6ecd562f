/**
 * Where time comes from; injected wherever time decides anything, so tests run on `manualClock` of
 * `@backplane/core/memory`.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Calls `run` once after `delayMs`; gives what cancels it. */
  after(delayMs: number, run: () => void): Timer
}

/** A pending call of {@link Clock.after}. */
export interface Timer {
  /** Cancels the call; harmless once it has run. */
  cancel(): void
  /** Lets a process end that has nothing else to wait for; absent where a clock cannot. */
  unref?(): void
}
