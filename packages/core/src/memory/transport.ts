import type { Timer } from '../contracts/clock.ts'
import type {
  MessageHandler,
  SubscribeOptions,
  Subscription,
  Transport,
  TransportComponents,
} from '../contracts/transport.ts'
import { LinkedTransport } from '../transport/linked-transport.ts'
import { MemoryConnector, type Session } from './connector.ts'
import { Line, type MemoryLineInit } from './line.ts'
import { MemoryMedium } from './medium.ts'
import type { MemoryNetwork, Network, ReplyTo } from './network.ts'

/** Options of {@link memoryTransport}. */
export interface MemoryTransportInit extends MemoryLineInit {
  /** The medium; transports on the same one reach each other. */
  readonly network: MemoryNetwork
  /** Names it, so that the network can cut its line alone. @default 'client' */
  readonly client?: string
  /** What it shows to be let in. @default nothing */
  readonly token?: string
  /** Largest payload that it carries, in bytes. @default 1048576 (that of a NATS server) */
  readonly maxPayload?: number
  /**
   * Makes every subscription slow: how long each message lies before its handler sees it, in milliseconds.
   * @default 0
   */
  readonly handleDelayMs?: number
}

/**
 * Makes a {@link Transport} in memory, for tests and for hosts that are alone; it reaches no further than the process.
 */
export function memoryTransport(init: MemoryTransportInit): (components: TransportComponents) => Transport {
  const { network, client = 'client', token, maxPayload = 1_048_576, handleDelayMs = 0 } = init
  return (components) => {
    const make = () => {
      const line = new Line(components.clock, init)
      return new MemoryMedium(new MemoryConnector(network as Network, line, client, token), maxPayload)
    }
    if (handleDelayMs > 0) return new SlowTransport(components, make, handleDelayMs)
    return new LinkedTransport(components, make)
  }
}

/** Its handlers of messages are slow. */
class SlowTransport extends LinkedTransport<Session, ReplyTo> {
  readonly #components: TransportComponents
  readonly #delayMs: number
  /** A message lies by each of these. */
  readonly #timers = new Set<Timer>()

  constructor(components: TransportComponents, make: () => MemoryMedium, delayMs: number) {
    super(components, make)
    this.#components = components
    this.#delayMs = delayMs
  }

  override subscribe(pattern: string, handler: MessageHandler, options?: SubscribeOptions): Promise<Subscription> {
    const slowly: MessageHandler = async (message) => {
      await new Promise<void>((resolve) => {
        const timer = this.#components.clock.after(this.#delayMs, () => {
          this.#timers.delete(timer)
          resolve()
        })
        this.#timers.add(timer)
      })
      await handler(message)
    }
    return super.subscribe(pattern, slowly, options)
  }

  override async close(options?: { readonly drainMs?: number }): Promise<void> {
    await super.close(options)
    for (const timer of this.#timers) timer.cancel()
  }
}
