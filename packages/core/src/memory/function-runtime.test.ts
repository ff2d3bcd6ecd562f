import { expect, test } from 'vitest'
import { createHost } from '../host.ts'
import { type FunctionPlugin, functionRuntime, memoryMesh, memoryNetwork } from './index.ts'

const greeter: FunctionPlugin = {
  functions: {
    greet: { description: 'Greets by name.', run: ({ name }) => ({ message: `Hello, ${name}!` }) },
    boom: (_, __, context) => {
      context.crash('boom')
      return new Promise(() => {})
    },
    learn: (_, __, context) => context.offer('learned', () => 'from now on'),
    forget: (_, __, context) => context.withdraw('learned'),
  },
}

const source = (id: string, module: unknown) => ({ manifest: { id, runtime: 'function' }, module })

test('a host runs plain objects, and another host calls them over a mesh in memory', async () => {
  const network = memoryNetwork()
  await using one = createHost({
    identity: { deviceId: 'one' },
    runtimes: [functionRuntime()],
    mesh: memoryMesh({ network }),
  })
  await using two = createHost({ identity: { deviceId: 'two' }, mesh: memoryMesh({ network }) })
  await one.load(source('greeter', greeter))
  await Promise.all([one.start(), two.start()])
  expect(await one.call('greet', { name: 'plugin' })).toEqual({ message: 'Hello, plugin!' })
  expect(await two.mesh?.invoke('one', 'greet', { name: 'mesh' })).toEqual({ message: 'Hello, mesh!' })
  const [device] = (await two.mesh?.discover('one')) ?? []
  expect(device?.functions.map(({ name }) => name)).toContain('greet')
})

test('a crash fails the call, and the host starts the plugin again', async () => {
  await using host = createHost({ identity: { deviceId: 'one' }, runtimes: [functionRuntime()] })
  await host.load({
    ...source('greeter', greeter),
    manifest: { id: 'greeter', restart: { backoff_ms: 1 } },
  })
  const restarted = new Promise<void>((resolve) => {
    host.on((event) => event.type === 'plugin.restarted' && resolve())
  })
  await expect(host.call('boom')).rejects.toMatchObject({ code: 'BP_PLUGIN_EXITED' })
  await restarted
  expect(await host.call('greet', { name: 'again' })).toEqual({ message: 'Hello, again!' })
})

test('functions come and go while it runs', async () => {
  await using host = createHost({ identity: { deviceId: 'one' }, runtimes: [functionRuntime()] })
  await host.load(source('greeter', greeter))
  await expect(host.call('learned')).rejects.toMatchObject({ code: 'BP_FUNCTION_UNKNOWN' })
  await host.call('learn')
  expect(await host.call('learned')).toBe('from now on')
  await host.call('forget')
  await expect(host.call('learned')).rejects.toMatchObject({ code: 'BP_FUNCTION_UNKNOWN' })
})

test('it can stand in for any runtime', () => {
  const runtime = functionRuntime({ kind: 'wasm', enforces: ['limits.memory_mb'] })()
  expect(runtime).toMatchObject({ kind: 'wasm', enforces: ['limits.memory_mb'] })
  expect(runtime.accepts({ manifest: { id: 'p' }, dir: '/plugins/p' })).toBe(false)
})
