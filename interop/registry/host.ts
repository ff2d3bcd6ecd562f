/**
 * This project's host on a network with a registry, for `run.ts`:
 * `node host.ts <device id> <tenant> <nats url> <plugins>`.
 */
import { createHost, type Host, type HostFunction } from '@backplane/core'
import { hostEvents, hostFunctions, hostIdentity, pluginFolder, tellOfPlugins } from '@backplane/host'
import { deviceConnect } from '@backplane/mesh-device-connect'
import { nodeRuntime } from '@backplane/runtime-node'
import { natsTransport } from '@backplane/transport-nats'

const [deviceId = '', tenant = '', servers = '', plugins = ''] = process.argv.slice(2)

const shout: HostFunction = {
  descriptor: { name: 'shout', description: 'Emits an event.' },
  run: async ({ word = '' }) => {
    await host.emit('shouted', { word })
    return { shouted: word }
  },
}
const traceOf: HostFunction = {
  descriptor: { name: 'trace_of', description: 'Tells the trace of the call.' },
  run: (_, call) => call.trace?.traceparent ?? null,
}
const host: Host = createHost({
  identity: hostIdentity({ deviceId, tenant }),
  runtimes: [nodeRuntime()],
  mesh: deviceConnect({
    transport: natsTransport({ servers }),
    discovery: 'infra',
    ttlSeconds: 3,
    registerJitterMs: 200,
  }),
  functions: [...hostFunctions({ host: () => host, folder: pluginFolder(plugins) }), shout, traceOf],
  events: [...hostEvents, { name: 'shouted', description: 'Somebody shouted.' }],
})
tellOfPlugins(host)
await host.start()
console.log('READY')
process.once('SIGTERM', () => void host.stop())
