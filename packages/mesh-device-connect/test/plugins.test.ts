import { createHost, type IncomingEvent, type PluginContext } from '@backplane/core'
import { functionRuntime, memoryTransport } from '@backplane/core/memory'
import { expect, test } from 'vitest'
import { deviceConnect } from '../src/index.ts'
import { testNetwork } from './meshes.ts'

test('a plugin hears the events of other devices, by a pattern of ids, and who comes and goes', async () => {
  await using net = testNetwork()
  const heard: string[] = []
  const mesh = deviceConnect({ transport: memoryTransport({ network: net.network, client: 'host' }) })
  const host = createHost({
    identity: { deviceId: 'host', tenant: 't' },
    mesh,
    clock: net.clock,
    runtimes: [functionRuntime()],
  })
  await net.settle(host.start())
  const loading = host.load({
    manifest: {
      id: 'guard',
      runtime: 'function',
      subscriptions: [{ device: 'lamp-*', event: 'hot' }, { event: 'peer_present' }, { event: 'peer_lost' }],
    },
    module: {
      onEvent: ({ device, event, payload }: IncomingEvent, _: PluginContext) =>
        void heard.push(`${device} ${event} ${JSON.stringify(payload)}`),
    },
  })
  await net.settle(loading)
  const serve = async () => null
  const lamp = net.member({ deviceId: 'lamp-1', tenant: 't' }, serve)
  const door = net.member({ deviceId: 'door-1', tenant: 't' }, serve)
  await net.settle(lamp.connect())
  await net.settle(door.connect())
  await lamp.emit('hot', { degrees: 90 })
  await lamp.emit('cold', {})
  await door.emit('hot', {})
  await net.settle(door.close())
  await net.clock.advance(100)
  expect(heard.toSorted()).toEqual([
    'door-1 peer_lost {}',
    'door-1 peer_present {}',
    'lamp-1 hot {"degrees":90}',
    'lamp-1 peer_present {}',
  ])
  await net.settle(host.stop())
})
