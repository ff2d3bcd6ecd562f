import { meshCompliance } from '@backplane/conformance'
import { silentLogger, systemClock } from '@backplane/core'
import { memoryNetwork, memoryTransport } from '@backplane/core/memory'
import { deviceConnect } from '../src/index.ts'
import { fakeRegistry } from './fake-registry.ts'

meshCompliance({
  name: 'device-connect on memory',
  setup() {
    const network = memoryNetwork()
    return {
      mesh: (components) =>
        deviceConnect({ transport: memoryTransport({ network }), claimTimeoutMs: 10_000 })(components),
      selector: (deviceId) => `device(${deviceId})`,
      interrupt: () => network.partition(),
      restore: () => network.heal(),
    }
  },
})

meshCompliance({
  name: 'device-connect with a registry',
  async setup() {
    const network = memoryNetwork()
    const registry = await fakeRegistry({
      clock: systemClock,
      async wire() {
        const wire = memoryTransport({ network, client: 'registry' })({ logger: silentLogger, clock: systemClock })
        await wire.connect()
        return wire
      },
    })
    const infra = { discovery: 'infra', registerJitterMs: 0, ttlSeconds: 3, claimTimeoutMs: 10_000 } as const
    return {
      mesh: (components) => deviceConnect({ transport: memoryTransport({ network }), ...infra })(components),
      selector: (deviceId) => `device(${deviceId})`,
      interrupt: () => network.partition(),
      restore: () => network.heal(),
      close: () => registry.close(),
    }
  },
  teardown: (under) => under.close(),
})
