import type { PluginRuntime, RuntimeContext, Value } from '../../src/index.ts'

/** A module as the engine sees it: numbers (VYRA) or a buffer (Extism) in and out, and what it imports. */
interface WasmModule {
  exports: Record<string, (...args: never[]) => unknown>
}
export type WasmImports = Record<string, (...args: never[]) => unknown>

interface VyraExport {
  name: string
  args?: { name: string; type: 'i32' }[]
}

/** VYRA's convention: `metadata.json` names exports and their i32 arguments; `host_*` imports are the host's. */
export const vyraRuntime = (): PluginRuntime => ({
  kind: 'wasm',
  enforces: ['limits.memory_mb', 'limits.timeout_ms', 'permissions.host', 'permissions.network'],
  accepts: ({ manifest }) => manifest.wasm?.abi === 'vyra',
  async load({ manifest, module }, context) {
    const instantiate = module as (imports: WasmImports) => WasmModule
    const { exports } = instantiate(vyraImports(context))
    const declared = (manifest.wasm?.exports ?? []) as VyraExport[]
    const run = (name: string, params: object): Value => {
      const entry = declared.find((one) => one.name === name)
      // A missing argument is 0, and numbers wrap to 32 bits: as the real runtime does.
      const args = (entry?.args ?? []).map((arg) => Number((params as Record<string, unknown>)[arg.name] ?? 0) | 0)
      const result = exports[name]?.(...(args as never[]))
      return result === undefined ? {} : { result: result as Value }
    }
    const hidden = ['init', 'get_state', 'set_state']
    return {
      functions: declared
        .filter(({ name }) => !hidden.includes(name))
        .map(({ name, args = [] }) => ({
          name,
          parameters: {
            type: 'object',
            properties: Object.fromEntries(args.map((arg) => [arg.name, { type: 'integer' }])),
          },
        })),
      events: [{ name: 'ui' }],
      async start({ state }) {
        if (state !== undefined) run('set_state', state as object)
        else run('init', (manifest.wasm?.initial_state ?? {}) as object)
      },
      async invoke(call) {
        const value = run(call.name, call.params)
        await context.emit('ui', { topic: `plugin.${call.name}.result`, data: value })
        return value
      },
      handOver: async () => ({ count: (run('get_state', {}) as { result: number }).result }),
      async stop() {},
    }
  },
})

const vyraImports = (context: RuntimeContext): WasmImports => ({
  host_log: ((level: number) => context.logger.info({ level }, 'guest')) as never,
})

/** Extism's: a function takes one buffer and gives one; config, variables, HTTP and host functions are imports. */
export const extismRuntime = (): PluginRuntime => ({
  kind: 'wasm',
  enforces: ['limits.memory_mb', 'limits.timeout_ms', 'permissions.host', 'permissions.network'],
  accepts: ({ manifest }) => manifest.wasm?.abi === 'extism',
  async load({ manifest, module }, context) {
    let input = new Uint8Array()
    let output = new Uint8Array()
    const instantiate = module as (imports: WasmImports) => WasmModule
    const { exports } = instantiate({
      input: (() => input) as never,
      output: ((bytes: Uint8Array<ArrayBuffer>) => {
        output = bytes
      }) as never,
      config: ((name: string) => context.config[name]) as never,
    })
    return {
      functions: Object.keys(exports).map((name) => ({
        name,
        description: `${manifest.id}.${name}: bytes in, bytes out`,
        parameters: { type: 'object', properties: { input: { type: 'string', contentEncoding: 'base64' } } },
      })),
      events: [],
      async start() {},
      async invoke(call) {
        const given = call.params.input ?? ''
        input = given instanceof Uint8Array ? new Uint8Array(given) : new TextEncoder().encode(String(given))
        const code = exports[call.name]?.()
        if (code !== 0) throw new Error(`the plugin returned ${String(code)}`)
        return output
      },
      async stop() {},
    }
  },
})
