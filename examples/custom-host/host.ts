import { join } from 'node:path'
import { createHost, type Host, type Interceptor } from '@backplane/core'
import { deviceConnect } from '@backplane/mesh-device-connect'
import { nodeRuntime } from '@backplane/runtime-node'
import { natsTransport } from '@backplane/transport-nats'

/** Writes a line for each call: who asked, what for, how it ended. */
export function audit(write: (line: string) => void): Interceptor {
  return async ({ name, caller }, { plugin }, next) => {
    const call = `${caller.id ?? caller.kind} called ${plugin}.${name}`
    try {
      const result = await next()
      write(`${call}: ok`)
      return result
    } catch (error) {
      write(`${call}: ${(error as Error).message}`)
      throw error
    }
  }
}

/** A host with one trusted plugin, no management functions, and an audit of every call. */
export async function customHost(servers: string, write: (line: string) => void): Promise<Host> {
  const host = createHost({
    identity: { deviceId: 'audited-box', tenant: 'default', location: 'the lab' },
    runtimes: [nodeRuntime()],
    mesh: deviceConnect({ transport: natsTransport({ servers }) }),
    interceptors: [audit(write)],
    restart: { intensity: 3, period_ms: 10_000 },
    timeoutMs: 5_000,
  })
  const dir = join(import.meta.dirname, '../hello-world')
  await host.load({ manifest: { id: 'hello-world', entry_point: 'plugin.ts' }, dir })
  await host.start()
  return host
}

if (import.meta.main) {
  const host = await customHost(process.argv[2] ?? 'nats://127.0.0.1:4222', console.log)
  console.log(`'${host.identity.deviceId}' is on ${host.mesh?.address}; Ctrl+C ends it.`)
  process.once('SIGINT', () => void host.stop())
}
