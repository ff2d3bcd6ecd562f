import type { FunctionDescriptor, PluginInstance, PluginRuntime, RuntimeContext, Value } from '../../src/index.ts'

/** What Device Connect's loader finds in a capability class: its decorated methods. */
export interface Capability {
  rpc: Record<string, { parameters?: object; run: (params: Record<string, unknown>) => unknown }>
  emit: Record<string, object | undefined>
  periodic: Record<string, { intervalMs: number; run: () => unknown }>
  on?: { device?: string; event?: string; run: (device: string, event: string, payload: unknown) => unknown }[]
  start?: () => unknown
  stop?: () => unknown
}

/** The `device` that a capability's constructor is given. */
export interface DeviceHandle {
  emit(event: string, payload: Record<string, unknown>): Promise<void>
  invoke_remote(device: string, fn: string, params: Record<string, unknown>): Promise<unknown>
}

/** Python folders: `manifest.json` and `capability.py`, a class with decorated methods. */
export const pythonRuntime = (): PluginRuntime => ({
  kind: 'python',
  enforces: ['limits.memory_mb', 'limits.cpu_seconds'],
  accepts: ({ manifest }) => manifest.entry_point?.endsWith('.py') === true,
  async load(source, context) {
    const make = source.module as (device: DeviceHandle) => Capability
    return capabilityInstance(make(deviceOf(context)))
  },
})

function deviceOf(context: RuntimeContext): DeviceHandle {
  return {
    emit: (event, payload) => context.emit(event, payload as never),
    invoke_remote: (device, fn, params) => context.invoke(fn, params as never, { device }),
  }
}

function capabilityInstance(capability: Capability): PluginInstance {
  const timers: ReturnType<typeof setInterval>[] = []
  return {
    functions: Object.entries(capability.rpc).map(([name, { parameters }]) => describe(name, parameters)),
    events: Object.entries(capability.emit).map(([name, payload]) => ({
      name,
      ...(payload ? { payload: payload as never } : {}),
    })),
    routines: Object.keys(capability.periodic),
    subscriptions: (capability.on ?? []).map(({ device, event }) => ({
      ...(device ? { device } : {}),
      ...(event ? { event } : {}),
    })),
    async start() {
      await capability.start?.()
      for (const { run, intervalMs } of Object.values(capability.periodic)) {
        run()
        timers.push(setInterval(run, intervalMs))
      }
    },
    invoke: async (call) => (await capability.rpc[call.name]?.run(call.params)) as Value,
    async notify({ device, event, payload }) {
      for (const handler of capability.on ?? []) await handler.run(device, event, payload)
    },
    async stop() {
      for (const timer of timers) clearInterval(timer)
      await capability.stop?.()
    },
  }
}

const describe = (name: string, parameters: object | undefined): FunctionDescriptor => ({
  name,
  parameters: (parameters ?? { type: 'object', properties: {}, required: [] }) as never,
})

/** A container that speaks the sidecar's HTTP: `/health`, `/functions`, `/invoke/{fn}`. */
export interface Container {
  get(path: '/health'): { status: string; loaded: boolean }
  get(path: '/functions'): { schemas: Record<string, { description: string; parameters: object }> }
  post(
    path: string,
    body: unknown,
  ): Promise<{ status: 'success'; result: unknown } | { status: 'error'; message: string }>
  kill(): void
}

/** Docker manifests: the engine runs the image, the host proxies its functions. */
export const sidecarRuntime = (run: (image: string, env: unknown) => Container): PluginRuntime => ({
  kind: 'sidecar',
  enforces: ['limits.memory_mb', 'permissions.network'],
  accepts: ({ manifest }) => manifest.runtime === 'sidecar',
  async load({ manifest }) {
    const container = run(String(manifest.sidecar?.image), manifest.sidecar?.env)
    const { schemas } = container.get('/functions')
    return {
      functions: Object.entries(schemas).map(([name, schema]) => ({ name, ...schema }) as FunctionDescriptor),
      events: [],
      async start() {},
      async health() {
        const { status, loaded } = container.get('/health')
        return { ok: status === 'ok' && loaded }
      },
      async invoke(call) {
        const answer = await container.post(`/invoke/${call.name}`, call.params)
        if (answer.status === 'error') throw new Error(answer.message)
        return answer.result as Value
      },
      async stop() {
        container.kill()
      },
    }
  },
})
