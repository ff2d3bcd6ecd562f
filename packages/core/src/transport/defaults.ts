/** What the contract of a transport says where its caller does not; times are in milliseconds. */
export const transportDefaults = {
  timeoutMs: 10_000,
  requestTimeoutMs: 5000,
  maxPending: 65_536,
  drainMs: 1000,
} as const
