import { Admission } from './admission.ts'
import type { PluginRuntime, PluginSource } from './contracts/runtime.ts'
import { within } from './deadline.ts'
import { defaultPolicy, type Policy } from './restart-policy.ts'
import type { SlotComponents } from './slot-components.ts'
import { Supervisor } from './supervisor.ts'

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
export function fit(source: PluginSource, parts: SlotComponents): Fitting {
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
export async function described(fitting: Fitting, parts: SlotComponents, signal: AbortSignal): Promise<Fitting> {
  const { source, runtime, startTimeoutMs: timeoutMs } = fitting
  if (!runtime.describe) return fitting
  const { id } = source.manifest
  const what = `Describing plugin '${id}'`
  const manifest = await within(runtime.describe(source, { signal }), { clock: parts.clock, timeoutMs, what, signal })
  return fit({ ...source, manifest: { ...manifest, id } }, parts)
}
