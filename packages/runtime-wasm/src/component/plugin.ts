import { coreError, type FunctionDescriptor, type Logger, silentLogger, systemClock, type Value } from '@backplane/core'
import { wasmError } from '../errors.ts'
import { Foreground, type LoadedPlugin } from '../extism/foreground.ts'
import { compileKernel } from '../extism/kernel.ts'
import { parseSource, type WasmSource } from '../extism/manifest.ts'
import { commandLine, type ExtismPluginInit, type WasmCallOptions, type WasmPlugin } from '../extism/plugin.ts'
import { readSources } from '../extism/sources.ts'
import { fullLimits } from '../sandbox/limits.ts'
import { engineOf } from '../sandbox/shared-engine.ts'
import { pack, unpack } from '../vyra/convert.ts'
import { compileComponentAway } from '../worker/compile-away.ts'
import { Threads } from '../worker/threads.ts'
import { type ComponentProgram, describeFunction } from './program.ts'
import { isComponent } from './read-component.ts'

/** What a component's import is given beside its arguments. */
export interface ComponentHostCall {
  /** What the caller gave with `call`; undefined outside a call. */
  readonly hostContext: unknown
  /** Aborts when the call ends early. Only for functions that take their time. */
  readonly signal: AbortSignal
}

/**
 * A function of the host that components import: values in, a value out, in the form that JSON has for their types.
 * Where the import gives a `result`, the value is its better half; throwing gives the other: the message where that is
 * text, or the member `payload` of what is thrown. It may give a promise in a worker.
 */
export type ComponentHostFunction = (call: ComponentHostCall, ...args: Value[]) => unknown

/**
 * Host functions by interface, then by name in WIT; functions of the world itself under `''`. An interface is named
 * with its version, as `inspectModule` prints it (`docs:shop/stock@1.0.0`), or without for all versions; what is given
 * for a version goes before.
 */
export type ComponentFunctions = Readonly<Record<string, Readonly<Record<string, ComponentHostFunction>>>>

/** Options of {@link componentPlugin}. */
export interface ComponentPluginInit
  extends Pick<
    ExtismPluginInit,
    | 'id'
    | 'limits'
    | 'config'
    | 'wasi'
    | 'instances'
    | 'warm'
    | 'threadUrl'
    | 'logger'
    | 'replaced'
    | 'engine'
    | 'clock'
    | 'signal'
  > {
  /** What it may import beside WASI. @default none */
  readonly functions?: ComponentFunctions
  /**
   * Runs it in worker threads; without, what jco writes for it runs in this thread, outside of the sandbox.
   * @default true
   */
  readonly worker?: boolean
}

/** A component: functions with types, JSON in and out. */
export interface ComponentPlugin extends AsyncDisposable {
  /** What can be called, with the schemas that its types have. */
  readonly functions: readonly FunctionDescriptor[]
  /**
   * Calls a function with parameters by name. Calls queue up; rejects with `BP_WASM_ARGUMENT` (a value does not have
   * its type), `BP_PLUGIN_FAILED` (the `err` of its `result`, as `details.payload` too), `BP_WASM_FEATURE` (its types
   * have no form in JSON), `BP_FUNCTION_UNKNOWN`, `BP_TIMEOUT`, `BP_ABORTED`, `BP_CLOSED` or another code of this
   * package.
   */
  call(name: string, params?: Readonly<Record<string, unknown>>, options?: WasmCallOptions): Promise<Value>
  /** Drops its instances: the next call begins again. */
  reset(): Promise<void>
  /** Ends it: calls under way and waiting reject with `BP_CLOSED`. Idempotent, never rejects. */
  close(): Promise<void>
}

/**
 * Loads a component of WebAssembly's component model from bytes, a path, an address or a `Response`. Needs the package
 * `@bytecodealliance/jco-transpile`. Not for core modules: {@link extismPlugin} and {@link createPluginRuntime} run
 * those. Throws `BP_WASM_COMPONENT_TOOL` where jco is not there.
 *
 * @example
 * await using plugin = await componentPlugin('adder.wasm', { limits: { timeoutMs: 100 } })
 * await plugin.call('add', { a: 1, b: 2 })
 */
export async function componentPlugin(
  source: WasmSource | Response | Uint8Array | ArrayBuffer | string | URL,
  init: ComponentPluginInit = {},
): Promise<ComponentPlugin> {
  const most = fullLimits(init.limits).moduleBytes
  const [read] = await readSources([parseSource(source, 'the source')], { fetch, most, signal: init.signal })
  const { plugin, program } = await loadComponent(read?.bytes ?? new Uint8Array(), init)
  return {
    functions: program.functions.filter(({ refused }) => refused === undefined).map(describeFunction),
    call: async (name, params = {}, options = {}) => unpack(await plugin.call(name, pack(params), options)) as Value,
    reset: () => plugin.reset(),
    close: () => plugin.close(),
    [Symbol.asyncDispose]: () => plugin.close(),
  }
}

/** Loads a component whose calls take and give packed data. */
export async function loadComponent(
  bytes: Uint8Array<ArrayBuffer>,
  init: ComponentPluginInit,
): Promise<{ readonly plugin: WasmPlugin; readonly program: ComponentProgram }> {
  const {
    id = 'plugin',
    logger = silentLogger as Logger,
    clock = systemClock,
    instances = 1,
    warm = 1,
    worker = true,
  } = init
  if (!isComponent(bytes)) {
    const details = { what: 'The file', reason: 'it is no component' }
    throw wasmError('BP_WASM_MODULE_INVALID', { details })
  }
  const engine = engineOf(init.engine)
  const limits = fullLimits(init.limits)
  const { program, modules } = await compileComponentAway(bytes, {
    engine,
    limits,
    signal: init.signal,
    threadUrl: init.threadUrl,
    clock,
  })
  const functions = new Map(
    Object.entries(init.functions ?? {}).map(([space, own]) => [space, new Map(Object.entries(own))]),
  )
  const {
    args = [],
    env = {},
    stdin = new Uint8Array(),
    deterministic = false,
  } = typeof init.wasi === 'object' ? init.wasi : {}
  const loaded: LoadedPlugin = {
    id,
    engine,
    modules,
    kernel: compileKernel(engine, limits),
    limits,
    config: new Map(Object.entries(init.config ?? {})),
    functions: functions as unknown as LoadedPlugin['functions'],
    http: () => {
      throw coreError('BP_PERMISSION_DENIED', { details: { who: id, what: 'use HTTP' } })
    },
    wasi: init.wasi ? { args: commandLine(args, id), env, stdin, deterministic, mounts: [] } : undefined,
    logger,
    logLevel: 'info',
    component: program,
    replaced: init.replaced,
  }
  const plugin = worker
    ? await Threads.start({ ...loaded, instances, warm, clock, threadUrl: init.threadUrl }, init.signal)
    : new Foreground({ ...loaded, waits: false })
  return { plugin, program }
}
