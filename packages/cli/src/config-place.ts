import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import { type ConfigManager, configManager } from '@backplane/config-manager'
import { fileStore } from '@backplane/config-manager/file'
import type { Params, Value } from '@backplane/core'
import { configFunctions } from '@backplane/host'
import { type Client, refused, withClient } from './client.ts'
import type { CommandContext } from './context.ts'
import { cliError } from './errors.ts'
import { aborted } from './pause.ts'
import type { Flags } from './settings.ts'

/** Where configuration is: on a running host, or at rest. */
export interface ConfigPlace {
  /** Calls one of the functions of `configFunctions`; what it refuses is thrown. */
  call(name: string, params?: Params): Promise<Record<string, Value>>
  /** Tells of changes until the signal aborts. */
  watch(listener: (change: Params) => void): Promise<void>
}

/** Flags that say where configuration is. */
export interface PlaceFlags extends Flags {
  /** The folder that a host keeps its configuration in, while that host is down. */
  readonly dir?: string
  /** Servers of a configuration that hosts share. */
  readonly store?: string
  readonly bucket?: string
  readonly device?: string
  readonly timeout?: string
}

/**
 * Does work where the flags say configuration is: on the running host, unless they name a folder or a bucket. The store
 * of the latter leaves its client to its user: this package brings `@nats-io/kv`, `@nats-io/jetstream` and
 * `@nats-io/nats-core` along.
 */
export async function withPlace<T>(
  { dir, store, bucket, device, ...rest }: PlaceFlags,
  { io, reporter }: CommandContext,
  work: (place: ConfigPlace) => Promise<T>,
): Promise<T> {
  if (dir !== undefined && store !== undefined) {
    throw cliError('BP_CLI_USAGE', { details: { reason: '--dir and --store exclude one another.' } })
  }
  if (bucket !== undefined && store === undefined) {
    throw cliError('BP_CLI_USAGE', { details: { reason: '--bucket needs --store: the servers that it is on.' } })
  }
  if (dir !== undefined) {
    await using manager = configManager({ store: fileStore(resolve(io.cwd, dir)) })()
    // Nothing else keeps the process alive while it waits.
    const alive = setInterval(() => {}, 60_000)
    try {
      return await work(atRest(manager, io.signal))
    } finally {
      clearInterval(alive)
    }
  }
  if (store !== undefined) {
    const [{ connect }, { natsStore }] = await Promise.all([
      import('@nats-io/transport-node'),
      import('@backplane/config-manager/nats'),
    ])
    const connection = await connect({ servers: store.split(','), timeout: 5_000 }).catch((cause) => {
      throw cliError('BP_CLI_UNREACHABLE', {
        details: { names: store },
        next: 'Check the URL, and that the server runs.',
        cause,
      })
    })
    try {
      await using manager = configManager({
        store: natsStore({ connection, ...(bucket === undefined ? {} : { bucket }) }),
      })()
      return await work(atRest(manager, io.signal))
    } finally {
      await connection.close()
    }
  }
  const flags = device === undefined ? rest : { ...rest, deviceId: device }
  return withClient(flags, io, reporter, (client) => work(onHost(client, io.signal)))
}

/** The same functions as a host's, on a store that no host uses. */
function atRest(manager: ConfigManager, signal: AbortSignal): ConfigPlace {
  const functions = configFunctions({ manager, actor: () => ({ name: userInfo().username, admin: true }) })
  return {
    call: async (name, params = {}) => {
      const found = functions.find(({ descriptor }) => descriptor.name === name) as (typeof functions)[number]
      const call = { name, params, signal, deadline: Number.POSITIVE_INFINITY, caller: { kind: 'local' as const } }
      const result = (await found.run(params, { ...call, send: async () => {} })) as Record<string, Value>
      if (result.status === 'error') throw refused(result)
      return result
    },
    watch: async (listener) => {
      await manager.start({ signal })
      for await (const { category, kind, revision, changed, actor, reason } of manager.watch({}, { signal })) {
        const values = Object.fromEntries(
          changed.map((item) => [item, manager.item(category, item)?.value as Value | undefined]),
        )
        listener({ category, kind, revision, values, actor, reason } as Params)
      }
    },
  }
}

function onHost({ mesh, deviceId, manage }: Client, signal: AbortSignal): ConfigPlace {
  return {
    call: manage,
    watch: async (listener) => {
      await mesh.on({ device: deviceId, event: 'config_changed' }, ({ payload }) => listener(payload as Params))
      // A wrong name would wait for ever and say nothing.
      await manage('list_config')
      await aborted(signal)
    },
  }
}
