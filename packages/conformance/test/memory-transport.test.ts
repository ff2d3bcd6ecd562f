import { transportCompliance } from '@backplane/conformance'
import { memoryNetwork, memoryTransport } from '@backplane/core/memory'

const lines = {
  'memory, no latency': {},
  'memory, with latency and jitter': { latencyMs: 1, jitterMs: 3, seed: 7 },
}

for (const [name, line] of Object.entries(lines))
  transportCompliance({
    name,
    setup() {
      const network = memoryNetwork({ token: 'secret' })
      return {
        transport: memoryTransport({ network, token: 'secret', ...line }),
        unauthorized: memoryTransport({ network, token: 'guessed', ...line }),
        interrupt: () => network.partition(),
        restore: () => network.heal(),
      }
    },
  })
