import { coreError, type Params, type PluginInstance, systemClock, type Value } from '@backplane/core'

/** What is common to the calls of a Fledge plugin. */
export interface FledgeCallOptions {
  /** Gives the call up: asynchronous entry points are cancelled, and one that has not begun does not begin. */
  readonly signal?: AbortSignal
  /**
   * Longest that it may take, in milliseconds; an entry point that blocks beyond it costs the process.
   * @default 30000
   */
  readonly timeoutMs?: number
}

/**
 * Calls an instance as its slot would, with a deadline. Rejects with `BP_TIMEOUT`, `BP_ABORTED` or what the plugin
 * fails with.
 */
export async function called(
  instance: PluginInstance,
  name: string,
  params: Params,
  { signal, timeoutMs = 30_000 }: FledgeCallOptions = {},
): Promise<Value> {
  const late = new AbortController()
  const timer = systemClock.after(timeoutMs, () => {
    late.abort(coreError('BP_TIMEOUT', { details: { what: `The call '${name}'`, timeoutMs } }))
  })
  try {
    return await instance.invoke({
      name,
      params,
      signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal,
      deadline: systemClock.now() + timeoutMs,
      caller: { kind: 'local' },
      send: async () => {},
    })
  } finally {
    timer.cancel()
  }
}
