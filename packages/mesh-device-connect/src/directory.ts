import type { Device, Params, Subscription } from '@backplane/core'
import type { Selector } from './selector-parser.ts'

/** A device has come, or has gone. */
export type PeerChange = 'online' | 'offline'

/** What a search may be told. */
export interface FindOptions {
  /** How long to search, in milliseconds. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** Who is on the mesh: by their presence, or as a registry tells it. */
export interface Directory {
  /** How many others are known to hear this device's presence. */
  readonly size: number
  /** Begins to listen, before anything is announced. What it subscribes is added to `subscriptions`. */
  join(subscriptions: Subscription[]): Promise<void>
  /** Begins, or begins again after an outage. */
  start(): void
  stop(): void
  /** The devices that match, as the selector sees them, each once and as soon as it is known. */
  find(wanted: Selector, options: FindOptions): AsyncGenerator<Device, void, void>
  /** The kind of a device, where that is known without asking anybody. */
  typeOf(device: string): string | undefined
  /** Tells who comes or goes from now on; `payload` is what is told of it. */
  watch(change: PeerChange, tell: (device: string, payload: Params) => void): Promise<Subscription>
}

/** The names under which Device Connect's drivers subscribe to devices that come and go. */
const names: Readonly<Record<string, PeerChange>> = {
  peer_present: 'online',
  'device.online': 'online',
  peer_lost: 'offline',
  'device.offline': 'offline',
}

/** The change that an event's name stands for, if it stands for one. */
export function peerChangeOf(event: string): PeerChange | undefined {
  return Object.hasOwn(names, event) ? names[event] : undefined
}
