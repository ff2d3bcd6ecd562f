import { abortedBy, type Clock, type Device, type Json, type Timer, throwIfAborted } from '@backplane/core'
import { readDevice } from './device-record.ts'
import { decodeJson, isObject } from './json.ts'

/** What a table of peers needs. */
export interface PeersInit {
  readonly clock: Clock
  readonly deviceId: string
  readonly instance: string
  /** A device that was not there before. */
  readonly onNew: (deviceId: string) => void
  /** Somebody else announces our id. */
  readonly onRival: () => void
}

/** Unheard for so long, a device is taken for gone (Device Connect's figure). */
const expiryMs = 30_000
const sweepMs = 15_000
/** After joining, everybody has been heard once nobody new came for `quietMs`; `patienceMs` is the longest wait. */
const quietMs = 300
const patienceMs = 1_000

interface Peer {
  seen: number
  readonly record: Json
  device?: Device
}

/** Who is on the mesh, by their presence. */
export class Peers {
  readonly #init: PeersInit
  readonly #peers = new Map<string, Peer>()
  readonly #waiting = new Set<() => void>()
  #sweep: Timer | undefined
  #since = Number.POSITIVE_INFINITY
  #lastNew = Number.NEGATIVE_INFINITY

  constructor(init: PeersInit) {
    this.#init = init
  }

  /** Begins, or begins again after an outage: answers to a probe are awaited from here on. */
  start(): void {
    this.#since = this.#init.clock.now()
    this.#sweep ??= this.#init.clock.after(sweepMs, () => this.#expire())
  }

  /** Takes one presence in. What cannot be read is passed over. */
  take(payload: Uint8Array): void {
    const record = read(payload)
    if (!isObject(record)) return
    const { device_id: id, departing, instance } = record
    if (typeof id !== 'string' || id === '') return
    if (id === this.#init.deviceId) {
      if (!departing && instance !== this.#init.instance) this.#init.onRival()
      return
    }
    if (departing) {
      this.#peers.delete(id)
      return
    }
    const now = this.#init.clock.now()
    const known = this.#alive(this.#peers.get(id), now)
    this.#peers.set(id, { seen: now, record })
    if (!known) {
      this.#lastNew = now
      this.#init.onNew(id)
    }
    for (const look of this.#waiting) look()
  }

  /** The devices that are there now. */
  list(): Device[] {
    const now = this.#init.clock.now()
    const devices: Device[] = []
    for (const peer of this.#peers.values()) {
      if (!this.#alive(peer, now)) continue
      peer.device ??= readDevice(peer.record)
      if (peer.device) devices.push(peer.device)
    }
    return devices
  }

  /** Resolves when `enough` says so, or when everybody has had the time to answer. Rejects with `BP_ABORTED`. */
  async gathered(enough: () => boolean, waitMs: number, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal)
    if (enough() || this.#isQuiet()) return
    const { clock } = this.#init
    const deadline = clock.now() + waitMs
    await new Promise<void>((resolve, reject) => {
      let timer: Timer | undefined
      const end = (settle: () => void) => {
        timer?.cancel()
        this.#waiting.delete(look)
        signal?.removeEventListener('abort', stop)
        settle()
      }
      const stop = () => end(() => reject(abortedBy(signal)))
      const look = () => {
        if (enough() || this.#isQuiet() || clock.now() >= deadline) return end(resolve)
        timer?.cancel()
        timer = clock.after(Math.min(50, deadline - clock.now()), look)
      }
      signal?.addEventListener('abort', stop)
      this.#waiting.add(look)
      look()
    })
  }

  /** Forgets everybody. */
  stop(): void {
    this.#sweep?.cancel()
    this.#sweep = undefined
    this.#peers.clear()
    this.#since = Number.NEGATIVE_INFINITY
    for (const look of this.#waiting) look()
  }

  #isQuiet(): boolean {
    const now = this.#init.clock.now()
    if (now - this.#since >= patienceMs) return true
    return this.#peers.size > 0 && now - Math.max(this.#since, this.#lastNew) >= quietMs
  }

  #alive(peer: Peer | undefined, now: number): boolean {
    return peer !== undefined && now - peer.seen <= expiryMs
  }

  #expire(): void {
    const now = this.#init.clock.now()
    for (const [id, peer] of this.#peers) if (!this.#alive(peer, now)) this.#peers.delete(id)
    this.#sweep = this.#init.clock.after(sweepMs, () => this.#expire())
  }
}

function read(payload: Uint8Array): Json | undefined {
  try {
    return decodeJson(payload)
  } catch {
    return undefined
  }
}
