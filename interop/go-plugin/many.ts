/** A host of so many plugins of one kind; prints their process ids and stays. */
import { pluginClient } from '@backplane/handshake-grpc'
import { basicHandshake, KV } from './plugins/definitions.ts'

const [command = '', count] = process.argv.slice(2)
const clients = Array.from({ length: Number(count) }, (_, at) =>
  // Every other one leads a group, as the plugins of a Backplane host do.
  pluginClient({
    handshake: basicHandshake,
    plugins: { kv: KV },
    command,
    stdin: 'ignore',
    processGroup: at % 2 === 0,
  }),
)
await Promise.all(clients.map((client) => client.start()))
console.log(clients.map(({ pid }) => pid).join(' '))
setInterval(() => {}, 60_000)
