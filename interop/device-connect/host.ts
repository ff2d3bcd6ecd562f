/** The host under test, composed by `localHost`; it takes the options of `backplane up` that the checks need. */
import { parseArgs } from 'node:util'
import { localHost } from '@backplane/host'

const { values } = parseArgs({
  options: {
    nats: { type: 'string' },
    'device-id': { type: 'string', default: 'plugin-host-1' },
    tenant: { type: 'string', default: 'dev' },
    plugins: { type: 'string', default: 'plugins' },
    'no-auto-load': { type: 'boolean', default: false },
  },
})
const host = localHost({
  deviceId: values['device-id'],
  tenant: values.tenant,
  plugins: values.plugins,
  autoLoad: !values['no-auto-load'],
  ...(values.nats === undefined ? { brokerPort: 0 } : { nats: values.nats }),
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void host.stop())
try {
  await host.start()
  await host.loadAll()
  console.log(`ready at ${host.mesh!.address}`)
} catch (error) {
  console.error(error)
  process.exitCode = 1
  await host.stop()
}
