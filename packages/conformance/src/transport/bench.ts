import {
  type MessageHandler,
  type RequestHandler,
  type SubscribeOptions,
  type Subscription,
  silentLogger,
  type Transport,
  type TransportEvent,
  type TransportFactory,
} from '@backplane/core'
import { expect } from 'vitest'
import { type Outage, outageOf } from '../outage.ts'
import { type TrackedClock, trackedClock } from '../tracked-clock.ts'
import { gate, until } from '../waiting.ts'
import { text } from './payloads.ts'

/** What `setup` gives {@link transportCompliance} for one case. */
export interface TransportUnderTest {
  /** Makes transports that reach each other. Called several times in one case. */
  readonly transport: TransportFactory
  /** Makes a transport that the medium does not let in. Absent: nobody checks `BP_AUTH_FAILED`. */
  readonly unauthorized?: TransportFactory
  /** Takes the connection of all transports away, as by stopping the server. Absent: nobody checks reconnecting. */
  readonly interrupt?: () => void | Promise<void>
  /** Gives back what {@link TransportUnderTest.interrupt} took; transports come back by themselves. */
  readonly restore?: () => void | Promise<void>
}

/** A case of the transport suite. */
export type TransportCase = (bench: TransportBench) => Promise<void>

/** What arrived at one subscription. */
export interface Heard {
  readonly subscription: Subscription
  readonly subjects: string[]
  readonly texts: string[]
  readonly payloads: Uint8Array[]
  /** Waits until so many have arrived. */
  count(wanted: number): Promise<void>
}

/** What a case works with: transports that are closed after it, and subjects that no other case uses. */
export class TransportBench {
  readonly clock: TrackedClock = trackedClock()
  readonly #under: TransportUnderTest
  readonly #skip: (reason: string) => never
  readonly #prefix = `conformance.t${crypto.randomUUID().slice(0, 8)}`
  readonly #made: Transport[] = []

  constructor(under: TransportUnderTest, skip: (reason: string) => never) {
    this.#under = under
    this.#skip = skip
  }

  /** A subject or pattern of this case alone. */
  subject(rest: string): string {
    return `${this.#prefix}.${rest}`
  }

  /** Makes a transport, not yet connected. */
  make(factory: TransportFactory = this.#under.transport): Transport {
    const transport = factory({ clock: this.clock, logger: silentLogger })
    this.#made.push(transport)
    return transport
  }

  /** Makes a connected transport. */
  async open(): Promise<Transport> {
    const transport = this.make()
    await transport.connect()
    return transport
  }

  /** Two connected transports. */
  async pair(): Promise<[Transport, Transport]> {
    return [await this.open(), await this.open()]
  }

  /** Subscribes, and resolves when the far side knows. */
  async hear(
    transport: Transport,
    pattern: string,
    options?: SubscribeOptions,
    handler?: MessageHandler,
  ): Promise<Heard> {
    const heard = { subjects: [] as string[], texts: [] as string[], payloads: [] as Uint8Array[] }
    const subscription = await transport.subscribe(
      pattern,
      (message) => {
        heard.subjects.push(message.subject)
        heard.texts.push(text(message.payload))
        heard.payloads.push(message.payload)
        return handler?.(message)
      },
      options,
    )
    await transport.flush()
    const count = (wanted: number) =>
      until(() => heard.subjects.length >= wanted, `${wanted} messages on ${pattern} (${heard.subjects.length} came)`)
    return { subscription, count, ...heard }
  }

  /** Serves, and resolves when the far side knows. */
  async answer(
    transport: Transport,
    pattern: string,
    handler: RequestHandler,
    options?: SubscribeOptions,
  ): Promise<Subscription> {
    const served = await transport.serve(pattern, handler, options)
    await transport.flush()
    return served
  }

  /** Serves a subject whose requests wait until they are let go; says when the first has arrived. */
  async holding(transport: Transport, pattern: string): Promise<{ readonly arrived: Promise<void>; open(): void }> {
    const [arrived, held] = [gate(), gate()]
    await this.answer(transport, pattern, async (request) => {
      arrived.open()
      await held.opened
      return request.payload
    })
    return { arrived: arrived.opened, open: held.open }
  }

  /** Collects what a transport tells about itself. */
  events(transport: Transport): TransportEvent[] {
    const events: TransportEvent[] = []
    transport.onStatus((event) => events.push(event))
    return events
  }

  /** The way to take the connection away; skips the case where there is none. */
  outage(): Outage {
    const { interrupt, restore } = this.#under
    if (!interrupt || !restore) return this.#skip('reconnecting (setup gives no interrupt and restore)')
    return outageOf(this.#made, { interrupt, restore }, (transport) => transport.flush())
  }

  /** A factory whose credentials are wrong; skips the case where there is none. */
  unauthorized(): TransportFactory {
    return this.#under.unauthorized ?? this.#skip('wrong credentials (setup gives no unauthorized)')
  }

  /** The largest payload of a transport; skips the case where it is too much for a test. */
  limit(transport: Transport): number {
    const most = 32 * 1024 * 1024
    if (transport.maxPayload > most) return this.#skip('payloads over the limit (maxPayload is over 32 MiB)')
    return transport.maxPayload
  }

  /** Closes all, and sees that nothing is left. */
  async end(): Promise<void> {
    await Promise.all(this.#made.map((transport) => transport.close({ drainMs: 0 })))
    for (const transport of this.#made) expect(transport.status, 'status after close').toBe('closed')
    await until(() => this.clock.pending === 0, 'every timer is cancelled after close', 2000)
  }
}
