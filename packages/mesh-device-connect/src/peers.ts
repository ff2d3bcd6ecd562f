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
  /** There are more devices than are kept: so many had no place, or lost theirs to another, since it was told last. */
  readonly onFull: (count: number) => void
  /** How many bytes of presence are kept. @default 256 MiB */
  readonly mostBytes?: number
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
/**
 * What is kept at most. A flood of made-up ids must cost neither the memory nor the devices that are known, nor may it
 * keep newcomers out: where all is full, one of a few that chance picks gives way, the one that came last. Who has been
 * there for long is safe so, and who is new is new for as many newcomers as there are places.
 */
const mostPeers = 10_000
const mostBytes = 256 * 1024 * 1024
const pickedAtOnce = 8

interface Peer {
  readonly id: string
  readonly since: number
  readonly seen: number
  readonly presence: Uint8Array
  /** Read when somebody asks: most presences only say that nothing has changed. */
  device?: Device
}

/** Who is on the mesh, by their presence. */
export class Peers {
  readonly #init: PeersInit
  readonly #peers = new Map<string, Peer>()
  /** The ids of all peers, so that chance can pick, and where each stands among them. */
  readonly #ids: string[] = []
  readonly #places = new Map<string, number>()
  readonly #wanted = new Map<string, number>()
  readonly #waiting = new Set<() => void>()
  #bytes = 0
  #turn = 0
  #left = 0
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

  /**
   * Somebody asks for a device by its id: when it is heard, it has a place, until the function that is given is called.
   */
  want(id: string): () => void {
    this.#wanted.set(id, (this.#wanted.get(id) ?? 0) + 1)
    return () => {
      const left = (this.#wanted.get(id) ?? 1) - 1
      if (left > 0) this.#wanted.set(id, left)
      else this.#wanted.delete(id)
    }
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
    this.#ids.length = 0
    this.#places.clear()
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
    const grows = payload.length - (before?.presence.length ?? 0)
    if (!this.#makeRoom(id, payload.length, grows, before === undefined)) {
      // What it said before still stands, and it is alive.
      if (before) this.#peers.set(id, { ...before, seen: now })
      return
    }
    this.#bytes += grows
    const since = before && isKnown ? before.since : ++this.#turn
    if (!before) this.#places.set(id, this.#ids.push(id) - 1)
    this.#peers.set(id, { id, since, seen: now, presence: apart(payload), ...(device ? { device } : {}) })
    if (isKnown) return
    this.#lastNew = now
    this.#init.onNew(id)
    for (const look of this.#waiting) look()
  }

  /**
   * Whether there is room for `size` bytes, of which so many are more than before; others may have to give way for it.
   */
  #makeRoom(id: string, size: number, grows: number, isNew: boolean): boolean {
    const isOver = () => grows > 0 && this.#bytes + grows > (this.#init.mostBytes ?? mostBytes)
    while (isOver() || (isNew && this.#peers.size >= mostPeers)) {
      const isWanted = this.#wanted.has(id)
      const picked = this.#pick(id)
      // For want of bytes only those give way that have as many: small ones never make room for a large one.
      const gives = isOver() ? picked.filter((peer) => isWanted || peer.presence.length >= size) : picked
      const last = gives.reduce<Peer | undefined>(
        (last, peer) => (last && last.since > peer.since ? last : peer),
        undefined,
      )
      this.#left++
      if (!last) return false
      this.#forget(last.id)
    }
    return true
  }

  /** A few that chance picks, but for `id` itself and those that somebody asks for. */
  #pick(id: string): Peer[] {
    const at = () => this.#ids[Math.floor(Math.random() * this.#ids.length)] as string
    const ids = this.#ids.length > pickedAtOnce ? Array.from({ length: pickedAtOnce }, at) : this.#ids
    return ids
      .filter((other) => other !== id && !this.#wanted.has(other))
      .map((other) => this.#peers.get(other) as Peer)
  }

  #forget(id: string): void {
    const peer = this.#peers.get(id)
    if (!peer) return
    this.#peers.delete(id)
    this.#bytes -= peer.presence.length
    const place = this.#places.get(id) as number
    const moved = this.#ids.pop() as string
    this.#places.delete(id)
    if (moved !== id) {
      this.#ids[place] = moved
      this.#places.set(moved, place)
    }
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
    if (this.#left > 0) this.#init.onFull(this.#left)
    this.#left = 0
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
