import { describe, expect, it, vi } from 'vitest'
import { type FakePlugin, fakeRuntime } from '../test/fake-runtime.ts'
import { coreError, createHost, type Interceptor, type PluginInstance, type PluginSource, type Value } from './index.ts'
import { manualClock, memoryConfig } from './memory/index.ts'

const plugin = (id: string, fake: FakePlugin, manifest = {}): PluginSource => ({
  manifest: { id, ...manifest },
  module: fake,
})
const hello: FakePlugin = { functions: { hello: ({ name = 'world' }) => ({ message: `Hello, ${name}!` }) } }

function setUp(init: Partial<Parameters<typeof createHost>[0]> = {}) {
  const clock = manualClock(1_000_000)
  const host = createHost({ identity: { deviceId: 'h' }, runtimes: [fakeRuntime()], clock, random: () => 1, ...init })
  return { clock, host }
}

describe('createHost', () => {
  it('calls a loaded plugin by its qualified and its bare name', async () => {
    const { host } = setUp()
    await host.load(plugin('greeter', hello))
    expect(await host.call('hello', { name: 'you' })).toEqual({ message: 'Hello, you!' })
    expect(await host.call('greeter.hello')).toEqual({ message: 'Hello, world!' })
    expect(host.advertisement.functions.map((fn) => fn.name)).toEqual(['hello'])
  })

  it('hands a bare name to the next owner when its holder leaves', async () => {
    const { host } = setUp()
    await host.load(plugin('a', { functions: { who: () => 'a' } }))
    await host.load(plugin('b', { functions: { who: () => 'b' } }))
    expect(await host.call('who')).toBe('a')
    expect(host.advertisement.functions.map((fn) => fn.name)).toEqual(['who', 'b.who'])
    await host.unload('a')
    expect(await host.call('who')).toBe('b')
    await expect(host.call('a.who')).rejects.toMatchObject({ code: 'BP_FUNCTION_UNKNOWN' })
  })

  it('keeps host functions out of reach of plugins', async () => {
    const { host } = setUp({ functions: [{ descriptor: { name: 'get_status' }, run: () => 'host' }] })
    await host.load(plugin('shadow', { functions: { get_status: () => 'plugin' } }))
    expect(await host.call('get_status')).toBe('host')
    expect(await host.call('shadow.get_status')).toBe('plugin')
  })

  it('refuses what cannot be loaded, and keeps nothing of it', async () => {
    const { host } = setUp()
    await expect(host.load(plugin('../x', hello))).rejects.toMatchObject({ code: 'BP_PLUGIN_ID_INVALID' })
    await expect(host.load(plugin('wasm', hello, { runtime: 'wasm' }))).rejects.toMatchObject({
      code: 'BP_RUNTIME_MISSING',
    })
    const broken = plugin('p', { setup: () => Promise.reject(new Error('no disk')) })
    await expect(host.load(broken)).rejects.toMatchObject({
      code: 'BP_PLUGIN_LOAD_FAILED',
      message: expect.stringContaining('no disk'),
    })
    expect(host.plugins()).toEqual([])
    await host.load(plugin('p', hello))
    await expect(host.load(plugin('p', hello))).rejects.toMatchObject({ code: 'BP_PLUGIN_ALREADY_LOADED' })
    await expect(host.load(plugin('q', hello, { dependencies: { plugins: ['z'] } }))).rejects.toMatchObject({
      code: 'BP_PLUGIN_LOAD_FAILED',
    })
  })

  it("gives the plugin's own words for its own errors", async () => {
    const { host } = setUp()
    await host.load(
      plugin('p', {
        functions: {
          fail: () => {
            throw new Error('on purpose')
          },
        },
      }),
    )
    await expect(host.call('fail')).rejects.toMatchObject({ code: 'BP_PLUGIN_FAILED', message: 'on purpose' })
  })

  it('ends a call at its deadline and tells the plugin', async () => {
    const { host, clock } = setUp()
    let aborted: unknown
    await host.load(
      plugin('p', {
        functions: {
          hang: (_, call) =>
            new Promise((_resolve, reject) => {
              call.signal.addEventListener('abort', () => {
                aborted = call.signal.reason
                reject(aborted)
              })
            }),
        },
      }),
    )
    const answer = host.call('hang', {}, { timeoutMs: 100 })
    answer.catch(() => {})
    await clock.advance(99)
    expect(aborted).toBeUndefined()
    await clock.advance(50)
    await expect(answer).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
    expect(aborted).toMatchObject({ code: 'BP_TIMEOUT' })
  })

  it("ends a call by its caller's signal", async () => {
    const { host } = setUp()
    await host.load(plugin('p', { functions: { hang: () => new Promise(() => {}) } }))
    const controller = new AbortController()
    const answer = host.call('hang', {}, { signal: controller.signal })
    controller.abort()
    await expect(answer).rejects.toMatchObject({ code: 'BP_ABORTED' })
    await expect(host.call('hang', {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'BP_ABORTED' })
  })

  it('runs interceptors outermost first, for host functions too', async () => {
    const seen: string[] = []
    const log =
      (name: string): Interceptor =>
      (_call, target, next) => {
        seen.push(`${name} ${target.plugin}`)
        return next({ name })
      }
    const { host } = setUp({
      interceptors: [log('a'), log('b')],
      functions: [{ descriptor: { name: 'own' }, run: (params) => params as Value }],
    })
    await host.load(plugin('greeter', hello))
    expect(await host.call('hello')).toEqual({ message: 'Hello, b!' })
    expect(await host.call('own')).toEqual({ name: 'b' })
    expect(seen).toEqual(['a greeter', 'b greeter', 'a host', 'b host'])
  })

  it('refuses calls over the limits of concurrency and rate at once', async () => {
    const { host, clock } = setUp()
    const open: (() => void)[] = []
    const wait = () => new Promise<Value>((resolve) => open.push(() => resolve('done')))
    await host.load(plugin('narrow', { functions: { wait } }, { limits: { concurrency: 1 } }))
    const first = host.call('wait')
    await expect(host.call('wait')).rejects.toMatchObject({ code: 'BP_PLUGIN_BUSY', retryable: true })
    open[0]?.()
    expect(await first).toBe('done')

    await host.load(plugin('slow', { functions: { tick: () => 1 } }, { limits: { calls_per_second: 2 } }))
    await host.call('tick')
    await host.call('tick')
    await expect(host.call('tick')).rejects.toMatchObject({ code: 'BP_PLUGIN_BUSY' })
    await clock.advance(500)
    await host.call('tick')
  })

  it('streams items with back-pressure and gives the result at the end', async () => {
    const { host } = setUp()
    let sent = 0
    await host.load(
      plugin('p', {
        streams: { count: 'items' },
        functions: {
          count: async (_, call) => {
            for (let i = 0; i < 100; i++) {
              await call.send(i)
              sent++
            }
            return 'end'
          },
        },
      }),
    )
    const stream = host.stream('count')
    const got: Value[] = []
    for (let next = await stream.next(); ; next = await stream.next()) {
      if (next.done) {
        expect(next.value).toBe('end')
        break
      }
      got.push(next.value)
      expect(sent - got.length).toBeLessThan(20)
    }
    expect(got).toHaveLength(100)
    expect(await host.call('count')).toEqual(got)
  })

  it('cancels the call when the consumer of a stream leaves', async () => {
    const { host } = setUp()
    let cancelled = false
    await host.load(
      plugin('p', {
        streams: { forever: 'items' },
        functions: {
          forever: async (_, call) => {
            try {
              for (let i = 0; ; i++) await call.send(i)
            } finally {
              cancelled = true
            }
          },
        },
      }),
    )
    for await (const item of host.stream('forever')) if (item === 3) break
    await Promise.resolve()
    expect(cancelled).toBe(true)
  })

  it('lets a plugin call the host, itself, and only what it may', async () => {
    const { host } = setUp()
    await host.load(plugin('greeter', hello))
    const module: FakePlugin = {
      functions: {
        ask: (_, __, context) => context.invoke('hello', { name: 'plugin' }),
        self: (_, __, context) => context.invoke('asker.ask'),
        stray: (_, __, context) => context.invoke('other.thing'),
      },
    }
    await host.load(plugin('asker', module, { permissions: { invoke: ['hello', 'asker.*'] } }))
    expect(await host.call('self')).toEqual({ message: 'Hello, plugin!' })
    await expect(host.call('stray')).rejects.toMatchObject({ code: 'BP_PERMISSION_DENIED' })
  })

  it('delivers events between plugins, marked when simulated', async () => {
    const { host } = setUp({ simulated: true })
    const heard: unknown[] = []
    await host.load(plugin('ears', { notify: (event) => heard.push(event) }, { subscriptions: [{ event: 'spoken' }] }))
    await host.load(plugin('mouth', { functions: { say: (_, __, { emit }) => emit('spoken', { text: 'hi' }) } }))
    await host.call('say')
    expect(heard).toEqual([{ device: 'h', event: 'spoken', payload: { text: 'hi', simulated: true } }])
    await expect(host.emit('no spaces')).rejects.toMatchObject({ code: 'BP_INVALID_ARGUMENT' })
  })

  it('says which limits its runtime cannot enforce', async () => {
    const { host } = setUp()
    const status = await host.load(
      plugin('p', hello, { limits: { memory_mb: 5, timeout_ms: 9 }, permissions: { network: [] } }),
    )
    expect(status.unenforced).toEqual(['limits.memory_mb', 'permissions.network'])
  })

  it('does not begin to unload for a caller who has gone already', async () => {
    const { host } = setUp()
    await host.load(plugin('greeter', hello))
    const gone = host.unload('greeter', { signal: AbortSignal.abort() })
    await expect(gone).rejects.toMatchObject({ code: 'BP_ABORTED' })
    expect(host.plugin('greeter')?.state).toBe('running')
    await host.stop()
  })

  it('stops every plugin, the last loaded first, and takes no more', async () => {
    const { host } = setUp()
    const stopped: string[] = []
    const mortal = (id: string) => plugin(id, { teardown: () => void stopped.push(id) })
    await host.load(mortal('a'))
    await host.load(mortal('b'))
    await host.stop()
    await host.stop()
    expect(stopped).toEqual(['b', 'a'])
    await expect(host.load(mortal('c'))).rejects.toMatchObject({ code: 'BP_CLOSED' })
  })
})

describe('configuration', () => {
  const item = (value: string) => ({ type: 'string', default: value })
  const told = () => {
    const changes: unknown[] = []
    const fake = (): FakePlugin => ({
      functions: { read: (_, __, context) => context.config },
      reconfigure: async ({ values, changed }) => {
        changes.push(changed)
        if (values.mode === 'bad') throw new Error('no such mode')
      },
    })
    return { changes, fake }
  }

  /** A plugin that can be made to fall and to start slowly, and what its slot answers to changes. */
  const pending = (inPlace = false) => {
    const config = memoryConfig()
    const answers: unknown[] = []
    const open: typeof config.open = async (...args) => {
      const handle = await config.open(...args)
      return {
        get values() {
          return handle.values
        },
        participate: (apply) =>
          handle.participate(async (change) => {
            const answer = await apply(change)
            answers.push(answer)
            return answer
          }),
        close: () => handle.close(),
      }
    }
    const { host, clock } = setUp({ config: () => ({ ...config, open }) })
    const fake = Object.assign(
      (): FakePlugin => {
        let mine: unknown
        return {
          functions: {
            read: (_, __, context) => mine ?? context.config,
            fall(_, __, context) {
              context.exited(coreError('BP_PLUGIN_FAILED', { details: { plugin: 'p', reason: 'fell' } }))
              throw new Error('fell')
            },
          },
          setup: () => fake.hold?.(),
          ...(inPlace
            ? {
                reconfigure: async ({ values }) => {
                  if (values.mode === fake.refuses) throw new Error('no such mode')
                  mine = values
                },
              }
            : {}),
        }
      },
      { hold: undefined as (() => Promise<void>) | undefined, refuses: undefined as string | undefined },
    )
    return { host, clock, config, answers, fake }
  }

  it('reaches a running plugin, or is refused with a reason and changes nothing', async () => {
    const config = memoryConfig()
    const { host } = setUp({ config: () => config })
    const { changes, fake } = told()
    await host.load({ manifest: { id: 'p', config: { mode: item('slow'), step: item('1') } }, module: fake })
    await config.set('p', { mode: 'fast' })
    expect(await host.call('read')).toEqual({ mode: 'fast', step: '1' })
    await expect(config.set('p', { mode: 'bad' })).rejects.toMatchObject({
      code: 'BP_CONFIG_REFUSED',
      message: expect.stringContaining('no such mode'),
    })
    expect(await host.call('read')).toEqual({ mode: 'fast', step: '1' })
    expect(changes).toEqual([['mode'], ['mode']])
  })

  it('swaps a plugin that cannot take it while it runs, and keeps values that were set when it is upgraded', async () => {
    const config = memoryConfig()
    const { host } = setUp({ config: () => config })
    const module = (): FakePlugin => ({ functions: { read: (_, __, context) => context.config } })
    await host.load({ manifest: { id: 'p', config: { mode: item('slow') } }, module })
    await config.set('p', { mode: 'fast' })
    expect(host.plugin('p')).toMatchObject({ generation: 2 })
    await host.reload('p', { manifest: { id: 'p', config: { mode: item('slow'), more: item('new') } }, module })
    expect(await host.call('read')).toEqual({ mode: 'fast', more: 'new' })
  })

  it('waits for a plugin that is not up, which says so and then starts with it', async () => {
    const { host, clock, config, answers, fake } = pending()
    await host.load({
      manifest: { id: 'p', restart: { backoff_ms: 50 }, config: { mode: item('slow') } },
      module: fake,
    })
    await expect(host.call('fall')).rejects.toThrow()
    expect(host.plugin('p')?.state).toBe('backoff')
    await config.set('p', { mode: 'fast' })
    await config.set('p', { mode: 'faster' })
    expect(answers).toEqual(['pending', 'pending'])
    await clock.advance(60_000)
    expect(host.plugin('p')?.state).toBe('running')
    expect(await host.call('read')).toEqual({ mode: 'faster' })
    await config.set('p', { mode: 'slow' })
    expect(answers).toEqual(['pending', 'pending', undefined])
  })

  it.each([true, false])(
    'reaches a plugin that was starting when it came (reconfigures itself: %s)',
    async (inPlace) => {
      const { host, clock, config, answers, fake } = pending(inPlace)
      await host.load({
        manifest: { id: 'p', restart: { backoff_ms: 1 }, config: { mode: item('slow') } },
        module: fake,
      })
      const starting = Promise.withResolvers<void>()
      const go = Promise.withResolvers<void>()
      fake.hold = async () => {
        fake.hold = undefined
        starting.resolve()
        await go.promise
      }
      await expect(host.call('fall')).rejects.toThrow()
      await clock.advance(1_000)
      await starting.promise
      await config.set('p', { mode: 'fast' })
      expect(answers).toEqual(['pending'])
      go.resolve()
      await expect.poll(() => host.plugin('p')?.state).toBe('running')
      await expect.poll(() => host.call('read')).toEqual({ mode: 'fast' })
    },
  )

  it('is not lost on an instance that is being swapped in meanwhile', async () => {
    const { host, config, fake } = pending(true)
    const source = { manifest: { id: 'p', config: { mode: item('slow') } }, module: fake }
    await host.load(source)
    const starting = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    fake.hold = async () => {
      starting.resolve()
      await go.promise
    }
    const reloaded = host.reload('p', source)
    await starting.promise
    await config.set('p', { mode: 'fast' })
    go.resolve()
    await reloaded
    expect(await host.call('read')).toEqual({ mode: 'fast' })
  })

  it('that a plugin refuses once it is up ends it, rather than leave it with values that no longer count', async () => {
    const { host, config, fake } = pending(true)
    await host.load({
      manifest: { id: 'p', restart: { backoff_ms: 1, intensity: 0 }, config: { mode: item('slow') } },
      module: fake,
    })
    const starting = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    fake.hold = async () => {
      starting.resolve()
      await go.promise
    }
    const reloaded = host.reload('p')
    await starting.promise
    fake.refuses = 'bad'
    const set = config.set('p', { mode: 'bad' }).catch((error) => error.code)
    go.resolve()
    await reloaded
    // The running instance is asked, so the change is refused; what was being started must not end up with it.
    expect(await set).toBe('BP_CONFIG_REFUSED')
    expect(await host.call('read')).toEqual({ mode: 'slow' })
  })

  it('goes back to the items of the former source when an upgrade fails', async () => {
    const config = memoryConfig()
    const { host } = setUp({ config: () => config })
    const { fake } = told()
    await host.load({ manifest: { id: 'p', config: { mode: item('slow') } }, module: fake })
    const broken = {
      manifest: { id: 'p', config: { other: item('x') } },
      module: { setup: () => Promise.reject(new Error('bad')) },
    }
    await expect(host.reload('p', broken)).rejects.toMatchObject({ code: 'BP_PLUGIN_LOAD_FAILED' })
    await config.set('p', { mode: 'fast' })
    expect(await host.call('read')).toEqual({ mode: 'fast' })
    await expect(config.set('p', { other: 'y' })).rejects.toMatchObject({ code: 'BP_INVALID_ARGUMENT' })
  })
})

describe('what goes wrong', () => {
  it('ends a load that is unloaded meanwhile, or whose host stops, and keeps nothing', async () => {
    for (const end of [
      (host: ReturnType<typeof createHost>) => host.unload('p'),
      (host: ReturnType<typeof createHost>) => host.stop(),
    ]) {
      const { host } = setUp()
      const events: string[] = []
      host.on(({ type }) => events.push(type))
      const load = host.load(plugin('p', { setup: () => new Promise(() => {}) }))
      load.catch(() => {})
      await Promise.resolve()
      await end(host)
      await expect(load).rejects.toMatchObject({ code: 'BP_ABORTED' })
      expect(host.plugins()).toEqual([])
      expect(events).toEqual([])
    }
  })

  it('gives up a start that takes too long, and stops what comes late', async () => {
    const { host, clock } = setUp()
    const stopped = vi.fn()
    const endless: FakePlugin = { setup: () => new Promise(() => {}), teardown: stopped }
    const load = host.load(plugin('p', endless, { limits: { start_timeout_ms: 100 } }))
    load.catch(() => {})
    await clock.advance(100)
    await expect(load).rejects.toMatchObject({
      code: 'BP_TIMEOUT',
      message: expect.stringContaining("Starting plugin 'p'"),
    })
    expect(stopped).toHaveBeenCalledOnce()
    expect(host.plugins()).toEqual([])
  })

  it('leaves a plugin behind that does not stop, after telling it to by force', async () => {
    const { host, clock } = setUp({ restart: { stop_ms: 100 } })
    await host.load(plugin('p', { teardown: () => new Promise(() => {}) }))
    const unloaded = host.unload('p')
    await clock.advance(500)
    await unloaded
    expect(host.plugins()).toEqual([])
    expect(clock.pending).toBe(0)
  })

  it('turns a throwing interceptor into a rejection, and a listener that throws changes nothing', async () => {
    const thrower: Interceptor = () => {
      throw coreError('BP_PERMISSION_DENIED', { details: { who: 'you', what: 'do this' } })
    }
    const { host, clock } = setUp({ interceptors: [thrower] })
    host.on(() => {
      throw new Error('listener')
    })
    await host.load(plugin('greeter', hello))
    await expect(host.call('hello')).rejects.toMatchObject({ code: 'BP_PERMISSION_DENIED' })
    await host.stop()
    expect(clock.pending).toBe(0)
  })

  it('stops a stream that has no end for a caller who asked for one answer', async () => {
    const { host } = setUp()
    const endless: FakePlugin = {
      streams: { all: 'items' },
      functions: {
        all: async (_, call) => {
          for (let i = 0; ; i++) await call.send(i)
        },
      },
    }
    await host.load(plugin('p', endless))
    await expect(host.call('all')).rejects.toMatchObject({ code: 'BP_STREAM_LIMIT' })
  })
})

describe('a plugin that ends on its own', () => {
  const mortal = () => {
    const lines: { exited: (error: Error) => void }[] = []
    const fake: FakePlugin = {
      setup: (context) =>
        void lines.push({ exited: (error) => context.exited(coreError('BP_PLUGIN_EXITED', { cause: error })) }),
      functions: { hang: () => new Promise(() => {}), ok: () => 'ok' },
    }
    return { fake, die: () => lines.at(-1)?.exited(new Error('gone')) }
  }

  it('is shown in backoff while it waits for something outside it, though it has started', async () => {
    const { host } = setUp()
    const error = coreError('BP_PLUGIN_FAILED', { details: { plugin: 'p', reason: 'no device' } })
    let waiting: PluginInstance['waiting'] = { error, retryAt: 1_000_500 }
    const fake = {
      functions: { ok: () => 'ok' },
      waiting: () => waiting,
      health: () => ({ ok: waiting === undefined }),
    }
    const status = await host.load(plugin('p', fake))
    expect(status).toMatchObject({ state: 'backoff', restartAt: 1_000_500, error, generation: 1 })
    waiting = undefined
    expect(host.plugin('p')).toMatchObject({ state: 'running', generation: 1 })
    expect(host.plugin('p')).not.toHaveProperty('error')
    await host.unload('p')
    fake.health = () => ({ ok: false })
    await expect(host.load(plugin('p', fake))).rejects.toMatchObject({ code: 'BP_HEALTH_FAILED' })
  })

  it('fails calls under way, restarts after a wait, and is called again', async () => {
    const { host, clock } = setUp()
    const { fake, die } = mortal()
    const events: string[] = []
    host.on((event) => events.push(event.type))
    await host.load(plugin('p', fake))
    const call = host.call('hang')
    die()
    await expect(call).rejects.toMatchObject({ code: 'BP_PLUGIN_EXITED' })
    await expect(host.call('ok')).rejects.toMatchObject({ code: 'BP_PLUGIN_UNAVAILABLE', retryable: true })
    expect(host.plugin('p')).toMatchObject({ state: 'backoff', restartAt: 1_000_200 })
    await clock.advance(200)
    expect(await host.call('ok')).toBe('ok')
    expect(host.plugin('p')).toMatchObject({ state: 'running', generation: 2, restarts: 1 })
    expect(events).toEqual(['advertised', 'plugin.loaded', 'plugin.exited', 'advertised', 'plugin.restarted'])
  })

  it('is quarantined with a reason after too many restarts, and reload lifts that', async () => {
    const { host, clock } = setUp({ restart: { intensity: 2, backoff_ms: 10 } })
    const { fake, die } = mortal()
    await host.load(plugin('p', fake))
    for (let i = 0; i < 3; i++) {
      die()
      await clock.advance(100)
    }
    expect(host.plugin('p')).toMatchObject({ state: 'quarantined', error: { code: 'BP_PLUGIN_QUARANTINED' } })
    await expect(host.call('p.ok')).rejects.toMatchObject({ code: 'BP_FUNCTION_UNKNOWN' })
    expect(host.advertisement.functions).toEqual([])
    await host.reload('p')
    expect(await host.call('ok')).toBe('ok')
  })

  it('can be unloaded while it waits for its restart', async () => {
    const { host, clock } = setUp()
    const { fake, die } = mortal()
    await host.load(plugin('p', fake))
    die()
    await host.unload('p')
    await clock.advance(60_000)
    expect(host.plugins()).toEqual([])
    expect(clock.pending).toBe(0)
  })
})

describe('a hot swap', () => {
  it('switches names at once, drains the former, and loses no call', async () => {
    const { host, clock } = setUp()
    const ends: (() => void)[] = []
    let stopped = 0
    const version = (value: string): FakePlugin => ({
      functions: { get: () => value, slow: () => new Promise((resolve) => ends.push(() => resolve(value))) },
      teardown: () => void stopped++,
    })
    await host.load(plugin('p', version('one')))
    const slow = host.call('slow')
    const swap = host.reload('p', plugin('p', version('two')))
    await clock.advance(0)
    expect(await host.call('get')).toBe('two')
    expect(stopped).toBe(0)
    ends[0]?.()
    expect(await slow).toBe('one')
    expect(await swap).toMatchObject({ generation: 2, state: 'running' })
    expect(stopped).toBe(1)
  })

  it('keeps the former untouched when the next fails', async () => {
    const { host } = setUp()
    await host.load(plugin('p', { functions: { get: () => 'one' } }))
    const broken: FakePlugin = { setup: () => Promise.reject(new Error('bad')) }
    await expect(host.reload('p', plugin('p', broken))).rejects.toMatchObject({ code: 'BP_PLUGIN_LOAD_FAILED' })
    const sick: FakePlugin = { health: () => ({ ok: false, message: 'cold' }), functions: { get: () => 'sick' } }
    await expect(host.reload('p', plugin('p', sick))).rejects.toMatchObject({ code: 'BP_HEALTH_FAILED' })
    await host.load(plugin('q', { functions: {} }))
    expect(await host.call('get')).toBe('one')
    expect(host.plugin('p')).toMatchObject({ state: 'running', generation: 1 })
  })

  it('hands state over while calls wait', async () => {
    const { host, clock } = setUp()
    const counter = (): FakePlugin => {
      let count = 0
      return {
        setup: (_, state) => {
          count = (state as number | undefined) ?? 0
        },
        functions: { next: () => ++count },
        handOver: () => count,
      }
    }
    await host.load({ manifest: { id: 'p' }, module: counter })
    expect(await host.call('next')).toBe(1)
    const swap = host.reload('p')
    const during = host.call('next')
    await clock.advance(0)
    expect(await during).toBe(2)
    await swap
    expect(await host.call('next')).toBe(3)
  })

  it('abandons calls that outlast the drain', async () => {
    const { host, clock } = setUp({ restart: { drain_ms: 50 } })
    await host.load(plugin('p', { functions: { hang: () => new Promise(() => {}) } }))
    const call = host.call('hang')
    call.catch(() => {})
    const swap = host.reload('p')
    await clock.advance(60)
    await expect(call).rejects.toMatchObject({ code: 'BP_PLUGIN_UNAVAILABLE' })
    await swap
  })
})
