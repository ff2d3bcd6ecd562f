import { expect, test, vi } from 'vitest'
import type { Call } from '../contracts/call.ts'
import { silentLogger } from '../contracts/logger.ts'
import type { RuntimeContext } from '../contracts/runtime.ts'
import { coreError } from '../errors.ts'
import { type RemoteInit, RemoteInstance } from './remote-instance.ts'
import type { RemoteEnds } from './remote-line.ts'

const { signal } = new AbortController()

/** An instance whose other end is the test. */
function remote(more: Partial<RemoteInit> = {}, own: Partial<RuntimeContext> = {}) {
  const said: (readonly unknown[])[] = []
  const guard = { owed: vi.fn(), settled: vi.fn(), suspect: vi.fn(), clear: vi.fn() }
  const exited = Promise.withResolvers<void>()
  const kill = vi.fn((reason: string) => {
    plugin.ended(reason)
    exited.resolve()
  })
  const context: RuntimeContext = {
    pluginId: 'far',
    logger: silentLogger,
    config: {},
    signal,
    permissions: {},
    simulated: false,
    emit: vi.fn(async () => {}),
    invoke: vi.fn(async () => 'answer'),
    exited: vi.fn(),
    changed: vi.fn(),
    ...own,
  }
  let plugin!: RemoteEnds
  const instance = new RemoteInstance({
    context,
    now: () => 1000,
    streamWindow: 4,
    guard: () => guard,
    open(ends) {
      plugin = ends
      return { post: (message) => void said.push(message), kill, exited: exited.promise }
    },
    ...more,
  })
  return { instance, plugin, said, guard, kill, context }
}

const description = { functions: [{ name: 'read' }], events: [] }

async function started(parts: ReturnType<typeof remote>, described: object = description) {
  parts.plugin.receive(['ready', described])
  await parts.instance.loaded(signal)
  const starting = parts.instance.start({ signal })
  const [, id] = parts.said.at(-1) as [string, number]
  parts.plugin.receive(['result', id, null])
  await starting
  parts.said.length = 0
  return parts
}

const call = (more: Partial<Call> = {}): Call => ({
  name: 'read',
  params: { a: 1 },
  signal,
  deadline: 3000,
  caller: { kind: 'local' },
  send: async () => {},
  ...more,
})

test('a call crosses with the time that is left, and its answer settles it', async () => {
  const { instance, plugin, said, guard } = await started(remote())
  const answer = instance.invoke(call())
  expect(said).toEqual([['call', 2, 'read', { a: 1 }, { left_ms: 2000, caller: { kind: 'local' } }]])
  plugin.receive(['result', 2, 'done'])
  expect(await answer).toBe('done')
  expect(guard.settled).toHaveBeenLastCalledWith(2)
})

test('a caller that leaves is told to the plugin and to the guard, and a late answer is nothing', async () => {
  const { instance, plugin, said, guard } = await started(remote())
  const controller = new AbortController()
  const answer = instance.invoke(call({ signal: controller.signal }))
  controller.abort(coreError('BP_TIMEOUT', { details: { what: 'it', timeoutMs: 1 } }))
  await expect(answer).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
  expect(said.at(-1)).toEqual(['cancel', 2, expect.objectContaining({ code: 'BP_TIMEOUT' })])
  expect(guard.owed).toHaveBeenCalledWith(2, "a call of 'read' went on past its deadline", 2000)
  plugin.receive(['result', 2, 'late'])
})

test('items reach their caller in order before the result, and room is given back', async () => {
  const { instance, plugin, said } = await started(remote())
  const items: unknown[] = []
  const answer = instance.invoke(call({ send: async (item) => void items.push(item) }))
  for (const n of [1, 2, 3]) plugin.receive(['item', 2, n])
  plugin.receive(['result', 2, 3])
  expect(await answer).toBe(3)
  expect(items).toEqual([1, 2, 3])
  expect(said).toContainEqual(['credit', 2, 2])
})

test('an error of the plugin keeps its text; one without a code is the plugin’s own', async () => {
  const { instance, plugin } = await started(remote())
  const answer = instance.invoke(call())
  plugin.receive(['error', 2, { message: 'no sensor', details: { pin: 4 } }])
  const details = { pin: 4, plugin: 'far', reason: 'no sensor' }
  await expect(answer).rejects.toMatchObject({ code: 'BP_PLUGIN_FAILED', message: 'no sensor', details })
})

