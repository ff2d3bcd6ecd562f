import type {
  Call,
  FunctionDescriptor,
  Health,
  IncomingEvent,
  Params,
  PluginInstance,
  PluginRuntime,
  RuntimeContext,
  Value,
} from '../src/index.ts'

/** A plugin made of closures, or a function that makes a fresh one for each instance. */
export interface FakePlugin {
  functions?: Record<string, (params: Params, call: Call, context: RuntimeContext) => unknown>
  streams?: Record<string, FunctionDescriptor['stream']>
  setup?: (context: RuntimeContext, state?: Value) => unknown
  teardown?: () => unknown
  notify?: (event: IncomingEvent) => unknown
  reconfigure?: PluginInstance['reconfigure']
  health?: () => Health
  waiting?: () => PluginInstance['waiting']
  handOver?: () => Value
}

/** The simplest runtime that keeps the contract: plugins run in this process, as they are given. */
export function fakeRuntime(): () => PluginRuntime {
  return () => ({
    kind: 'fake',
    enforces: [],
    accepts: () => true,
    async load(source, context) {
      const fake = (typeof source.module === 'function' ? source.module() : source.module) as FakePlugin
      const { setup, teardown, notify, health, handOver, functions = {} } = fake
      return {
        functions: Object.keys(functions).map((name) => ({
          name,
          ...(fake.streams?.[name] ? { stream: fake.streams[name] } : {}),
        })),
        get waiting() {
          return fake.waiting?.()
        },
        events: [],
        async start({ state }) {
          await setup?.(context, state)
        },
        async invoke(call) {
          return ((await functions[call.name]?.(call.params, call, context)) ?? null) as Value
        },
        async stop() {
          await teardown?.()
        },
        ...(notify ? { notify: async (event) => void (await notify(event)) } : {}),
        ...(health ? { health: async () => health() } : {}),
        ...(handOver ? { handOver: async () => handOver() } : {}),
        ...(fake.reconfigure ? { reconfigure: fake.reconfigure } : {}),
      }
    },
  })
}
