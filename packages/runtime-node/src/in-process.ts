import {
  type Call,
  type Clock,
  coreError,
  type Manifest,
  type PluginInstance,
  type RuntimeContext,
  throwIfAborted,
  type Value,
} from '@backplane/core'
import { carried, untilAborted } from '@backplane/core/runtime'
import type { PluginDefinition } from './authoring/plugin.ts'
import { Program } from './program/program.ts'

/** Makes an instance that runs on the host's own thread: nothing contains it. Throws `BP_PLUGIN_LOAD_FAILED`. */
export function inProcess(
  definition: PluginDefinition,
  manifest: Manifest,
  context: RuntimeContext,
  clock: Clock,
): PluginInstance {
  const program = new Program({ definition, manifest, context, clock, changed: () => context.changed() })
  const { events, subscriptions, routines, has } = program.description
  const ended = new AbortController()

  /** A function that has answered already needs no watch over its signal. */
  async function invoke(call: Call): Promise<Value> {
    throwIfAborted(call.signal)
    throwIfAborted(ended.signal)
    const answer = program.invoke(call, carried(call.params))
    return answer instanceof Promise ? untilAborted(untilAborted(answer, call.signal), ended.signal) : answer
  }

  return {
    get functions() {
      return program.description.functions
    },
    events,
    subscriptions,
    routines,
    start: ({ state, signal }) => untilAborted(program.start(state), signal),
    invoke,
    ...(has.notify ? { notify: (event) => program.notify(event) } : {}),
    ...(has.reconfigure ? { reconfigure: (change) => program.reconfigure(change) } : {}),
    health: ({ signal }) => untilAborted(program.health(), signal),
    ...(has.handOver
      ? { handOver: ({ signal }: { signal: AbortSignal }) => untilAborted(program.handOver(), signal) }
      : {}),
    // There is no force on one's own thread: what does not end in time is left behind.
    async stop({ signal }) {
      await untilAborted(program.stop(), signal).catch(() => {})
      ended.abort(coreError('BP_ABORTED', { message: `Plugin '${manifest.id}' has been stopped.` }))
    },
  }
}
