import { meshCompliance } from '@backplane/conformance'
import { memoryNetwork, memoryTransport } from '@backplane/core/memory'
import { deviceConnect } from '../src/index.ts'

meshCompliance({
  name: 'device-connect on memory',
  setup() {
    const network = memoryNetwork()
    return {
      mesh: (components) => deviceConnect({ transport: memoryTransport({ network }) })(components),
      selector: (deviceId) => `device(${deviceId})`,
      interrupt: () => network.partition(),
      restore: () => network.heal(),
    }
  },
})
