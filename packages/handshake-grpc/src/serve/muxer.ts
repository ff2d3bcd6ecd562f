import type { Duplex } from 'node:stream'
import type { BrokerMuxer } from '../broker/broker.ts'
import { handshakeError } from '../errors.ts'
import { YamuxSession } from '../mux/yamux.ts'

/**
 * The plugin's end of a multiplexed connection: one raw connection, whose streams go to the main server unless
 * somebody knocked.
 */
export class PluginMuxer implements BrokerMuxer {
  readonly #armed: ((stream: Duplex) => void)[] = []
  readonly #main: (stream: Duplex) => void
  readonly #onEnd: () => void
  #session: YamuxSession | undefined

  constructor(main: (stream: Duplex) => void, onEnd: () => void) {
    this.#main = main
    this.#onEnd = onEnd
  }

  /** Takes the raw connection; while one stands, others are refused. */
  attach(socket: Duplex): void {
    if (this.#session && !this.#session.isClosed) {
      socket.destroy()
      return
    }
    let used = false
    const session = new YamuxSession(socket, {
      role: 'server',
      onStream: (stream) => {
        used = true
        const take = this.#armed.shift() ?? this.#main
        take(stream)
      },
    })
    this.#session = session
    // A connection that opened no stream was somebody looking whether the plugin is there.
    void session.closed.then(() => used && this.#onEnd())
  }

  open(): Duplex {
    if (!this.#session) {
      throw handshakeError('BP_HANDSHAKE_MUX_PROTOCOL', { details: { reason: 'no host is connected' } })
    }
    return this.#session.open()
  }

  armNext(take: (stream: Duplex) => void): void {
    this.#armed.push(take)
  }

  async close(): Promise<void> {
    await this.#session?.close()
  }
}
