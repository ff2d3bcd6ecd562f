import type { Device, Params, Subscription } from '@backplane/core'
import { readDevice } from './device-record.ts'
import type { Directory, FindOptions, PeerChange } from './directory.ts'
import { deviceConnectError } from './errors.ts'
import type { Link } from './link.ts'
import { Registry } from './registry.ts'
import { isRival } from './rival.ts'
import { readEvent } from './rpc.ts'
import { select, soleDevice } from './selector.ts'
import type { Selector } from './selector-parser.ts'

/** What a directory by registry needs. */
export interface RegistryDirectoryInit {
  readonly link: Link
  /** How many records one page has. */
  readonly pageSize: number
  /** Throws once the mesh is no longer joined. */
  readonly check: () => void
  readonly onRival: () => void
  /** Whether we are a device, rather than a mere client. */
  readonly isDevice: () => boolean
  /** The registry counts this device as gone, though it is not. */
  readonly onForgotten: () => void
}

/** Who is on a mesh with a registry: anyone who is registered there. Nothing is kept, so nothing is out of date. */
export class RegistryDirectory implements Directory {
  readonly size = 0
  readonly #init: RegistryDirectoryInit
  readonly #registry: Registry

  constructor(init: RegistryDirectoryInit) {
    this.#init = init
    this.#registry = new Registry(init.link)
  }

  async join(subscriptions: Subscription[]): Promise<void> {
    const { link, isDevice, onForgotten } = this.#init
    if (!isDevice()) return
    const { transport, subjects, identity, instance } = link
    const { deviceId } = identity
    const heard = await transport.subscribe(subjects.presence(deviceId), ({ payload }) => {
      if (isRival(payload, deviceId, instance)) this.#init.onRival()
    })
    subscriptions.push(heard)
    const gone = await this.watch('offline', (device) => {
      if (device === deviceId) onForgotten()
    })
    subscriptions.push(gone)
  }

  start(): void {}

  stop(): void {}

  async *find(wanted: Selector, options: FindOptions): AsyncGenerator<Device, void, void> {
    const { link, pageSize, check } = this.#init
    const end = link.clock.now() + options.timeoutMs
    // Pages without end, each in no time, would never run into the limit of a single question.
    const left = () => {
      const timeoutMs = end - link.clock.now()
      if (timeoutMs > 0) return { ...options, timeoutMs }
      const reason = `it has not given all that it has within ${options.timeoutMs} ms`
      const { tenant = 'default' } = link.identity
      throw deviceConnectError('BP_DEVICE_CONNECT_REGISTRY_UNAVAILABLE', { details: { tenant, reason } })
    }
    const sole = soleDevice(wanted)
    const pages =
      sole === undefined ? this.#registry.pages(pageSize, left) : single(await this.#registry.get(sole, left()))
    for await (const records of pages) {
      check()
      for (const record of records) {
        const device = readDevice(record)
        if (!device || device.deviceId === link.identity.deviceId || hasLeft(device)) continue
        const seen = select(wanted, device)
        if (seen) yield seen
      }
    }
  }

  typeOf(): undefined {}

  watch(change: PeerChange, tell: (device: string, payload: Params) => void): Promise<Subscription> {
    const { transport, subjects } = this.#init.link
    return transport.subscribe(subjects.lifecycle(change), ({ payload }) => {
      const params = readEvent(payload)
      if (typeof params?.device_id === 'string' && params.device_id !== '') tell(params.device_id, params)
    })
  }
}

/** What a host of ours says in its last heartbeat: the registry keeps its record until that has run out. */
function hasLeft({ status }: Device): boolean {
  return status.online === false && status.availability === 'offline'
}

function* single<T>(record: T | undefined): Generator<readonly T[], void, void> {
  yield record === undefined ? [] : [record]
}
