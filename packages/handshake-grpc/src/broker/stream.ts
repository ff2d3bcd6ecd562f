import type { ConnInfo } from '../wire/messages.ts'

/** What both ends of `GRPCBroker.StartStream` have in common in grpc-js. */
export interface ConnInfoStream {
  write(info: ConnInfo): unknown
  end(): unknown
  on(event: 'data', listener: (info: ConnInfo) => void): unknown
  on(event: 'error' | 'end' | 'close', listener: () => void): unknown
}

/**
 * The line between the two brokers. What is sent before a stream is attached waits for it; when a stream ends another
 * may be attached (a host that reattaches), which go-plugin's own plugins do not allow.
 */
export class BrokerStream {
  #stream: ConnInfoStream | undefined
  #waiting: ConnInfo[] = []
  #receive: (info: ConnInfo) => void = () => {}
  #closed = false

  /** Sets who gets what the other side sends. */
  onReceive(receive: (info: ConnInfo) => void): void {
    this.#receive = receive
  }

  /** Takes a stream into use; a former one is ended. */
  attach(stream: ConnInfoStream): void {
    this.#stream?.end()
    this.#stream = stream
    stream.on('data', (info) => this.#receive(info))
    const detach = () => {
      if (this.#stream === stream) this.#stream = undefined
    }
    stream.on('error', detach)
    stream.on('end', () => {
      detach()
      stream.end()
    })
    stream.on('close', detach)
    for (const info of this.#waiting.splice(0)) stream.write(info)
    if (this.#closed) stream.end()
  }

  send(info: ConnInfo): void {
    if (this.#closed) return
    if (this.#stream) this.#stream.write(info)
    else this.#waiting.push(info)
  }

  close(): void {
    this.#closed = true
    this.#waiting = []
    this.#stream?.end()
    this.#stream = undefined
  }
}
