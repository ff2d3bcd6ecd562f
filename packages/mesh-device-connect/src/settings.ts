import type { Params, TraceContext } from '@backplane/core'
import type { DeviceConnectInit } from './contract.ts'
import { invalid } from './subjects.ts'

/** What {@link deviceConnect}'s options come down to. */
export interface Settings {
  readonly discovery: 'd2d' | 'infra'
  readonly ttlSeconds: number
  readonly pageSize: number
  readonly registerJitterMs: number
  readonly dependsOn: readonly string[]
  readonly dependsTimeoutMs: number
  readonly trace: () => TraceContext | undefined
  readonly status: () => Params
  readonly debounceMs: number
  readonly claimTimeoutMs: number
  readonly maxWaitingEvents: number
}

/** Checks and completes the options. Throws `BP_INVALID_ARGUMENT`. */
export function settingsOf(init: DeviceConnectInit): Settings {
  const { discovery = 'd2d', ttlSeconds = 15, pageSize = 100 } = init
  if (!['d2d', 'p2p', 'infra'].includes(discovery)) {
    throw invalid(`The discovery mode '${discovery}'`, "it must be 'd2d', 'p2p' or 'infra'")
  }
  for (const [what, value] of Object.entries({ ttlSeconds, pageSize })) {
    if (!Number.isInteger(value) || value < 1) throw invalid(what, 'it must be a whole number, at least 1')
  }
  return {
    discovery: discovery === 'infra' ? 'infra' : 'd2d',
    ttlSeconds,
    pageSize,
    status: init.status ?? (() => ({})),
    debounceMs: init.debounceMs ?? 100,
    claimTimeoutMs: init.claimTimeoutMs ?? 1_000,
    registerJitterMs: init.registerJitterMs ?? 2_000,
    dependsOn: init.dependsOn ?? [],
    dependsTimeoutMs: init.dependsTimeoutMs ?? 30_000,
    trace: init.trace ?? (() => undefined),
    maxWaitingEvents: init.maxWaitingEvents ?? 10_000,
  }
}
