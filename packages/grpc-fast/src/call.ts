import { type CallCredentials, Metadata, type StatusObject, status } from '@grpc/grpc-js'
import { deadlineTime, timeLeft, timeoutField } from './grpc/deadline.ts'
import { frameMessage } from './grpc/messages.ts'
import { field, headersOf, metadataOf } from './grpc/metadata.ts'
import { credentialMetadata, requestHeaders } from './grpc/request.ts'
import { missingStatus, ownStatus, resetStatus, trailersStatus } from './grpc/status.ts'
import type { AuthContext, Call, Listener, MessageContext, ParentCall } from './grpc-js.ts'
import type { Header } from './hpack/static-table.ts'
import type { Connection } from './http2/connection.ts'
import { http2Code } from './http2/error.ts'
import { Stream, type StreamEvents } from './http2/stream.ts'
import { streamWindow } from './http2/windows.ts'
import { Incoming } from './incoming.ts'
import type { ChannelSettings } from './init.ts'
import { Replay } from './replay.ts'

/** What a call uses of its channel. */
export interface CallHost {
  readonly settings: ChannelSettings
  /** Opens the call on a connection, once there is one. */
  submit(call: FastCall): void
  /** The call does not wait for a connection any longer. */
  withdraw(call: FastCall): void
  readonly authContext: AuthContext
}

/** What a call is made with. */
interface CallInit {
  readonly method: string
  readonly authority: string
  readonly deadline: Date | number
  readonly number: number
}

/** Above this a writer is made to wait. */
const maxQueued = 64 * 1024

/** How often a call that no server has looked at is tried again. */
const maxAttempts = 5

/** One call, from grpc-js's stub to a stream and back. */
export class FastCall implements Call, StreamEvents {
  readonly #host: CallHost
  readonly #init: CallInit
  readonly #began = Date.now()
  readonly #incoming: Incoming
  #deadline: number
  #timer: NodeJS.Timeout | undefined
  #credentials: CallCredentials | undefined
  #metadata = new Metadata()
  #listener: Listener | undefined
  #connection: Connection | undefined
  #stream: Stream | undefined
  #attempts = 0

  readonly #replay = new Replay()
  #halfClosed = false
  #written: (() => void) | undefined

  #httpStatus = 0
  #received: Metadata | undefined
  #wanted = false
  /** How often the listener has asked for a message. */
  #reads = 0
  /** How many messages it has been given. */
  #given = 0
  /** It is being given a message that it did not ask for. */
  #surplus = false
  #status: StatusObject | undefined
  /** The status comes from here, so that messages which nobody has read do not hold it up. */
  #local = false
  #over = false
  #scheduled = false

