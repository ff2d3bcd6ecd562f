import { silentLogger, systemClock } from '@backplane/core'
import { deviceConnect } from '@backplane/mesh-device-connect'
import { natsBroker } from '@backplane/nats-broker'
import { natsTransport } from '@backplane/transport-nats'
import { expect, test } from 'vitest'
import { customHost } from './host.ts'

test('offers its plugin on the mesh, and writes down who called what', async () => {
  await using broker = natsBroker({ port: 0 })()
  await broker.listen()
  const lines: string[] = []
  await using host = await customHost(broker.url, (line) => lines.push(line))

  const join = deviceConnect({ transport: natsTransport({ servers: broker.url }) })
  await using client = join({ identity: { deviceId: 'caller' }, logger: silentLogger, clock: systemClock })
  await client.connect()
  const { deviceId } = host.identity
  expect(await client.invoke(deviceId, 'hello_world', { name: 'you' })).toEqual({ message: 'Hello, you!' })
  await expect(client.invoke(deviceId, 'unload_plugin', { plugin_id: 'hello-world' })).rejects.toMatchObject({
    code: 'BP_FUNCTION_UNKNOWN',
  })
  await host.call('hello_world')
  expect(lines).toEqual([
    expect.stringMatching(/^\S+ called hello-world\.hello_world: ok$/),
    'local called hello-world.hello_world: ok',
  ])
})