test.each([
  ['nothing at all', undefined],
  ['a text', 'broken'],
  ['a code that is none', { code: 7, message: '' }],
])('an error that is %s is an error still', async (_, told) => {
  const { instance, plugin } = await started(remote())
  const answer = instance.invoke(call())
  plugin.receive(['error', 2, told])
  await expect(answer).rejects.toMatchObject({ code: 'BP_PLUGIN_FAILED' })
})

test('parameters that the line cannot carry fail their call alone, and say which', async () => {
  const parts = await started(remote())
  const tooLarge = coreError('BP_PLUGIN_FAILED', { details: { reason: 'no' } })
  const { instance, plugin } = parts
  const push = parts.said.push.bind(parts.said)
  parts.said.push = () => {
    throw tooLarge
  }
  await expect(instance.invoke(call())).rejects.toBe(tooLarge)
  parts.said.push = push
  const answer = instance.invoke(call())
  plugin.receive(['result', 3, 1])
  expect(await answer).toBe(1)
})

test('requests of the plugin are answered or refused; those of one that has ended are given up', async () => {
  let aborted = false
  const invoke = vi.fn((name: string, _: unknown, options?: { signal?: AbortSignal }) => {
    if (name === 'bad') return Promise.reject(coreError('BP_FUNCTION_UNKNOWN', { details: { name } }))
    if (name === 'good') return Promise.resolve(1)
    options?.signal?.addEventListener('abort', () => {
      aborted = true
    })
    return new Promise<never>(() => {})
  })
  const { instance, plugin, said } = await started(remote({}, { invoke }))
  plugin.receive(['emit', 1, 'measured', { n: 1 }])
  plugin.receive(['invoke', 2, 'good', {}, { device: 'box-2', timeout_ms: 5 }])
  plugin.receive(['invoke', 3, 'bad'])
  plugin.receive(['push', 4, 'nobody', 1])
  instance.onPush('somebody', (value) => [value])
  plugin.receive(['push', 5, 'somebody', 1])
  plugin.receive(['invoke', 6, 'never'])
  await vi.waitFor(() => expect(said).toHaveLength(5))
  expect(said).toContainEqual(['answer', 1, null])
  expect(said).toContainEqual(['answer', 2, 1])
  expect(said).toContainEqual(['refuse', 3, expect.objectContaining({ code: 'BP_FUNCTION_UNKNOWN' })])
  expect(said).toContainEqual(['refuse', 4, expect.objectContaining({ code: 'BP_INVALID_ARGUMENT' })])
  expect(said).toContainEqual(['answer', 5, [1]])
  expect(invoke).toHaveBeenCalledWith('good', {}, expect.objectContaining({ device: 'box-2', timeoutMs: 5 }))
  plugin.ended('it exited with code 1')
  expect(aborted).toBe(true)
})

test('its end fails what is under way, and is told once it has started', async () => {
  const { instance, plugin, context } = await started(remote())
  const answer = instance.invoke(call())
  plugin.ended('it exited with code 1', { details: { stderr: ['x'] } })
  await expect(answer).rejects.toMatchObject({ code: 'BP_PLUGIN_EXITED', details: { stderr: ['x'] } })
  await expect(instance.invoke(call())).rejects.toMatchObject({ code: 'BP_PLUGIN_EXITED' })
  expect(context.exited).toHaveBeenCalledOnce()
})

test('one that ends while it is loaded or started could not be loaded', async () => {
  const early = remote()
  early.plugin.ended('it exited with code 1')
  await expect(early.instance.loaded(signal)).rejects.toMatchObject({ code: 'BP_PLUGIN_LOAD_FAILED' })
  const { instance, plugin, context } = remote()
  plugin.receive(['ready', description])
  const starting = instance.start({ signal })
  plugin.ended('it exited with code 2')
  await expect(starting).rejects.toMatchObject({ code: 'BP_PLUGIN_LOAD_FAILED' })
  expect(context.exited).not.toHaveBeenCalled()
})

