import { Buffer } from 'node:buffer'
import { abortedBy, type Clock, type Device, type Json, type Timer, throwIfAborted } from '@backplane/core'
import { readDevice } from './device-record.ts'
import { decodeJson, isObject } from './json.ts'
import { isRival } from './rival.ts'

/** What a table of peers needs. */
export interface PeersInit {
  readonly clock: Clock
  readonly deviceId: string
  readonly instance: string
  /** A device that was not there before. */
  readonly onNew: (deviceId: string) => void
  /** A device that was there: it has said good-bye, or has not been heard for 30 s. */
  readonly onGone: (deviceId: string) => void
  /** Somebody else announces our id. */
  readonly onRival: () => void
  /** There are more devices than are kept. Told once. */
  readonly onFull: () => void
}

/** Unheard for so long, a device is taken for gone (Device Connect's figure). */
const expiryMs = 30_000
const sweepMs = 15_000
/**
 * After joining, everybody has been heard once nobody new came for `quietMs`. `patienceMs` is how long nobody at all is
 * waited for, and `crowdMs` how long a crowd that keeps coming.
 */
const quietMs = 300
const patienceMs = 1_000
const crowdMs = 3_000
/** What is kept at most. A flood of made-up ids must cost neither the memory nor the devices that are known. */
const mostPeers = 10_000
const mostBytes = 256 * 1024 * 1024

interface Peer {
  readonly seen: number
  readonly presence: Uint8Array
  /** Read when somebody asks: most presences only say that nothing has changed. */
  device?: Device
}

/** Who is on the mesh, by their presence. */
export class Peers {
  readonly #init: PeersInit
  readonly #peers = new Map<string, Peer>()
  readonly #waiting = new Set<() => void>()
  #bytes = 0
  #isFull = false
  #sweep: Timer | undefined
  #since = Number.POSITIVE_INFINITY
  #lastNew = Number.NEGATIVE_INFINITY

  constructor(init: PeersInit) {
    this.#init = init
  }

  /** How many are known. */
  get size(): number {
    return this.#peers.size
  }

  /** Begins, or begins again after an outage: answers to a probe are awaited from here on. */
  start(): void {
    this.#since = this.#init.clock.now()
    this.#sweep ??= this.#init.clock.after(sweepMs, () => this.#expire())
  }

  /** Takes one presence in, said on the subject of device `id`. What cannot be read is passed over. */
  take(id: string, payload: Uint8Array): void {
    const { deviceId, instance, onRival } = this.#init
    if (id === deviceId) {
      if (isRival(payload, id, instance)) onRival()
      return
    }
    if (mentions(payload, 'departing')) {
      const record = read(payload)
      if (isObject(record) && record.device_id === id && record.departing) {
        this.#forget(id)
        return
      }
    }
    this.#keep(id, payload)
  }

  /** The devices that are there now. */
  list(): Device[] {
    const now = this.#init.clock.now()
    const devices: Device[] = []
    for (const [id, peer] of this.#peers) {
      const device = this.#isAlive(peer, now) ? deviceOf(id, peer) : undefined
      if (device) devices.push(device)
    }
    return devices
  }

  /** A device that is there now. */
  get(id: string): Device | undefined {
    const peer = this.#peers.get(id)
    return peer && this.#isAlive(peer, this.#init.clock.now()) ? deviceOf(id, peer) : undefined
  }

  /** Resolves when `enough` says so, or when everybody has had the time to answer. Rejects with `BP_ABORTED`. */
  async gathered(enough: () => boolean, waitMs: number, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal)
    if (this.#isQuiet() || enough()) return
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
        if (this.#isQuiet() || clock.now() >= deadline || enough()) return end(resolve)
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
    this.#bytes = 0
    this.#since = Number.NEGATIVE_INFINITY
    for (const look of this.#waiting) look()
  }

  #keep(id: string, payload: Uint8Array): void {
    const now = this.#init.clock.now()
    const before = this.#peers.get(id)
    const isKnown = before !== undefined && this.#isAlive(before, now)
    const device = isKnown ? undefined : readOf(id, payload)
    if (!isKnown && !device) return
    const bytes = this.#bytes - (before?.presence.length ?? 0) + payload.length
    if (bytes > mostBytes || (!before && this.#peers.size >= mostPeers)) {
      if (!this.#isFull) this.#init.onFull()
      this.#isFull = true
      return
    }
    this.#bytes = bytes
    this.#peers.set(id, { seen: now, presence: apart(payload), ...(device ? { device } : {}) })
    if (isKnown) return
    this.#lastNew = now
    this.#init.onNew(id)
    for (const look of this.#waiting) look()
  }

  #forget(id: string): void {
    const peer = this.#peers.get(id)
    if (!peer) return
    this.#peers.delete(id)
    this.#bytes -= peer.presence.length
    this.#init.onGone(id)
  }

  #isQuiet(): boolean {
    const now = this.#init.clock.now()
    const waited = now - this.#since
    if (waited >= crowdMs) return true
    if (this.#peers.size === 0 || this.#lastNew < this.#since) {
      return waited >= (this.#peers.size === 0 ? patienceMs : quietMs)
    }
    return now - this.#lastNew >= quietMs
  }

  #isAlive(peer: Peer, now: number): boolean {
    return now - peer.seen <= expiryMs
  }

  #expire(): void {
    const now = this.#init.clock.now()
    for (const [id, peer] of this.#peers) if (!this.#isAlive(peer, now)) this.#forget(id)
    this.#sweep = this.#init.clock.after(sweepMs, () => this.#expire())
  }
}

function deviceOf(id: string, peer: Peer): Device | undefined {
  peer.device ??= readOf(id, peer.presence)
  return peer.device
}

/** The device that a presence tells of, if it tells of `id`. */
function readOf(id: string, payload: Uint8Array): Device | undefined {
  const record = read(payload)
  const device = record === undefined ? undefined : readDevice(record)
  return device?.deviceId === id ? device : undefined
}

function read(payload: Uint8Array): Json | undefined {
  try {
    return decodeJson(payload)
  } catch {
    return undefined
  }
}

function mentions(payload: Uint8Array, key: string): boolean {
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).includes(`"${key}"`)
}

/** A transport may give a small view into a large buffer, which would be kept with it. */
function apart(payload: Uint8Array): Uint8Array {
  return payload.buffer.byteLength > 2 * payload.byteLength ? new Uint8Array(payload) : payload
}
