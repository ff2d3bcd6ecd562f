import type { Meter } from '../sandbox/meter.ts'
import { wasm } from '../webassembly.ts'
import type { SystemInit } from './system-interfaces.ts'

export type SystemStreams = ReturnType<typeof systemStreams>

const mostAtOnce = 1 << 20
const closed = { payload: { tag: 'closed' } }

/** Streams and what can be waited for; the classes are one instance's own, since the bindings tell them by that. */
export function systemStreams(init: Pick<SystemInit, 'stdin' | 'output'>, meter: Meter) {
  class Pollable {
    readonly #ready: () => boolean
    constructor(ready: () => boolean) {
      this.#ready = ready
    }
    ready(): boolean {
      meter.hostCall()
      return this.#ready()
    }
    /** The same, for the host's own ends: it costs the guest nothing. */
    static due(one: Pollable): boolean {
      return one.#ready()
    }
    /** Waits without letting go of the thread; cancelling and the deadline end it. */
    block(): void {
      meter.hostCall()
      while (!this.#ready()) meter.sleep(1)
    }
  }
  const always = () => new Pollable(() => true)
  class InputStream {
    #at = 0
    readonly #bytes: Uint8Array
    constructor(bytes: Uint8Array) {
      this.#bytes = bytes
    }
    read(length: bigint): Uint8Array {
      meter.hostCall()
      if (this.#at >= this.#bytes.length) throw closed
      const part = this.#bytes.slice(this.#at, this.#at + Math.min(Number(length), mostAtOnce))
      this.#at += part.length
      return part
    }
    blockingRead(length: bigint): Uint8Array {
      return this.read(length)
    }
    skip(length: bigint): bigint {
      return BigInt(this.read(length).length)
    }
    blockingSkip(length: bigint): bigint {
      return this.skip(length)
    }
    subscribe = always
  }
  class OutputStream {
    readonly #stream: 'stdout' | 'stderr'
    readonly #decoder = new TextDecoder()
    #line = ''
    constructor(stream: 'stdout' | 'stderr') {
      this.#stream = stream
    }
    checkWrite(): bigint {
      meter.hostCall()
      return BigInt(mostAtOnce)
    }
    write(bytes: Uint8Array): void {
      meter.hostCall()
      const lines = (this.#line + this.#decoder.decode(bytes, { stream: true })).split('\n')
      this.#line = lines.pop() ?? ''
      for (const line of lines) init.output(this.#stream, line)
      // A line without an end would grow for ever.
      if (this.#line.length > 65_536) this.end()
    }
    blockingWriteAndFlush(bytes: Uint8Array): void {
      this.write(bytes)
    }
    flush(): void {
      meter.hostCall()
    }
    blockingFlush(): void {
      this.flush()
    }
    writeZeroes(length: bigint): void {
      this.write(new Uint8Array(Math.min(Number(length), mostAtOnce)))
    }
    blockingWriteZeroesAndFlush(length: bigint): void {
      this.writeZeroes(length)
    }
    splice(from: InputStream, length: bigint): bigint {
      const part = from.read(length)
      this.write(part)
      return BigInt(part.length)
    }
    blockingSplice(from: InputStream, length: bigint): bigint {
      return this.splice(from, length)
    }
    subscribe = always
    end(): void {
      if (this.#line === '') return
      init.output(this.#stream, this.#line)
      this.#line = ''
    }
  }
  class StreamError {
    toDebugString(): string {
      return 'the stream failed'
    }
  }
  const [out, err] = [new OutputStream('stdout'), new OutputStream('stderr')]
  const poll = (all: Pollable[]): Uint32Array => {
    // As its interface says: nothing would ever come.
    if (all.length === 0) throw new wasm.RuntimeError('poll of an empty list')
    new Pollable(() => all.some(Pollable.due)).block()
    return Uint32Array.from(all.flatMap((each, index) => (each.ready() ? [index] : [])))
  }
  return {
    Pollable,
    in: new InputStream(init.stdin),
    out,
    err,
    end: () => {
      out.end()
      err.end()
    },
    interfaces: {
      'wasi:io/error': { Error: StreamError },
      'wasi:io/poll': { Pollable, poll },
      'wasi:io/streams': { InputStream, OutputStream },
    },
  }
}
