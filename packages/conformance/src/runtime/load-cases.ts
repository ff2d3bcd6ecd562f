import { expect } from 'vitest'
import { openResources } from '../resources.ts'
import { failure, pause, rejection, soon, until } from '../waiting.ts'
import type { RuntimeCase } from './bench.ts'
import { fixtureNames } from './fixtures.ts'

/** Loading, starting and what fails on the way. */
export const loadCases: Record<string, RuntimeCase> = {
  async 'every behaviour has a plugin, or is declared as lacking'(bench) {
    expect(bench.undeclared(fixtureNames)).toEqual([])
  },
  async 'it says its kind and what it enforces'(bench) {
    expect(bench.runtime.kind).toMatch(/^[a-z][a-z0-9-]*$/)
    for (const claim of bench.runtime.enforces) expect(claim).toMatch(/^(limits|permissions)\.[a-z_]+$/)
  },
  async 'it accepts each of its plugins, whether the manifest names the runtime or not'(bench) {
    for (const [name, source] of bench.sources()) {
      if (name === 'missing') continue
      expect(bench.runtime.accepts(source), name).toBe(true)
      const named = { ...source, manifest: { ...source.manifest, runtime: bench.runtime.kind } }
      expect(bench.runtime.accepts(named), `${name}, named`).toBe(true)
    }
  },
  async 'functions are advertised with what the author says of them'(bench) {
    const { instance } = await bench.run('echo')
    const echo = instance.functions.find((each) => each.name === 'echo')
    expect(echo).toMatchObject({
      description: 'Gives back what it is given.',
      parameters: { type: 'object', properties: { value: expect.anything() } },
    })
    expect(new Set(instance.functions.map((each) => each.name)).size).toBe(instance.functions.length)
  },
  async 'events are advertised'(bench) {
    const { instance } = await bench.run('emit')
    expect(instance.events.map((event) => event.name)).toContain('said')
  },
  async 'loading runs nothing: what is periodic begins with start'(bench) {
    const { context } = await bench.load('periodic')
    await pause(100)
    expect(context.emitted).toEqual([])
  },
  async 'what was loaded and never started can be stopped'(bench) {
    const loaded = await bench.load('echo')
    await loaded.stop()
    expect(loaded.context.exits).toEqual([])
  },
  async 'a plugin that does not load: BP_PLUGIN_LOAD_FAILED, with its id and its text'(bench) {
    const { loading } = await bench.loadInVain('broken')
    const error = await rejection(loading, 'BP_PLUGIN_LOAD_FAILED')
    expect(error.message).toContain('broken on purpose')
    expect(error.message).toContain(bench.fixture('broken').manifest.id)
  },
  async 'a plugin whose entry point is missing: BP_PLUGIN_LOAD_FAILED'(bench) {
    const { loading } = await bench.loadInVain('missing')
    await rejection(loading, 'BP_PLUGIN_LOAD_FAILED')
  },
  async 'a load that failed leaves nothing, and tells the host nothing more'(bench) {
    bench.fixture('broken')
    await rejection((await bench.loadInVain('broken')).loading, 'BP_PLUGIN_LOAD_FAILED')
    await pause(50)
    const before = openResources()
    for (let i = 0; i < 5; i++) {
      const { loading, context } = await bench.loadInVain('broken')
      await rejection(loading, 'BP_PLUGIN_LOAD_FAILED')
      expect(context.exits).toEqual([])
      expect(context.emitted).toEqual([])
    }
    await until(() => openResources().length <= before.length, `${openResources()} beside ${before}`)
  },
  async 'after a load that failed others load'(bench) {
    const { loading } = await bench.loadInVain('broken')
    await rejection(loading, 'BP_PLUGIN_LOAD_FAILED')
    const echo = await bench.run('echo')
    expect(await echo.call('echo', { value: 'fine' })).toBe('fine')
  },
  async 'a load whose signal has aborted is given up'(bench) {
    const { loading } = await bench.loadInVain('echo', AbortSignal.abort())
    await rejection(soon(loading, 'giving up', bench.patienceMs), ['BP_ABORTED', 'BP_PLUGIN_LOAD_FAILED'])
  },
  async 'a load can be given up while it goes on, and leaves nothing'(bench) {
    const warm = await bench.run('echo')
    await warm.stop()
    await pause(50)
    const before = openResources()
    for (let i = 0; i < 5; i++) {
      const controller = new AbortController()
      const { loading } = await bench.loadInVain('echo', controller.signal)
      await pause(i)
      controller.abort()
      // It may have been quicker than the signal.
      await soon(
        loading.catch((error: { code: string }) => expect(error.code).toMatch(/^BP_(ABORTED|PLUGIN_LOAD_FAILED)$/)),
        'giving up',
        bench.patienceMs,
      )
    }
    await bench.stopAll()
    await until(() => openResources().length <= before.length, `${openResources()} beside ${before}`)
  },
  async 'several load at once'(bench) {
    const all = await Promise.all([bench.run('echo'), bench.run('echo'), bench.run('echo')])
    expect(await Promise.all(all.map((each, i) => each.call('echo', { value: i })))).toEqual([0, 1, 2])
  },
  async 'ten loads and stops leave nothing open'(bench) {
    const first = await bench.run('echo')
    await first.stop()
    await pause(50)
    const before = openResources()
    for (let i = 0; i < 10; i++) {
      const loaded = await bench.run('echo')
      expect(await loaded.call('echo', { value: i })).toBe(i)
      await loaded.stop()
    }
    await until(() => openResources().length <= before.length, `${openResources()} beside ${before}`)
  },
  async 'a start that fails rejects with its text, and can be stopped'(bench) {
    const loaded = await bench.load('startFails')
    await failure(loaded.start(), 'refused to start')
    await loaded.stop()
  },
  async 'a start that never ends is given up when its signal aborts, and can be stopped'(bench) {
    const loaded = await bench.load('startHangs')
    const controller = new AbortController()
    const starting = loaded.start(undefined, controller.signal)
    starting.catch(() => {})
    await pause(30)
    controller.abort()
    await rejection(soon(starting, 'giving up', bench.patienceMs), ['BP_ABORTED', 'BP_TIMEOUT', 'BP_PLUGIN_EXITED'])
    await loaded.stop(true)
  },
  async 'a start that never ends can be stopped by force'(bench) {
    const loaded = await bench.load('startHangs')
    const starting = loaded.start()
    starting.catch(() => {})
    await pause(30)
    await loaded.stop(true)
    await rejection(soon(starting, 'the start ends', bench.patienceMs), ['BP_ABORTED', 'BP_PLUGIN_EXITED', 'BP_CLOSED'])
  },
}
