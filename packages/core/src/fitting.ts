import { Admission } from './admission.ts'
import type { Clock } from './contracts/clock.ts'
import type { RestartPolicy } from './contracts/manifest.ts'
import type { PluginRuntime, PluginSource } from './contracts/runtime.ts'
import { within } from './deadline.ts'
import { defaultPolicy, type Policy } from './restart-policy.ts'
import { Supervisor } from './supervisor.ts'

/** The parts of a host from which a fitting is made. */
export interface FittingComponents {
  readonly clock: Clock
  readonly random: () => number
  readonly restart: RestartPolicy
  /** Chooses the runtime of a plugin; throws `BP_RUNTIME_MISSING`. */
  runtimeFor(source: PluginSource): PluginRuntime
}

/** A source together with everything that follows from it; a reload replaces it as a whole. */
export interface Fitting {
  readonly source: PluginSource
  readonly runtime: PluginRuntime
  readonly policy: Policy
  /** How long an instance may take to load, and then to start. */
  readonly startTimeoutMs: number
  readonly supervisor: Supervisor
  readonly admission: Admission
}

/** Works out everything that follows from a source. Throws `BP_RUNTIME_MISSING`. */
export function fit(source: PluginSource, parts: FittingComponents): Fitting {
  const { clock } = parts
  const { id, limits = {}, restart } = source.manifest
  const policy = { ...defaultPolicy, ...parts.restart, ...restart }
  return {
    source,
    runtime: parts.runtimeFor(source),
    policy,
    startTimeoutMs: limits.start_timeout_ms ?? 30_000,
    supervisor: new Supervisor(policy, clock, parts.random),
    admission: new Admission(id, limits, clock),
  }
}

/** Adds what the code says about itself. Never renames the plugin. */
export async function described(fitting: Fitting, parts: FittingComponents, signal: AbortSignal): Promise<Fitting> {
  const { source, runtime, startTimeoutMs: timeoutMs } = fitting
  if (!runtime.describe) return fitting
  const { id } = source.manifest
  const what = `Describing plugin '${id}'`
  const manifest = await within(runtime.describe(source, { signal }), { clock: parts.clock, timeoutMs, what, signal })
  return fit({ ...source, manifest: { ...manifest, id } }, parts)
}