  constructor(host: CallHost, init: CallInit) {
    this.#host = host
    this.#init = init
    this.#deadline = deadlineTime(init.deadline)
    this.#incoming = new Incoming(host.settings.maxReceiveBytes, (code, details) =>
      this.cancelWithStatus(code, details),
    )
    this.#watchDeadline()
  }

  /** Ends with a server call that this call belongs to. */
  follow(parent: ParentCall, what: { readonly cancellation: boolean; readonly deadline: boolean }): void {
    if (what.cancellation) {
      parent.on('cancelled', () => this.cancelWithStatus(status.CANCELLED, 'Cancelled by parent call'))
    }
    if (what.deadline) {
      this.#deadline = Math.min(this.#deadline, deadlineTime(parent.getDeadline()))
      this.#watchDeadline()
    }
  }

  /** Whether it waits for a connection through failures to connect. */
  get waitsForReady(): boolean {
    return this.#metadata.getOptions().waitForReady === true
  }

  start(metadata: Metadata, listener: Listener): void {
    this.#metadata = metadata.clone()
    this.#listener = listener
    // Its timer may come later than the request would go out.
    if (!this.#status && Date.now() >= this.#deadline) this.#late()
    if (this.#status) this.#schedule()
    else if (this.#credentials) void this.#addCredentials(this.#credentials)
    else this.#host.submit(this)
  }

  sendMessageWithContext(context: MessageContext, message: Buffer): void {
    const { callback } = context
    if (this.#status) {
      if (callback) process.nextTick(callback)
      return
    }
    const { maxSendBytes } = this.#host.settings
    if (message.length > maxSendBytes) {
      const details = `Attempted to send message with a size larger than ${maxSendBytes}`
      this.cancelWithStatus(status.RESOURCE_EXHAUSTED, details)
      if (callback) process.nextTick(callback)
      return
    }
    const pieces = frameMessage(message)
    this.#replay.keep(pieces, this.#stream)
    for (const piece of pieces) this.#stream?.write(piece)
    if (this.#stream) this.#connection?.send(this.#stream)
    if (!callback) return
    const waiting = this.#stream ? this.#stream.queued : this.#replay.bytes
    if (waiting > maxQueued || this.#connection?.full) this.#written = () => callback()
    else callback()
  }

  startRead(): void {
    this.#wanted = true
    this.#reads += 1
    if (this.#incoming.waiting > 0 || this.#status) this.#schedule()
    else this.#release()
  }

  halfClose(): void {
    this.#halfClosed = true
    this.#stream?.end()
    if (this.#stream) {
      this.#connection?.send(this.#stream)
    }
  }

  cancelWithStatus(code: status, details: string): void {
    if (!this.#surplus) this.#finish(ownStatus(code, details), true)
    // The listener takes one message and no more. A peer that failed has said why; else the fault is this one.
    else if (this.#status && this.#status.code !== status.OK) this.#finish(this.#status, true)
    else this.#finish(ownStatus(status.INTERNAL, details), true)
  }

  setCredentials(credentials: CallCredentials): void {
    this.#credentials = credentials
  }

  getPeer(): string {
    return this.#host.settings.name
  }

  getCallNumber(): number {
    return this.#init.number
  }

  getAuthContext(): AuthContext | null {
    return this.#stream ? this.#host.authContext : null
  }

  /** Goes out on a connection. */
  open(connection: Connection): void {
    if (this.#status) return
    this.#connection = connection
    this.#attempts += 1
    const { settings } = this.#host
    const { method, authority } = this.#init
    const stream = new Stream(
      {
        key: `${authority} ${method}`,
        steady: () => requestHeaders({ ...settings, method, authority, secure: settings.tls !== undefined }),
        others: () => this.#ownHeaders(),
      },
      this,
      streamWindow,
    )
    this.#stream = stream
    this.#replay.write(stream)
    if (this.#halfClosed) stream.end()
    connection.open(stream)
  }

  onHeaders(headers: readonly Header[], end: boolean): void {
    const first = this.#httpStatus === 0
    if (first) {
      const httpStatus = Number(field(headers, ':status'))
      // Informational: the real headers follow.
      if (httpStatus >= 100 && httpStatus < 200 && !end) return
      const type = field(headers, 'content-type')
      if (httpStatus === 200 && !end && !isGrpc(type)) {
        const told = type === undefined ? 'without a content-type' : `with the content-type "${type.slice(0, 100)}"`
        this.cancelWithStatus(status.UNKNOWN, `Received an answer ${told}, which is not gRPC`)
        return
      }
      this.#httpStatus = httpStatus || 500
      this.#incoming.encoding = field(headers, 'grpc-encoding') ?? 'identity'
      this.#replay.commit()
    }
    if (end) this.#finish(this.#completed(trailersStatus(headers, this.#httpStatus)), false)
    else if (!first) this.cancelWithStatus(status.INTERNAL, 'Received headers twice')
    else {
      this.#received = metadataOf(headers)
      this.#schedule()
    }
  }

  onData(payload: Buffer): void {
    if (this.#status) return
    if (this.#httpStatus === 0) {
      this.cancelWithStatus(status.INTERNAL, 'Received data before headers')
      return
    }
    // What comes with another HTTP status is a page for people.
    if (this.#httpStatus === 200) this.#incoming.push(payload)
    else this.#incoming.skip(payload.length)
    if (this.#incoming.waiting > 0 && (this.#wanted || this.#given === 1)) this.#schedule()
    this.#release()
  }

  onSent(): void {
    this.#tellWritten()
  }

  onEnd(): void {
    this.#finish(missingStatus(this.#httpStatus), false)
  }

  onReset(code: number): void {
    // A refused stream was not looked at (RFC 9113, section 8.7).
    if (code === http2Code.refusedStream && this.#again(2)) return
    // A server that minds the deadline itself may be first to say that it has passed.
    if (code === http2Code.cancel && Date.now() >= this.#deadline) this.#late()
    else this.#finish(resetStatus(code), true)
  }

  onHeadersTooLarge(size: number): void {
    const details = `Received metadata larger than max (${size} vs ${this.#host.settings.maxMetadataBytes})`
    this.#finish(ownStatus(status.RESOURCE_EXHAUSTED, details), true)
  }

  onLost(reason: string, unprocessed: boolean): void {
    if (unprocessed && this.#again(maxAttempts)) return
    this.#finish(ownStatus(status.UNAVAILABLE, `Connection dropped: ${reason}`), true)
  }

  #again(attempts: number): boolean {
    if (this.#status || this.#replay.committed || this.#attempts >= attempts) return false
    this.#stream = undefined
    this.#connection = undefined
    this.#host.submit(this)
    return true
  }

  #ownHeaders(): Header[] {
    const timeout = timeoutField(this.#deadline)
    const headers = headersOf(this.#metadata)
    return timeout === undefined ? headers : [['grpc-timeout', timeout], ...headers]
  }

  async #addCredentials(credentials: CallCredentials): Promise<void> {
    try {
      this.#metadata.merge(await credentialMetadata(credentials, this.#init))
    } catch (error) {
      const { code, message } = error as { code?: unknown; message?: unknown }
      const details = `Getting metadata from plugin failed with error: ${message}`
      this.cancelWithStatus(typeof code === 'number' && code !== 0 ? code : status.UNKNOWN, details)
      return
    }
    if (!this.#status) this.#host.submit(this)
  }

  /** A peer that says OK in the middle of a message is not believed. */
  #completed(result: StatusObject): StatusObject {
    if (result.code !== status.OK || !this.#incoming.within) return result
    return { ...result, code: status.INTERNAL, details: 'Call ended in the middle of a message' }
  }

  #release(): void {
    if (!this.#stream || this.#status) return
    const bytes = this.#incoming.release(this.#wanted)
    if (bytes > 0) this.#connection?.allow(this.#stream, bytes)
  }

  #finish(result: StatusObject, local: boolean): void {
    if (this.#over || (this.#status && !local)) return
    if (this.#status && this.#local) return
    this.#status = result
    this.#local = local
    // A status of the peer may still wait for messages to be read, and that for ever: the deadline holds until then.
    if (local) clearTimeout(this.#timer)
    this.#replay.commit()
    this.#host.withdraw(this)
    if (this.#stream && local) this.#connection?.reset(this.#stream, http2Code.cancel)
    this.#tellWritten()
    this.#schedule()
  }

  #tellWritten(): void {
    const written = this.#written
    this.#written = undefined
    if (written) process.nextTick(written)
  }

  #watchDeadline(): void {
    clearTimeout(this.#timer)
    const left = timeLeft(this.#deadline)
    if (left === undefined) return
    this.#timer = setTimeout(() => this.#late(), left)
  }

  #late(): void {
    const after = ((Date.now() - this.#began) / 1000).toFixed(3)
    const where = this.#stream ? `remote_addr=${this.getPeer()}` : 'waiting for a connection'
    this.cancelWithStatus(status.DEADLINE_EXCEEDED, `Deadline exceeded after ${after}s,${where}`)
  }

  /** What comes from the peer reaches the listener in a turn of its own: whatever it throws harms no other call. */
  #schedule(): void {
    if (this.#scheduled || !this.#listener) return
    this.#scheduled = true
    process.nextTick(this.#deliver)
  }

  readonly #deliver = (): void => {
    this.#scheduled = false
    const listener = this.#listener
    if (!listener || this.#over) return
    if (this.#received && !this.#local) {
      const metadata = this.#received
      this.#received = undefined
      this.#continueAfter(() => listener.onReceiveMetadata(metadata))
      return
    }
    // The stub of a call with one answer asks once. A second message is given to it all the same: that is how it learns
    // that the peer sent too many. A stream's stub is one message ahead of its reader then.
    this.#surplus = this.#reads === 1 && this.#given === 1 && !this.#wanted
    const message = (this.#wanted || this.#surplus) && !this.#local ? this.#incoming.shift() : undefined
    if (message) {
      this.#wanted = false
      this.#given += 1
      this.#continueAfter(() => listener.onReceiveMessage(message))
      this.#release()
      return
    }
    this.#surplus = false
    if (!this.#status || (!this.#local && this.#incoming.waiting > 0)) return
    this.#over = true
    clearTimeout(this.#timer)
    listener.onReceiveStatus(this.#status)
  }

  #continueAfter(tell: () => void): void {
    try {
      tell()
    } finally {
      this.#surplus = false
      if (this.#incoming.waiting > 0 || this.#status) this.#schedule()
    }
  }
}

/** gRPC over HTTP/2: the content type begins with `application/grpc`, and `+`, `;` or nothing follows. */
function isGrpc(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/grpc($|[+;])/i.test(contentType.trim())
}
