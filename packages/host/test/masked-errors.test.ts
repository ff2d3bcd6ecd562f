/** What callers over the mesh learn of a plugin's failure: why, but no secret. */
import { silentLogger, systemClock } from '@backplane/core'
import { deviceConnect } from '@backplane/mesh-device-connect'
import { natsTransport } from '@backplane/transport-nats'
import { expect, test } from 'vitest'
import { localHost } from '../src/index.ts'
import { testFolder } from './plugins.ts'

const plugin = `export default { functions: {
  refuse: () => { throw new Error('no way to postgres://app:hunter2@db/x with api_key=hunter3') },
  crash: () => { setImmediate(() => { throw new Error('lost password=hunter4 at the pump') }); return new Promise(() => {}) },
  tell: () => 'token=shown',
} }`

test('errors and crash texts reach callers without secrets; results are as the plugin gave them', async () => {
  await using plugins = await testFolder()
  await plugins.put('leaky', plugin)
  await using host = localHost({ plugins: plugins.dir, brokerPort: 0 })
  await host.start()
  expect(await host.loadAll()).toMatchObject([{ id: 'leaky' }])
  const join = deviceConnect({ transport: natsTransport({ servers: host.mesh?.address ?? '' }) })
  await using client = join({ identity: { deviceId: 'caller' }, logger: silentLogger, clock: systemClock })
  await client.connect()
  const call = (name: string) => client.invoke('plugin-host-1', name, {}, { timeoutMs: 10_000 })
  const failure = async (name: string) => {
    const thrown = await call(name).catch((error) => error)
    expect(thrown).toBeInstanceOf(Error)
    return `${thrown.message} ${JSON.stringify(thrown)}`
  }
  const refused = await failure('refuse')
  expect(refused).toContain('no way to postgres://****@db/x with api_key=****')
  expect(refused).not.toContain('hunter')
  expect(await call('tell')).toBe('token=shown')
  const crashed = await failure('crash')
  expect(crashed).toContain('at the pump')
  expect(crashed).not.toContain('hunter')
}, 30_000)
