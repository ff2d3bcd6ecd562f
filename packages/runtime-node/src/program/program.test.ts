import { coreError, type RuntimeContext, systemClock, type Value } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { recordingLogger, testCall, testContext } from '../../test/harness.ts'
import type { PluginDefinition } from '../authoring/plugin.ts'
import { Program } from './program.ts'

const program = (definition: PluginDefinition, context: RuntimeContext = testContext()) =>
  new Program({ definition, manifest: { id: 'test-plugin' }, context, clock: systemClock })

test('a synchronous answer comes at once, an asynchronous one as a promise', async () => {
  const subject = program({ functions: { now: () => 1, later: async () => 2, nothing: () => {} } })
  expect(subject.invoke(testCall('now'))).toBe(1)
  expect(subject.invoke(testCall('nothing'))).toBeNull()
  expect(await subject.invoke(testCall('later'))).toBe(2)
})

test('an error of the plugin has its text, keeps its cause and is logged', async () => {
  const logger = recordingLogger()
  const subject = program(
    {
      functions: {
        sync() {
          throw new RangeError('out of range')
        },
        async later() {
          throw coreError('BP_TIMEOUT', { details: { what: 'Something else', timeoutMs: 1 } })
        },
      },
    },
    testContext({ logger }),
  )
  expect(() => subject.invoke(testCall('sync'))).toThrow(
    expect.objectContaining({ code: 'BP_PLUGIN_FAILED', message: 'out of range', cause: expect.any(RangeError) }),
  )
  await expect(subject.invoke(testCall('later'))).rejects.toMatchObject({
    code: 'BP_PLUGIN_FAILED',
    message: 'Something else did not finish within 1 ms.',
    retryable: true,
  })
  expect(logger.records.map(({ level, message }) => [level, message])).toEqual([
    ['error', "function 'sync' failed"],
    ['error', "function 'later' failed"],
  ])
})

test('a function that gives up because its caller has gone is not a failure', async () => {
  const logger = recordingLogger()
  const controller = new AbortController()
  const subject = program(
    {
      functions: {
        wait: (_, { signal }) =>
          new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      },
    },
    testContext({ logger }),
  )
  const answer = subject.invoke(testCall('wait', {}, { signal: controller.signal }))
  controller.abort()
  await expect(answer).rejects.toMatchObject({ code: 'BP_ABORTED' })
  expect(logger.records).toEqual([])
})

test('a result that cannot be carried says where', () => {
  const subject = program({ functions: { bad: () => ({ at: new Date() }) } })
  expect(() => subject.invoke(testCall('bad'))).toThrow(
    expect.objectContaining({ code: 'BP_VALUE_INVALID', details: expect.objectContaining({ path: '/at' }) }),
  )
})

test('a Standard Schema checks the parameters and its output is what the function gets', async () => {
  const subject = program({
    functions: {
      double: { parameters: z.object({ n: z.coerce.number() }), run: (params) => (params as { n: number }).n * 2 },
    },
  })
  expect(await subject.invoke(testCall('double', { n: '21' }))).toBe(42)
  await expect(subject.invoke(testCall('double', { n: 'x' }))).rejects.toMatchObject({ code: 'BP_PARAMS_INVALID' })
})

test('an unknown function says so', () => {
  expect(() => program({ functions: {} }).invoke(testCall('toString'))).toThrow(
    expect.objectContaining({ code: 'BP_FUNCTION_UNKNOWN' }),
  )
})

test('a generator streams its items and gives its return value; its clean-up runs when the caller goes', async () => {
  let cleaned = 0
  const subject = program({
    functions: {
      async *count({ to }) {
        try {
          for (let n = 1; n <= Number(to); n++) yield n
          return 'done'
        } finally {
          cleaned++
        }
      },
    },
  })
  const call = testCall('count', { to: 3 })
  expect(await subject.invoke(call)).toBe('done')
  expect(call.items).toEqual([1, 2, 3])

  const controller = new AbortController()
  const items: Value[] = []
  const leaving = testCall(
    'count',
    { to: 1000 },
    {
      signal: controller.signal,
      async send(item) {
        items.push(item)
        if (items.length < 2) return
        controller.abort()
        throw coreError('BP_ABORTED')
      },
    },
  )
  await expect(subject.invoke(leaving)).rejects.toMatchObject({ code: 'BP_ABORTED' })
  expect(items).toEqual([1, 2])
  expect(cleaned).toBe(2)
})

test('what a function asks of others takes over the time left, the signal and the trace of its call', async () => {
  const invoke = vi.fn(async () => 'answer')
  const subject = program({ functions: { ask: (_, { invoke }) => invoke('other', { a: 1 }) } }, testContext({ invoke }))
  const trace = { traceparent: '00-1-2-01' }
  const call = testCall('ask', {}, { deadline: Date.now() + 5000, trace })
  expect(await subject.invoke(call)).toBe('answer')
  expect(invoke).toHaveBeenCalledWith('other', { a: 1 }, { signal: call.signal, timeoutMs: expect.any(Number), trace })
  const [options] = invoke.mock.calls.map((args: unknown[]) => args[2] as { timeoutMs: number })
  expect(options?.timeoutMs).toBeLessThanOrEqual(5000)
  expect(options?.timeoutMs).toBeGreaterThan(0)
})

test('an event that nobody awaits and that fails is logged, and that is all', async () => {
  const logger = recordingLogger()
  const emit = async () => {
    throw contractError('BP_DISCONNECTED', { details: { address: 'x' } })
  }
  const subject = program(
    {
      events: { ready: {} },
      setup(ctx) {
        void ctx.emit('ready')
      },
    },
    testContext({ logger, emit }),
  )
  await subject.start()
  await vi.waitFor(
    () => expect(logger.records.map(({ message }) => message)).toEqual(["event 'ready' was not emitted"]),
    { timeout: 10_000 },
  )
})

