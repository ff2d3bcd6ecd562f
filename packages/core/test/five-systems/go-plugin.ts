import { coreError, type PluginRuntime, type Value } from '../../src/index.ts'

/** A connected go-plugin process: its gRPC services, the broker through which it calls back, and its end. */
export interface Process {
  unary: Record<string, (request: Record<string, unknown>) => Promise<Record<string, unknown>>>
  serverStream: Record<
    string,
    (request: Record<string, unknown>, signal: AbortSignal) => AsyncIterable<Record<string, unknown>>
  >
  health(): 'SERVING' | 'NOT_SERVING'
  shutdown(): Promise<void>
  kill(): void
  onExit: (code: number) => void
}

/** What the host serves on the broker for the plugin to dial. */
export type Broker = (method: string, request: Record<string, unknown>) => Promise<unknown>

/** hashicorp/go-plugin: a process started with a cookie, its methods reached as `<Service>.<Method>`. */
export const processRuntime = (spawn: (command: string, broker: Broker) => Process): PluginRuntime => ({
  kind: 'process',
  enforces: ['limits.memory_mb', 'limits.open_files'],
  accepts: ({ manifest }) => manifest.process !== undefined,
  async load({ manifest }, context) {
    const child = spawn(String(manifest.process?.command), (method, request) =>
      context.invoke(method, request as never),
    )
    child.onExit = (code) =>
      context.exited(coreError('BP_PLUGIN_EXITED', { details: { plugin: manifest.id, reason: `exit code ${code}` } }))
    return {
      functions: [
        ...Object.keys(child.unary).map((name) => ({ name })),
        ...Object.keys(child.serverStream).map((name) => ({ name, stream: 'items' as const })),
      ],
      events: [],
      async start() {},
      health: async () => ({ ok: child.health() === 'SERVING' }),
      async invoke(call) {
        const stream = child.serverStream[call.name]
        if (!stream) return (await child.unary[call.name]?.(call.params)) as Value
        for await (const item of stream(call.params, call.signal)) await call.send(item as Value)
        return null
      },
      async stop({ signal }) {
        signal.addEventListener('abort', () => child.kill(), { once: true })
        await child.shutdown()
      },
    }
  },
})
