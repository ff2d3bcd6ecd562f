/** The host of `runtime-python.bench.ts`: `NATS_URL=... node runtime-python-host.ts <plugins>`. */
import { localHost } from '@backplane/host'

const { NATS_URL: nats = '' } = process.env
const [plugins = ''] = process.argv.slice(2)
const host = localHost({ nats, deviceId: 'ours', tenant: 'bench', plugins })
await host.start()
const [report] = await host.loadAll()
if (!report?.plugin) throw report?.error ?? new Error('there is no plugin')
console.log('READY')