test('life: setup, periodic work, then its end before teardown', async () => {
  const steps: string[] = []
  let ticks = 0
  const subject = program({
    setup(ctx, state) {
      ctx.signal.addEventListener('abort', () => steps.push('abort'))
      steps.push(`setup ${JSON.stringify(state)}`)
    },
    teardown: () => void steps.push('teardown'),
    periodic: { tick: { intervalMs: 1, run: () => void ticks++ } },
    handOver: () => ({ ticks }),
  })
  await subject.start({ ticks: 5 })
  await vi.waitFor(() => expect(ticks).toBeGreaterThan(2), { timeout: 10_000 })
  expect(await subject.handOver()).toEqual({ ticks })
  await subject.stop()
  const after = ticks
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(ticks).toBe(after)
  expect(steps).toEqual(['setup {"ticks":5}', 'abort', 'teardown'])
})

test('a set-up that throws is a failed load; there is no teardown then', async () => {
  const teardown = vi.fn()
  const subject = program({
    setup() {
      throw new Error('no such port')
    },
    teardown,
  })
  await expect(subject.start()).rejects.toMatchObject({
    code: 'BP_PLUGIN_LOAD_FAILED',
    message: "Plugin 'test-plugin' could not be loaded: its set-up failed: no such port",
  })
  await subject.stop()
  expect(teardown).not.toHaveBeenCalled()
})

test('a set-up that ends after its plugin was stopped is torn down all the same', async () => {
  const teardown = vi.fn()
  let finish = () => {}
  const subject = program({ setup: () => new Promise<void>((resolve) => (finish = resolve)), teardown })
  const starting = subject.start()
  await subject.stop()
  expect(teardown).not.toHaveBeenCalled()
  finish()
  await expect(starting).rejects.toMatchObject({ code: 'BP_ABORTED' })
  expect(teardown).toHaveBeenCalledOnce()
})

test('health is what the plugin says, and a throw means no', async () => {
  expect(await program({ setup() {} }).health()).toEqual({ ok: true })
  expect(await program({ health: () => false }).health()).toEqual({ ok: false })
  expect(await program({ health: async () => ({ ok: true, message: 'warm' }) }).health()).toEqual({
    ok: true,
    message: 'warm',
  })
  const odd = program({ health: () => 'fine' as never })
  expect(await odd.health()).toMatchObject({ ok: false, message: expect.stringContaining('neither true, false') })
  const broken = program({
    health() {
      throw new Error('no light')
    },
  })
  expect(await broken.health()).toEqual({ ok: false, message: 'no light' })
})

test('functions appear and go while it runs', async () => {
  const changed = vi.fn()
  const subject = new Program({
    definition: {
      functions: {
        found: ({ name }, ctx) => ctx.offer(String(name), { description: 'New.', run: () => 'there' }),
        lost: ({ name }, { withdraw }) => withdraw(String(name)),
        wrong: (_, ctx) => ctx.offer('a b', () => 1),
      },
    },
    manifest: { id: 'test-plugin' },
    context: testContext(),
    clock: systemClock,
    changed,
  })
  const names = () => subject.description.functions.map(({ name }) => name)
  subject.invoke(testCall('found', { name: 'lamp' }))
  subject.invoke(testCall('found', { name: 'lamp' }))
  expect(subject.invoke(testCall('lamp'))).toBe('there')
  expect(subject.description.functions.at(-1)).toEqual({ name: 'lamp', description: 'New.' })
  expect(names()).toEqual(['found', 'lost', 'wrong', 'lamp'])
  subject.invoke(testCall('lost', { name: 'lamp' }))
  subject.invoke(testCall('lost', { name: 'lamp' }))
  expect(names()).toEqual(['found', 'lost', 'wrong'])
  expect(() => subject.invoke(testCall('lamp'))).toThrow(expect.objectContaining({ code: 'BP_FUNCTION_UNKNOWN' }))
  expect(() => subject.invoke(testCall('wrong'))).toThrow(/The function 'a b' is not valid/)
  expect(changed).toHaveBeenCalledTimes(3)
})

test('refused configuration rejects with the reason', async () => {
  const subject = program({
    configure({ values }) {
      if (values.rate === 0) throw new RangeError('rate must not be 0')
    },
  })
  const change = { previous: {}, changed: ['rate'] }
  await subject.reconfigure({ ...change, values: { rate: 1 } })
  await expect(subject.reconfigure({ ...change, values: { rate: 0 } })).rejects.toMatchObject({
    code: 'BP_PLUGIN_FAILED',
    message: 'rate must not be 0',
  })
})

test('a result whose own code throws while it is looked at is a failure of the plugin', async () => {
  const trap = () =>
    new Proxy(
      { at: 1 },
      {
        get() {
          throw new Error('trapped')
        },
      },
    )
  const subject = program({ functions: { trap, later: async () => ({ trap: trap() }) } })
  const failed = { code: 'BP_PLUGIN_FAILED', message: 'trapped' }
  expect(() => subject.invoke(testCall('trap'))).toThrow(expect.objectContaining(failed))
  await expect(subject.invoke(testCall('later'))).rejects.toMatchObject(failed)
})

test('what could not be announced is not offered', async () => {
  const offered: unknown[] = []
  const definition: PluginDefinition = {
    setup({ offer }) {
      try {
        offer('f', { labels: { a: 1n as never }, run: () => 1 })
      } catch (error) {
        offered.push(error)
      }
    },
  }
  const subject = program(definition)
  await subject.start()
  expect(offered).toMatchObject([{ code: 'BP_INVALID_ARGUMENT' }])
  expect(subject.description.functions).toEqual([])
})
