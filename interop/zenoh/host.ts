/** A host on a bridge: `host.ts ENDPOINT DEVICE_ID TENANT PLUGINS`. Ends on SIGINT or SIGTERM. */
import { edgeHost } from '@backplane/host'

const [endpoint = '', deviceId = '', tenant = '', plugins = ''] = process.argv.slice(2)
const host = edgeHost({ bridge: endpoint, deviceId, tenant, plugins, autoLoad: false })
await host.start()
console.log('READY')
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void host.stop().then(() => process.exit(0)))
