import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type BackplaneError, coreError, createHost, type PluginRuntime, type RuntimeContext } from '../src/index.ts'
import { type ManualClock, manualClock } from '../src/memory/index.ts'

/**
 * Random life-cycle programs against a model that is much simpler than slots: what is loaded, which version answers,
 * and whether it is up, waiting or given up. Three plugins share names, so aliases are checked as well.
 */
const plugins = ['a', 'b', 'c'] as const
type PluginName = (typeof plugins)[number]

const policy = { intensity: 1, period_ms: 10_000, backoff_ms: 100, max_backoff_ms: 400, drain_ms: 50, stop_ms: 50 }

type Command =
  | { kind: 'load' | 'reload'; plugin: PluginName; works: boolean }
  | { kind: 'unload' | 'crash' | 'call'; plugin: PluginName }
  | { kind: 'wait'; ms: number }

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('load' as const, 'reload' as const),
      plugin: fc.constantFrom(...plugins),
      works: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom('unload' as const, 'crash' as const, 'crash' as const, 'call' as const),
      plugin: fc.constantFrom(...plugins),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(0, 60, 120, 500, 11_000) }),
  },
)

interface Modelled {
  version: number
  state: 'running' | 'backoff' | 'quarantined'
  restarts: number[]
  restartAt: number
}

/** How often the programs reached each state: a check that never sees quarantine proves nothing of it. */
const reached = { running: 0, backoff: 0, quarantined: 0 }

/** Plugins whose instances answer with their version, and that can be made to fail or to fall. */
class World {
  readonly clock: ManualClock = manualClock(1_000_000)
  readonly lines = new Map<string, RuntimeContext>()
  readonly alive = new Set<object>()
  /** Whether the next start of a plugin succeeds. */
  readonly works = new Map<string, boolean>()

  readonly runtime: PluginRuntime = {
    kind: 'model',
    enforces: [],
    accepts: () => true,
    load: async ({ manifest }, context) => {
      const token = {}
      return {
        functions: [{ name: 'who' }],
        events: [],
        start: async () => {
          if (!this.works.get(manifest.id)) throw new Error('does not start')
          this.lines.set(manifest.id, context)
          this.alive.add(token)
        },
        invoke: async () => `${manifest.id}@${manifest.version}`,
        stop: async () => void this.alive.delete(token),
      }
    },
  }
}

it('keeps to the model in 10,000 random life cycles', async () => {
  await fc.assert(fc.asyncProperty(fc.array(command, { minLength: 3, maxLength: 40, size: 'max' }), check), {
    numRuns: 10_000,
  })
  for (const times of Object.values(reached)) expect(times).toBeGreaterThan(1000)
}, 300_000)

async function check(program: readonly Command[]): Promise<void> {
  const world = new World()
  const { clock } = world
  const host = createHost({
    identity: { deviceId: 'm' },
    runtimes: [() => world.runtime],
    clock,
    restart: policy,
    random: () => 1,
  })
  const model = new Map<PluginName, Modelled>()
  let version = 0

  for (const step of program) {
    if (step.kind === 'wait') {
      await clock.advance(step.ms)
      settleModel(model, clock.now())
      continue
    }
    const { plugin } = step
    const known = model.get(plugin)
    if (step.kind === 'load' || step.kind === 'reload') {
      world.works.set(plugin, step.works)
      const source = { manifest: { id: plugin, version: String(++version) } }
      const outcome = await (step.kind === 'load' ? host.load(source) : host.reload(plugin, source)).then(
        () => 'ok',
        (error: BackplaneError) => error.code,
      )
      // What restarts on its own from here on works; only this start was to fail.
      world.works.set(plugin, true)
      const expected =
        step.kind === 'load'
          ? known
            ? 'BP_PLUGIN_ALREADY_LOADED'
            : step.works
              ? 'ok'
              : 'BP_PLUGIN_LOAD_FAILED'
          : !known
            ? 'BP_PLUGIN_NOT_LOADED'
            : step.works
              ? 'ok'
              : 'BP_PLUGIN_LOAD_FAILED'
      expect(outcome).toBe(expected)
      if (outcome === 'ok') {
        // A reload keeps the plugin's place in the order of names, unless it had lost it by being given up.
        if (known?.state === 'quarantined') model.delete(plugin)
        model.set(plugin, { version, state: 'running', restarts: [], restartAt: 0 })
      }
    } else if (step.kind === 'unload') {
      const outcome = await host.unload(plugin).then(
        () => 'ok',
        (error: BackplaneError) => error.code,
      )
      expect(outcome).toBe(known ? 'ok' : 'BP_PLUGIN_NOT_LOADED')
      model.delete(plugin)
    } else if (step.kind === 'crash') {
      if (known?.state !== 'running') continue
      world.lines.get(plugin)?.exited(coreError('BP_PLUGIN_EXITED', { details: { plugin, reason: 'it fell' } }))
      fall(known, clock.now())
    } else {
      const outcome = await host.call(`${plugin}.who`).catch((error: BackplaneError) => error.code)
      expect(outcome).toBe(answerOf(plugin, known))
    }
    await compare(host, model)
  }

  await host.stop()
  expect(host.plugins()).toEqual([])
  expect(world.alive.size).toBe(0)
  await clock.advance(100_000)
  expect(clock.pending).toBe(0)
}

function fall(known: Modelled, now: number): void {
  known.restarts = known.restarts.filter((at) => at > now - policy.period_ms)
  if (known.restarts.length >= policy.intensity) {
    known.state = 'quarantined'
    return
  }
  known.state = 'backoff'
  known.restartAt = now + Math.min(policy.max_backoff_ms, policy.backoff_ms * 2 ** known.restarts.length)
  known.restarts.push(known.restartAt)
}

function settleModel(model: Map<PluginName, Modelled>, now: number): void {
  for (const known of model.values()) if (known.state === 'backoff' && known.restartAt <= now) known.state = 'running'
}

function answerOf(plugin: PluginName, known: Modelled | undefined): string {
  if (!known || known.state === 'quarantined') return 'BP_FUNCTION_UNKNOWN'
  return known.state === 'backoff' ? 'BP_PLUGIN_UNAVAILABLE' : `${plugin}@${known.version}`
}

async function compare(host: ReturnType<typeof createHost>, model: Map<PluginName, Modelled>): Promise<void> {
  for (const { state } of model.values()) reached[state]++
  expect(
    host
      .plugins()
      .map(({ id, state }) => [id, state])
      .sort(),
  ).toEqual([...model].map(([id, { state }]) => [id, state]).sort())
  const offered = [...model].filter(([, { state }]) => state !== 'quarantined').map(([id]) => id)
  const names = host.advertisement.functions.map((fn) => fn.name)
  expect(names).toEqual(offered.map((id, place) => (place === 0 ? 'who' : `${id}.who`)))
  const holder = offered[0]
  const bare = await host.call('who').catch((error: BackplaneError) => error.code)
  expect(bare).toBe(holder ? answerOf(holder, model.get(holder)) : 'BP_FUNCTION_UNKNOWN')
}
