import type { Call, Clock, Manifest, PluginInstance, RuntimeContext, Value } from '@backplane/core'
import { untilAborted } from './aborted.ts'
import type { PluginDefinition } from './authoring/plugin.ts'
import { Program } from './program/program.ts'

/** Makes an instance that runs on the host's own thread: nothing contains it. Throws `BP_PLUGIN_LOAD_FAILED`. */
export function inProcess(
  definition: PluginDefinition,
  manifest: Manifest,
  context: RuntimeContext,
  clock: Clock,
): PluginInstance {
  const program = new Program({ definition, manifest, context, clock })
  const { functions, events, subscriptions, routines, has } = program.description
  return {
    functions,
    events,
    subscriptions,
    routines,
    start: ({ state, signal }) => untilAborted(program.start(state), signal),
    invoke: (call) => invoke(program, call),
    ...(has.notify ? { notify: (event) => program.notify(event) } : {}),
    ...(has.reconfigure ? { reconfigure: (change) => program.reconfigure(change) } : {}),
    health: ({ signal }) => untilAborted(program.health(), signal),
    ...(has.handOver
      ? { handOver: ({ signal }: { signal: AbortSignal }) => untilAborted(program.handOver(), signal) }
      : {}),
    // There is no force on one's own thread: what does not end in time is left behind.
    stop: ({ signal }) => untilAborted(program.stop(), signal).catch(() => {}),
  }
}

/** A function that has answered already needs no watch over its signal, which costs more than the call. */
async function invoke(program: Program, call: Call): Promise<Value> {
  const answer = program.invoke(call)
  return answer instanceof Promise ? untilAborted(answer, call.signal) : answer
}
