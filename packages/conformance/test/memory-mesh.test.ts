import { meshCompliance } from '@backplane/conformance'
import { memoryMesh, memoryNetwork } from '@backplane/core/memory'

const lines = {
  'memory, no latency': {},
  'memory, with latency and jitter': { latencyMs: 1, jitterMs: 3, seed: 7 },
}

for (const [name, line] of Object.entries(lines))
  meshCompliance({
    name,
    setup() {
      const network = memoryNetwork()
      return {
        mesh: memoryMesh({ network, ...line }),
        selector: (deviceId) => deviceId,
        interrupt: () => network.partition(),
        restore: () => network.heal(),
      }
    },
  })
