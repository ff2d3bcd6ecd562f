import type { ServerWritableStream, UntypedServiceImplementation } from '@grpc/grpc-js'
import type { ServedService } from '../broker/broker.ts'
import type { StdioData } from '../wire/messages.ts'
import { stdioService } from '../wire/services.ts'

/** The two channels of `plugin.StdioData`. */
export type StdioChannel = 'stdout' | 'stderr'

/** As go-plugin does: some hosts cap the size of messages. */
const chunkBytes = 1024
/** A writer that looks at back-pressure is asked to wait beyond this. */
const highWaterBytes = 64 * 1024
/** Without a host that reads, this much is kept; beyond it the oldest goes. */
const keepBytes = 8 * 1024 * 1024

interface Held extends StdioData {
  readonly done?: () => void
}

type Call = ServerWritableStream<Record<string, never>, StdioData>

/**
 * Passes on what the plugin's code prints. Writes complete when the host has taken them, which is back-pressure for
 * code that looks at it. One reader at a time; what was sent is not sent again.
 */
export class StdioPublisher {
  #queue: Held[] = []
  #bytes = 0
  #reader: Call | undefined
  #busy = false
  #closed = false
  #idle: (() => void)[] = []

  write(channel: StdioChannel, data: Buffer, done?: () => void): boolean {
    if (this.#closed) {
      done?.()
      return true
    }
    for (let at = 0; at < data.length || at === 0; at += chunkBytes) {
      const piece = data.subarray(at, at + chunkBytes)
      const last = at + chunkBytes >= data.length
      this.#queue.push({ channel: channel === 'stdout' ? 1 : 2, data: piece, ...(last && done && { done }) })
      this.#bytes += piece.length
    }
    while (this.#bytes > keepBytes && !this.#reader) this.#drop()
    this.#pump()
    return this.#bytes < highWaterBytes
  }

  /** Sends what is left, for `timeoutMs` at most, and ends the stream. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#reader && this.#queue.length > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs)
        this.#idle.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
    this.#closed = true
    this.#reader?.end()
    while (this.#queue.length > 0) this.#drop()
  }

  served(): ServedService {
    const streamStdio = (call: Call) => {
      this.#reader?.end()
      this.#reader = call
      this.#busy = false
      const left = () => {
        if (this.#reader === call) this.#reader = undefined
      }
      call.on('cancelled', left)
      call.on('close', left)
      call.on('error', left)
      if (this.#closed) call.end()
      this.#pump()
    }
    return { service: stdioService, implementation: { streamStdio } as UntypedServiceImplementation }
  }

  #pump(): void {
    while (this.#reader && !this.#busy) {
      const next = this.#queue.shift()
      if (!next) break
      this.#bytes -= next.data.length
      const reader = this.#reader
      if (!reader.write({ channel: next.channel, data: next.data })) {
        this.#busy = true
        reader.once('drain', () => {
          this.#busy = false
          this.#pump()
        })
      }
      next.done?.()
    }
    if (this.#queue.length === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  #drop(): void {
    const oldest = this.#queue.shift()
    this.#bytes -= oldest?.data.length ?? 0
    oldest?.done?.()
  }
}

/**
 * Sends what is written to a stream of this process elsewhere, `console` included; gives what puts it back. File
 * descriptor writes stay as they are.
 *
 * @param tee - also writes to the stream itself (test mode)
 */
export function capture(
  stream: NodeJS.WriteStream,
  take: (data: Buffer, done?: () => void) => boolean,
  tee: boolean,
): () => void {
  const original = stream.write
  const replacement = (
    chunk: string | Uint8Array,
    encoding?: BufferEncoding | ((error?: Error | null) => void),
    callback?: (error?: Error | null) => void,
  ): boolean => {
    const done = typeof encoding === 'function' ? encoding : callback
    const data =
      typeof chunk === 'string' ? Buffer.from(chunk, typeof encoding === 'string' ? encoding : 'utf8') : chunk
    if (tee) original.call(stream, data)
    let full = false
    const more = take(Buffer.from(data), () =>
      // As a real stream: neither the callback nor `drain` comes before write has returned.
      process.nextTick(() => {
        done?.()
        if (full) stream.emit('drain')
      }),
    )
    full = !more
    return more
  }
  stream.write = replacement as typeof stream.write
  return () => {
    if (stream.write === replacement) stream.write = original
  }
}
