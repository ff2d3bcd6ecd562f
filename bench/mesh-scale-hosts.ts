/**
 * A process with some of the hosts of `mesh-scale.bench.ts`:
 * `node mesh-scale-hosts.ts <url> <discovery> <first> <count>`.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createHost, type Host, type HostFunction } from '@backplane/core'
import { type DiscoveryMode, deviceConnect } from '@backplane/mesh-device-connect'
import { natsTransport } from '@backplane/transport-nats'

/** What this process tells when it is asked for `usage`. */
export interface Usage {
  /** CPU time so far, in milliseconds. */
  readonly cpuMs: number
  /** Heap and what hangs on it, after a collection, in bytes. */
  readonly heapBytes: number
  readonly rssBytes: number
}

const [url = '', discovery = 'd2d', first = '0', count = '0'] = process.argv.slice(2)

const functions: HostFunction[] = Array.from({ length: 50 }, (_, n) => ({
  descriptor: {
    name: `function_${n}`,
    description: `Does the thing that is number ${n} of all the things that this host does.`,
    parameters: {
      type: 'object',
      properties: { amount: { type: 'integer', description: 'How much of it.' }, unit: { type: 'string' } },
      required: ['amount'],
    },
  },
  run: () => n,
}))
const hosts: Host[] = []

process.on('message', async (message) => {
  if (message === 'usage') process.send!(await usage())
  if (message !== 'stop') return
  await Promise.all(hosts.map((host) => host.stop()))
  process.disconnect()
})

// The process that asked for the hosts has gone, for whatever reason: none may be left behind.
process.once('disconnect', () => process.exit())

for (let n = 0; n < Number(count); n++) {
  hosts.push(
    createHost({
      identity: { deviceId: `host-${Number(first) + n}`, tenant: 'scale' },
      functions,
      mesh: deviceConnect({
        transport: natsTransport({ servers: url }),
        discovery: discovery as DiscoveryMode,
        registerJitterMs: 500,
        // Hosts of one process share its event loop: a rival's answer would be late, not absent.
        claimTimeoutMs: 3_000,
      }),
    }),
  )
}
// A few at a time: hosts of a fleet do not share one event loop, so their joins would not wait for one another.
for (let next = 0; next < hosts.length; next += 5) {
  await Promise.all(hosts.slice(next, next + 5).map((host) => started(host)))
}
process.send!('ready')

/** On a machine that has more to do than this, a join may run out of time; anyone who runs hosts starts them again. */
async function started(host: Host): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await host.start()
    } catch (error) {
      if (attempt === 5) throw error
    }
  }
}

async function usage(): Promise<Usage> {
  const { user, system } = process.cpuUsage()
  // What is only waiting to be collected is no memory of a host's.
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc?.()
    await sleep(10)
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  return { cpuMs: (user + system) / 1_000, heapBytes: heapUsed + external, rssBytes: rss }
}
