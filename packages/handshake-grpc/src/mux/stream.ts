import { Duplex } from 'node:stream'
import { broken, flag, initialWindow, maxFrame, type } from './frame.ts'

/** What a stream asks of its session. */
export interface StreamSession {
  /** Writes one frame; `resume` runs when there is room for more. */
  send(kind: number, flags: number, id: number, length: number, body?: Buffer, resume?: () => void): void
  /** Forgets a stream that both sides are done with. */
  forget(id: number): void
}

/** One stream of a session. */
export class YamuxStream extends Duplex {
  readonly id: number
  readonly #session: StreamSession
  /** What may still be sent. */
  #sendWindow = initialWindow
  /** What the other side may still send. */
  #receiveWindow = initialWindow
  /** Taken by the reader since the last update of the other side's window. */
  #consumed = 0
  readonly #queue: Buffer[] = []
  #flowing = false
  #ended = false
  /** The reader has been told of the end. */
  #told = false
  #sentEnd = false
  #reset = false
  #blocked: (() => void) | undefined

  constructor(session: StreamSession, id: number) {
    super({ allowHalfOpen: true, emitClose: true })
    this.#session = session
    this.id = id
    // Anyone who holds the stream learns of its end by `close`; an error that nobody listens to must not end the
    // process.
    this.on('error', () => {})
  }

  /** Takes data from the other side; false when it is more than was granted. */
  receive(body: Buffer): boolean {
    if (body.length > this.#receiveWindow) return false
    this.#receiveWindow -= body.length
    this.#queue.push(Buffer.from(body))
    if (this.#flowing) this.#deliver()
    return true
  }

  grow(delta: number): void {
    this.#sendWindow += delta
    const blocked = this.#blocked
    this.#blocked = undefined
    blocked?.()
  }

  remoteEnd(): void {
    this.#ended = true
    if (this.#flowing) this.#deliver()
    if (this.#sentEnd) this.#session.forget(this.id)
  }

  reset(): void {
    this.#reset = true
    this.destroy(broken('the other side reset the stream'))
  }

  override _read(): void {
    this.#flowing = true
    this.#deliver()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.destroyed) {
      done()
      return
    }
    if (this.#sendWindow === 0) {
      this.#blocked = () => this._write(chunk, _encoding, done)
      return
    }
    const size = Math.min(chunk.length, this.#sendWindow, maxFrame)
    this.#sendWindow -= size
    const rest = chunk.subarray(size)
    this.#session.send(type.data, 0, this.id, size, chunk.subarray(0, size), () => {
      if (rest.length === 0) done()
      else this._write(rest, _encoding, done)
    })
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#sentEnd = true
    this.#session.send(type.window, flag.fin, this.id, 0)
    if (this.#ended) this.#session.forget(this.id)
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#reset && !(this.#sentEnd && this.#ended)) this.#session.send(type.window, flag.rst, this.id, 0)
    this.#session.forget(this.id)
    this.#queue.length = 0
    const blocked = this.#blocked
    this.#blocked = undefined
    blocked?.()
    done(error)
  }

  #deliver(): void {
    while (this.#flowing) {
      const body = this.#queue.shift()
      if (!body) break
      this.#consumed += body.length
      this.#flowing = this.push(body)
    }
    if (this.#ended && this.#queue.length === 0) {
      this.#flowing = false
      if (!this.#told) this.push(null)
      this.#told = true
      return
    }
    if (this.#consumed >= initialWindow / 2) {
      this.#receiveWindow += this.#consumed
      this.#session.send(type.window, 0, this.id, this.#consumed)
      this.#consumed = 0
    }
  }
}
