/** The cost of core's own layers: dispatch through registry, interceptors and slot; import; a hot swap. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { type Call, createHost, type Interceptor, type PluginRuntime, type Value } from '@backplane/core'
import { buildSync } from 'esbuild'
import type { Row } from './harness.ts'

const double = async ({ n }: { n?: number }): Promise<Value> => (n ?? 0) * 2

/** The thinnest runtime there is, so that what is measured is the host. */
const direct = (): PluginRuntime => ({
  kind: 'direct',
  enforces: [],
  accepts: () => true,
  load: async () => ({
    functions: [{ name: 'double' }],
    events: [],
    start: async () => {},
    invoke: (call: Call) => double(call.params),
    stop: async () => {},
  }),
})

const through: Interceptor = (_call, _target, next) => next()

async function hostWith(interceptors: readonly Interceptor[]) {
  const host = createHost({ identity: { deviceId: 'bench' }, runtimes: [() => direct()], interceptors })
  await host.load({ manifest: { id: 'maths' } })
  return host
}

async function dispatch(interceptors: readonly Interceptor[], inFlight?: { signal: AbortSignal }) {
  const host = await hostWith(interceptors)
  return {
    run: () => host.call('double', { n: 21 }, inFlight),
    [Symbol.asyncDispose]: () => host.stop(),
  }
}

const bare = () => ({ run: () => double({ n: 21 }) })

const entry = fileURLToPath(new URL('../packages/core/src/index.ts', import.meta.url))
const bundle = () =>
  buildSync({ entryPoints: [entry], bundle: true, minify: true, format: 'esm', target: 'es2023', write: false })
    .outputFiles[0]?.contents ?? new Uint8Array()

/** Milliseconds that a whole process takes for `code`. */
function processMs(code: string): number {
  const began = performance.now()
  execFileSync(process.execPath, ['--input-type=module', '-e', code])
  return performance.now() - began
}

export const rows: Row[] = [
  { case: 'call', unit: 'ns', bar: '<= 1000 ns over baseline', ours: () => dispatch([]), baseline: bare },
  {
    case: 'call, 2 interceptors',
    unit: 'ns',
    bar: '<= 1000 ns over baseline',
    ours: () => dispatch([through, through]),
    baseline: bare,
  },
  {
    case: 'call with a signal',
    unit: 'ns',
    ours: () => dispatch([], { signal: new AbortController().signal }),
    baseline: bare,
  },
  {
    case: 'hot swap',
    unit: 'us',
    ours: async () => {
      const host = await hostWith([])
      return { run: () => host.reload('maths'), [Symbol.asyncDispose]: () => host.stop() }
    },
  },
  {
    case: 'process that imports it, over bare Node',
    unit: 'ms',
    bar: '<= 15 ms over baseline',
    once: true,
    ours: () => ({
      run: () =>
        processMs(`await import(${JSON.stringify(new URL('../packages/core/dist/index.js', import.meta.url).href)})`),
    }),
    baseline: () => ({ run: () => processMs('') }),
  },
  {
    case: 'main entry, minified and gzipped',
    unit: 'bytes',
    bar: '<= 10000 bytes',
    once: true,
    ours: () => ({ run: () => gzipSync(bundle(), { level: 9 }).length }),
  },
]
