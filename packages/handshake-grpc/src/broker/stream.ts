import type { ConnInfo } from '../wire/messages.ts'

/** What both ends of `GRPCBroker.StartStream` have in common in grpc-js. */
export interface ConnInfoStream {
  write(info: ConnInfo): unknown
  end(): unknown
  on(event: 'data', listener: (info: ConnInfo) => void): unknown
  on(event: 'error' | 'end' | 'close' | 'cancelled', listener: () => void): unknown
}

/**
 * The line between the two brokers. What is sent before a stream is attached waits for it. Several may stand at once (a
 * host that reattaches): all are heard, the newest is written to, and when one ends the one before it serves again;
 * go-plugin's own plugins close their broker for good when a stream ends.
 */
export class BrokerStream {
  readonly #streams: ConnInfoStream[] = []
  #waiting: ConnInfo[] = []
  #receive: (info: ConnInfo) => void = () => {}
  #closed = false
  readonly #needed: () => void

  /** @param needed - called when something waits for a stream */
  constructor(needed: () => void = () => {}) {
    this.#needed = needed
  }

  /** Sets who gets what the other side sends. */
  onReceive(receive: (info: ConnInfo) => void): void {
    this.#receive = receive
  }

  /** Takes a stream into use. */
  attach(stream: ConnInfoStream): void {
    if (this.#closed) {
      stream.end()
      return
    }
    this.#streams.push(stream)
    stream.on('data', (info) => this.#receive(info))
    const detach = () => {
      const at = this.#streams.indexOf(stream)
      if (at !== -1) this.#streams.splice(at, 1)
    }
    stream.on('error', detach)
    stream.on('cancelled', detach)
    stream.on('close', detach)
    stream.on('end', () => {
      detach()
      stream.end()
    })
    for (const info of this.#waiting.splice(0)) stream.write(info)
  }

  send(info: ConnInfo): void {
    if (this.#closed) return
    const stream = this.#streams.at(-1)
    if (stream) {
      stream.write(info)
      return
    }
    this.#waiting.push(info)
    this.#needed()
  }

  close(): void {
    this.#closed = true
    this.#waiting = []
    for (const stream of this.#streams.splice(0)) stream.end()
  }
}
