import type { Device, Params, Subscription } from '@backplane/core'
import type { Directory, FindOptions, PeerChange } from './directory.ts'
import type { Link } from './link.ts'
import { Peers } from './peers.ts'
import { select, soleDevice } from './selector.ts'
import type { Selector } from './selector-parser.ts'

/** What a directory by presence needs. */
export interface PresenceDirectoryInit {
  readonly link: Link
  /** Throws once the mesh is no longer joined. */
  readonly check: () => void
  readonly onNew: () => void
  readonly onRival: () => void
}

/** A wildcard is one token, and ids may have dots: so many are heard. */
const anyId = ['*', '*.*', '*.*.*']

/** Who is on a mesh without a registry: anyone who announces a presence. */
export class PresenceDirectory implements Directory {
  readonly #init: PresenceDirectoryInit
  readonly #peers: Peers
  readonly #watchers = { online: new Set<(device: string) => void>(), offline: new Set<(device: string) => void>() }

  constructor(init: PresenceDirectoryInit) {
    const { clock, identity, instance, logger } = init.link
    this.#init = init
    this.#peers = new Peers({
      clock,
      deviceId: identity.deviceId,
      instance,
      onNew: (device) => {
        init.onNew()
        for (const tell of this.#watchers.online) tell(device)
      },
      onGone: (device) => {
        for (const tell of this.#watchers.offline) tell(device)
      },
      onRival: init.onRival,
      onFull: (count) => logger.warn({ count }, 'more devices announce themselves than are kept; some had no place'),
    })
  }

  get size(): number {
    return this.#peers.size
  }

  async join(subscriptions: Subscription[]): Promise<void> {
    const { transport, subjects } = this.#init.link
    for (const anybody of anyId) {
      const heard = await transport.subscribe(subjects.presence(anybody), ({ subject, payload }) => {
        const device = subjects.presenceOf(subject)
        if (device !== undefined) this.#peers.take(device, payload)
      })
      subscriptions.push(heard)
    }
  }

  start(): void {
    this.#peers.start()
  }

  stop(): void {
    this.#peers.stop()
  }

  async *find(wanted: Selector, { timeoutMs, signal }: FindOptions): AsyncGenerator<Device, void, void> {
    const sole = soleDevice(wanted)
    const release = sole === undefined ? () => {} : this.#peers.want(sole)
    const found = () => this.#peers.list().flatMap((device) => select(wanted, device) ?? [])
    try {
      await this.#peers.gathered(() => sole !== undefined && found().length > 0, timeoutMs, signal)
      this.#init.check()
      yield* found()
    } finally {
      release()
    }
  }

  typeOf(device: string): string | undefined {
    return this.#peers.get(device)?.deviceType
  }

  async watch(change: PeerChange, tell: (device: string, payload: Params) => void): Promise<Subscription> {
    const watchers = this.#watchers[change]
    const watcher = (device: string) => tell(device, {})
    watchers.add(watcher)
    const unsubscribe = async () => void watchers.delete(watcher)
    return { pattern: `device.${change}`, unsubscribe, [Symbol.asyncDispose]: unsubscribe }
  }
}
