import type { Published } from './exchange.ts'

/**
 * What a client asks for, call by call in the order in which it was sent. Texts are latin1, so that bytes survive as
 * they are.
 */
export interface ClientRequests {
  connect(json: string): void
  ping(): void
  pong(): void
  /** `queue` is empty for none. */
  subscribe(subject: string, queue: string, sid: string): void
  /** `max` is 0 for at once. */
  unsubscribe(sid: string, max: number): void
  publish(message: Published): void
  /** The client broke the protocol, or said that it gives up (`undefined`). Nothing follows. */
  fault(message: string | undefined): void
}

/** Bounds on what one client may send. */
export interface ParserLimits {
  readonly maxControlLine: number
  readonly maxPayload: number
}

/** The words of nats-server, which clients look for. */
export const faults = {
  unknown: 'Unknown Protocol Operation',
  controlLine: 'maximum control line exceeded',
  payload: 'Maximum Payload Violation',
  unauthorized: 'Authorization Violation',
} as const

const longestOperation = 'CONNECT'.length
const lineFeed = 10
const carriageReturn = 13

/**
 * Reads the NATS client protocol from chunks that are split anywhere.
 *
 * A payload that lies in one chunk is handed on as a view of it; only one that spans chunks is copied, once. It never
 * throws: whatever breaks the protocol ends in one call of `fault`, after which input is ignored.
 */
export class ProtocolParser {
  /** While set, everything but CONNECT is a fault, and nothing is stored for a client that has not said who it is. */
  locked = false
  readonly #requests: ClientRequests
  readonly #limits: ParserLimits
  /** The beginning of a line whose end has not come yet. */
  #line = ''
  /** The message whose content has not come yet; the two line-end bytes behind it count as content. */
  #pending: { subject: string; reply: string; headerBytes: number; size: number } | undefined
  #content: Buffer | undefined
  #filled = 0
  #stopped = false

  constructor(requests: ClientRequests, limits: ParserLimits) {
    this.#requests = requests
    this.#limits = limits
  }

  /** Ignores everything from here on. */
  stop(): void {
    this.#stopped = true
    this.#content = undefined
    this.#line = ''
  }

  parse(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && !this.#stopped) {
      at = this.#pending ? this.#readContent(chunk, at) : this.#readLine(chunk, at)
    }
  }

  #fault(message: string | undefined): void {
    this.stop()
    this.#requests.fault(message)
  }

  #readLine(chunk: Buffer, at: number): number {
    const found = chunk.indexOf(lineFeed, at)
    const end = found < 0 ? chunk.length : found
    if (this.#line.length + end - at > this.#limits.maxControlLine + 1) {
      this.#fault(this.locked ? faults.unauthorized : faults.controlLine)
      return chunk.length
    }
    let line = chunk.toString('latin1', at, end)
    if (this.#line !== '') line = this.#line + line
    if (found < 0) {
      this.#line = line
      if (!this.#mayBegin(line)) this.#fault(this.locked ? faults.unauthorized : faults.unknown)
      return chunk.length
    }
    this.#line = ''
    if (line.charCodeAt(line.length - 1) === carriageReturn) line = line.slice(0, -1)
    this.#dispatch(line)
    return found + 1
  }

  #dispatch(line: string): void {
    const blank = firstBlank(line)
    const name = (blank < 0 ? line : line.slice(0, blank)).toUpperCase()
    const operation = this.#operations[name]
    if (this.locked && name !== 'CONNECT') this.#fault(faults.unauthorized)
    else if (operation) operation(line, blank)
    else this.#fault(faults.unknown)
  }

  readonly #operations: Readonly<Record<string, (line: string, blank: number) => void>> = Object.assign(
    Object.create(null),
    {
      PUB: (line: string, blank: number) => this.#publish(fields(line, blank), false),
      HPUB: (line: string, blank: number) => this.#publish(fields(line, blank), true),
      PING: () => this.#requests.ping(),
      PONG: () => this.#requests.pong(),
      SUB: (line: string, blank: number) => {
        const [subject, second, third, ...more] = fields(line, blank)
        if (subject === undefined || second === undefined || more.length > 0) this.#fault(faults.unknown)
        else if (third === undefined) this.#requests.subscribe(subject, '', second)
        else this.#requests.subscribe(subject, second, third)
      },
      UNSUB: (line: string, blank: number) => {
        const [sid, max, ...more] = fields(line, blank)
        if (sid === undefined || more.length > 0) this.#fault(faults.unknown)
        else this.#requests.unsubscribe(sid, sizeOf(max) ?? 0)
      },
      CONNECT: (line: string, blank: number) => this.#requests.connect(blank < 0 ? '' : line.slice(blank).trim()),
      INFO: () => {},
      '+OK': () => {},
      '-ERR': () => this.#fault(undefined),
    },
  )

  /**
   * Whether a line that has begun so can still name an operation: nonsense is answered at once, as it is by nats-
   * server.
   */
  #mayBegin(line: string): boolean {
    const blank = firstBlank(line)
    const name = (blank < 0 ? line : line.slice(0, blank)).toUpperCase().replace(/\r$/, '')
    if (blank >= 0) return name in this.#operations
    if (name.length > longestOperation) return false
    for (const operation in this.#operations) if (operation.startsWith(name)) return true
    return false
  }

  #publish(args: readonly string[], headers: boolean): void {
    const numbers = headers ? 2 : 1
    const size = sizeOf(args.at(-1))
    const headerBytes = headers ? sizeOf(args.at(-2)) : -1
    if (size === undefined || headerBytes === undefined || headerBytes > size) {
      this.#fault(faults.unknown)
      return
    }
    if (args.length !== numbers + 1 && args.length !== numbers + 2) {
      this.#fault(faults.unknown)
      return
    }
    if (size > this.#limits.maxPayload) {
      this.#fault(faults.payload)
      return
    }
    this.#pending = { subject: args[0]!, reply: args.length === numbers + 2 ? args[1]! : '', headerBytes, size }
  }

  #readContent(chunk: Buffer, at: number): number {
    const { size } = this.#pending!
    const whole = size + 2
    if (!this.#content && chunk.length - at >= whole) {
      this.#deliver(chunk.subarray(at, at + size), chunk[at + size], chunk[at + size + 1])
      return at + whole
    }
    this.#content ??= Buffer.allocUnsafeSlow(whole)
    const taken = Math.min(whole - this.#filled, chunk.length - at)
    chunk.copy(this.#content, this.#filled, at, at + taken)
    this.#filled += taken
    if (this.#filled < whole) return chunk.length
    const content = this.#content
    this.#content = undefined
    this.#filled = 0
    this.#deliver(content.subarray(0, size), content[size], content[size + 1])
    return at + taken
  }

  #deliver(content: Buffer, first: number | undefined, second: number | undefined): void {
    const { subject, reply, headerBytes } = this.#pending!
    this.#pending = undefined
    if (first !== carriageReturn || second !== lineFeed) {
      this.#fault(faults.unknown)
      return
    }
    this.#requests.publish({ subject, reply, headerBytes, content })
  }
}

function firstBlank(line: string): number {
  for (let i = 0; i < line.length; i++) {
    const code = line.charCodeAt(i)
    if (code === 32 || code === 9) return i
  }
  return -1
}

/** The words behind a line's operation, which any number of blanks and tabs may separate. */
function fields(line: string, blank: number): string[] {
  if (blank < 0) return []
  const words = line.slice(blank + 1).split(' ')
  return words.includes('') || line.includes('\t')
    ? line
        .slice(blank)
        .split(/[ \t]+/)
        .filter(Boolean)
    : words
}

function sizeOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}
