import type { FunctionDescriptor, Manifest, Params, PluginRuntime, Value } from '../../src/index.ts'

type Handle = object
type Config = Record<string, { type: string; default: string; value?: string; description: string }>
export interface Reading {
  asset: string
  timestamp: string
  readings: Record<string, number>
}

/** The entry points of a Fledge plugin module, C or Python alike. */
export interface FledgeModule {
  plugin_info(): {
    name: string
    version: string
    type: 'south' | 'north' | 'filter'
    mode: string
    interface: string
    config: Config
  }
  plugin_init(config: Config): Handle
  plugin_start?(handle: Handle, data: string): void
  plugin_poll?(handle: Handle): Reading[]
  plugin_register_ingest?(handle: Handle, callback: (data: unknown, readings: Reading[]) => void, data: unknown): void
  plugin_write?(handle: Handle, name: string, value: string): boolean
  plugin_send?(handle: Handle, readings: Reading[]): Promise<number>
  plugin_ingest?(handle: Handle, readings: Reading[], output: (readings: Reading[]) => void): void
  plugin_reconfigure(handle: Handle, config: Config): Handle
  plugin_shutdown(handle: Handle): string | undefined
}

const functions: Record<string, FunctionDescriptor> = {
  plugin_poll: { name: 'poll' },
  plugin_write: { name: 'write', parameters: { type: 'object', required: ['name', 'value'] } },
  plugin_send: { name: 'send', parameters: { type: 'object', required: ['readings'] } },
  plugin_ingest: { name: 'ingest', parameters: { type: 'object', required: ['readings'] }, stream: 'items' },
}

/**
 * There is no manifest: `plugin_info` says everything, configuration included. The service kind decides who calls what.
 */
export const fledgeRuntime = (): PluginRuntime => ({
  kind: 'python',
  enforces: [],
  accepts: ({ module }) => typeof (module as Partial<FledgeModule>).plugin_info === 'function',
  async describe({ manifest, module }) {
    const info = (module as FledgeModule).plugin_info()
    const mode = info.mode.includes('async') ? 'async' : 'poll'
    return {
      ...manifest,
      version: info.version,
      service: { kind: info.type, mode },
      config: info.config,
    } as unknown as Manifest
  },
  async load({ manifest, module }, context) {
    const plugin = module as FledgeModule
    let handle: Handle = {}
    let persisted: string | undefined
    const configOf = (values: Params): Config =>
      Object.fromEntries(
        Object.entries((manifest.config ?? {}) as unknown as Config).map(([name, item]) => [
          name,
          { ...item, value: String(values[name]) },
        ]),
      )
    // biome-ignore lint/suspicious/noExplicitAny: parameters come as their schema says
    const run: Record<string, (params: any, send: (item: Value) => Promise<void>) => unknown> = {
      poll: () => plugin.plugin_poll?.(handle),
      write: ({ name, value }) => plugin.plugin_write?.(handle, name, value),
      send: ({ readings }) => plugin.plugin_send?.(handle, readings),
      ingest: async ({ readings }, send) => {
        const sent: Promise<void>[] = []
        plugin.plugin_ingest?.(handle, readings, (out) => sent.push(send(out as never)))
        await Promise.all(sent)
      },
    }
    return {
      functions: Object.entries(functions)
        .filter(([entry]) => plugin[entry as keyof FledgeModule])
        .map(([, descriptor]) => descriptor),
      events: plugin.plugin_register_ingest ? [{ name: 'readings' }] : [],
      async start({ state }) {
        handle = plugin.plugin_init(configOf(context.config))
        plugin.plugin_register_ingest?.(
          handle,
          (_, readings) => void context.emit('readings', { readings: readings as never }),
          null,
        )
        plugin.plugin_start?.(handle, typeof state === 'string' ? state : '{}')
      },
      invoke: async (call) =>
        ((await run[call.name]?.(call.params as never, (item) => call.send(item))) ?? null) as Value,
      async reconfigure({ values }) {
        // Refusing keeps the old handle; upstream shuts the service down instead.
        handle = plugin.plugin_reconfigure(handle, configOf(values))
      },
      async handOver() {
        persisted = plugin.plugin_shutdown(handle)
        return persisted ?? '{}'
      },
      async stop() {
        if (persisted === undefined) plugin.plugin_shutdown(handle)
      },
    }
  },
})