test('loading that is given up leaves nothing', async () => {
  const { instance, kill } = remote()
  const reason = coreError('BP_TIMEOUT', { details: { what: 'Loading', timeoutMs: 1 } })
  await expect(instance.loaded(AbortSignal.abort(reason))).rejects.toBe(reason)
  expect(kill).toHaveBeenCalledOnce()
})

test('what it can be asked is what it said when it was ready', async () => {
  const { instance, plugin, said } = await started(remote(), { ...description, has: ['notify', 'hand_over'] })
  expect(instance.reconfigure).toBeUndefined()
  const handing = instance.handOver?.({ signal })
  plugin.receive(['result', (said.at(-1) as [string, number])[1], { n: 1 }])
  expect(await handing).toEqual({ n: 1 })
  void instance.notify?.({ device: 'd', deviceType: 't', event: 'e', payload: {} })
  const body = { device: 'd', device_type: 't', event: 'e', payload: {} }
  expect(said.at(-1)).toEqual(['ask', expect.any(Number), 'notify', body])
  const healthy = instance.health({ signal })
  expect(said.at(-1)).toEqual(['ask', expect.any(Number), 'ping', null])
  plugin.receive(['result', (said.at(-1) as [string, number])[1], null])
  expect(await healthy).toEqual({ ok: true })
})

test('events beyond 1,024 that nobody takes are dropped, with a warning, and the guard is told', async () => {
  const warn = vi.fn()
  const logger = { ...silentLogger, warn }
  const { instance, said, guard } = await started(remote({}, { logger }), { ...description, has: ['notify'] })
  const event = { device: 'd', event: 'e', payload: {} }
  for (let n = 0; n < 1030; n++) void instance.notify?.(event)
  expect(said).toHaveLength(1024)
  expect(warn).toHaveBeenCalledOnce()
  expect(guard.suspect).toHaveBeenCalled()
})

test('a change that comes right behind the answer of start counts', async () => {
  const { instance, plugin, said, context } = remote()
  plugin.receive(['ready', description])
  await instance.loaded(signal)
  const starting = instance.start({ signal })
  plugin.receive(['result', (said.at(-1) as [string, number])[1], description])
  plugin.receive(['changed', { functions: [{ name: 'read' }, { name: 'more' }], events: [] }])
  await starting
  expect(instance.functions.map(({ name }) => name)).toEqual(['read', 'more'])
  expect(context.changed).toHaveBeenCalledOnce()
})

test('a description that is wrong is refused at load, and breaks the protocol later', async () => {
  const { instance, plugin } = remote()
  plugin.receive(['ready', { functions: [{}] }])
  const reason = "'functions' of its description: item 0 is not an object with a `name`"
  await expect(instance.loaded(signal)).rejects.toMatchObject({ code: 'BP_PLUGIN_LOAD_FAILED', details: { reason } })
  const { plugin: other } = await started(remote())
  expect(() => other.receive(['changed', null])).toThrow('its description is not an object')
})

test('a health that says nothing is no good one', async () => {
  const { instance, plugin, said } = await started(remote(), { ...description, has: ['health'] })
  const health = instance.health({ signal })
  plugin.receive(['result', (said.at(-1) as [string, number])[1], null])
  expect(await health).toEqual({ ok: false, message: 'its health is not an object with `ok`' })
})

test('a question that is not answered in time is told to the guard', async () => {
  const { instance, guard } = await started(remote())
  await expect(instance.health({ signal: AbortSignal.timeout(5) })).rejects.toMatchObject({ code: 'BP_ABORTED' })
  expect(guard.owed).toHaveBeenCalledWith(2, "it did not answer 'ping'", 0)
})

test('stopping asks first, then ends by force, and is no exit', async () => {
  const { instance, plugin, said, kill, context } = await started(remote())
  const stopping = instance.stop({ signal })
  plugin.receive(['result', (said.at(-1) as [string, number])[1], null])
  await stopping
  expect(said).toEqual([['ask', 2, 'stop', null]])
  expect(kill).toHaveBeenCalledWith('it was stopped')
  expect(context.exited).not.toHaveBeenCalled()
})

test('messages that nobody knows are passed over', async () => {
  const { instance, plugin } = await started(remote())
  plugin.receive(['a message of another version', 1])
  plugin.receive(['result', 99, 1])
  plugin.receive(['cancel', 99])
  expect(instance.functions).toHaveLength(1)
})
