import {
  type Call,
  coreError,
  type Params,
  type PluginInstance,
  type PluginRuntime,
  type PluginSource,
  type RuntimeComponents,
  silentLogger,
  type Value,
} from '@backplane/core'
import { expect } from 'vitest'
import { type TrackedClock, trackedClock } from '../tracked-clock.ts'
import { soon, until } from '../waiting.ts'
import { type ContextInit, RecordingContext } from './context.ts'
import type { FixtureName, RuntimeFixtures, RuntimeLack } from './fixtures.ts'

/** What `setup` gives {@link runtimeCompliance} for one case. */
export interface RuntimeUnderTest {
  /** Makes the runtime. Called once for each case. */
  readonly runtime: (components: RuntimeComponents) => PluginRuntime
  /** Its plugins, by behaviour. */
  readonly fixtures: RuntimeFixtures
  /** What it cannot do, so that leaving it out is no oversight. @default nothing */
  readonly lacks?: readonly RuntimeLack[]
  /** How long anything may take before it counts as never, in milliseconds. @default 5000 */
  readonly patienceMs?: number
}

/** A case of the runtime suite. */
export type RuntimeCase = (bench: RuntimeBench) => Promise<void>

/** How a case calls a function. */
export interface Calling {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  send?(item: Value): Promise<void>
}

/** One instance in the hands of a case, which plays its slot. */
export class Loaded {
  readonly instance: PluginInstance
  readonly context: RecordingContext
  readonly #patienceMs: number
  #stopping: Promise<void> | undefined

  constructor(instance: PluginInstance, context: RecordingContext, patienceMs: number) {
    this.instance = instance
    this.context = context
    this.#patienceMs = patienceMs
  }

  start(state?: Value, signal: AbortSignal = this.context.signal): Promise<void> {
    return this.instance.start({ signal, ...(state === undefined ? {} : { state }) })
  }

  /** Calls a function as a slot does: the signal aborts at the deadline, or when the caller gives up. */
  async call(name: string, params: Params = {}, calling: Calling = {}): Promise<Value> {
    const { timeoutMs = 30_000, signal } = calling
    const controller = new AbortController()
    const give = () => controller.abort(coreError('BP_ABORTED'))
    const expire = () =>
      controller.abort(coreError('BP_TIMEOUT', { details: { what: `The call of '${name}'`, timeoutMs } }))
    const timer = setTimeout(expire, timeoutMs)
    if (signal?.aborted) give()
    signal?.addEventListener('abort', give, { once: true })
    const call: Call = {
      name,
      params,
      signal: controller.signal,
      deadline: Date.now() + timeoutMs,
      caller: { kind: 'local' },
      send: async (item) => {
        if (controller.signal.aborted) throw controller.signal.reason
        await calling.send?.(item)
      },
    }
    try {
      return await this.instance.invoke(call)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', give)
    }
  }

  /** Ends it as a slot does. Without `force` it has all the time that patience allows. */
  stop(force = false): Promise<void> {
    this.#stopping ??= this.#stop(force)
    return this.#stopping
  }

  async #stop(force: boolean): Promise<void> {
    this.context.controller.abort(coreError('BP_ABORTED'))
    const forced = new AbortController()
    const timer = setTimeout(() => forced.abort(), this.#patienceMs)
    if (force) forced.abort()
    try {
      await soon(this.instance.stop({ signal: forced.signal }), 'stopping', this.#patienceMs * 2)
    } finally {
      clearTimeout(timer)
    }
  }
}

/** What a case works with: a runtime, its plugins, and instances that are ended after it. */
export class RuntimeBench {
  readonly clock: TrackedClock = trackedClock()
  readonly runtime: PluginRuntime
  readonly patienceMs: number
  readonly #under: RuntimeUnderTest
  readonly #skip: (reason: string) => never
  readonly #loaded: Loaded[] = []

  constructor(under: RuntimeUnderTest, skip: (reason: string) => never) {
    this.#under = under
    this.#skip = skip
    this.patienceMs = under.patienceMs ?? 5000
    this.runtime = under.runtime({ clock: this.clock, logger: silentLogger })
  }

  /** Behaviours that are neither there nor declared as lacking. */
  undeclared(names: readonly FixtureName[]): FixtureName[] {
    return names.filter((name) => !this.#under.fixtures[name] && !this.#under.lacks?.includes(name))
  }

  /** Every plugin that is there, by behaviour. */
  sources(): [FixtureName, PluginSource][] {
    return Object.entries(this.#under.fixtures) as [FixtureName, PluginSource][]
  }

  /** A plugin; skips the case where the runtime has none of that behaviour. */
  fixture(name: FixtureName): PluginSource {
    return this.#under.fixtures[name] ?? this.#skip(`'${name}' (the runtime brings no such plugin)`)
  }

  /** Skips the case where the runtime has said that it lacks something. */
  need(lack: RuntimeLack): void {
    if (this.#under.lacks?.includes(lack)) this.#skip(`'${lack}' (the runtime says that it lacks it)`)
  }

  /** Loads a plugin, not yet started. */
  async load(name: FixtureName, init: ContextInit = {}): Promise<Loaded> {
    const source = this.fixture(name)
    const context = new RecordingContext(source, init)
    const loading = this.runtime.load(await this.described(source), context, { signal: context.signal })
    const loaded = new Loaded(await soon(loading, `loading '${name}'`, this.patienceMs * 2), context, this.patienceMs)
    this.#loaded.push(loaded)
    return loaded
  }

  /** Loads and starts a plugin. */
  async run(name: FixtureName, init: ContextInit = {}): Promise<Loaded> {
    const loaded = await this.load(name, init)
    await soon(loaded.start(), `starting '${name}'`, this.patienceMs * 2)
    return loaded
  }

  /** Loads a plugin that should not load, and gives the rejection and what it told its host. */
  async loadInVain(
    name: FixtureName,
    signal?: AbortSignal,
  ): Promise<{ loading: Promise<unknown>; context: RecordingContext }> {
    const source = this.fixture(name)
    const context = new RecordingContext(source, {})
    const loading = (async () => {
      const instance = await this.runtime.load(await this.described(source), context, {
        signal: signal ?? context.signal,
      })
      this.#loaded.push(new Loaded(instance, context, this.patienceMs))
    })()
    loading.catch(() => {})
    return { loading, context }
  }

  /** Completes a manifest as a host does. */
  async described(source: PluginSource): Promise<PluginSource> {
    const signal = new AbortController().signal
    if (!this.runtime.describe) return source
    return { ...source, manifest: await this.runtime.describe(source, { signal }) }
  }

  /** Ends every instance that the case has loaded. */
  async stopAll(): Promise<void> {
    await Promise.all(this.#loaded.map((loaded) => loaded.stop(true)))
  }

  /** Ends all, and sees that nothing is left. */
  async end(): Promise<void> {
    await this.stopAll()
    await soon(Promise.resolve(this.runtime.close?.()), 'closing the runtime', this.patienceMs)
    for (const { context } of this.#loaded) expect(context.exits.length, 'exited is told at most once').toBeLessThan(2)
    await until(() => this.clock.pending === 0, 'every timer is cancelled after close', 2000)
  }
}
