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
  /** Headers are about to come; `false` where the client has not said that it knows them, which it has been told. */
  mayUseHeaders(): boolean
  /** A message on this subject is about to come. */
  publishing(subject: string): void
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
  /** More of a line is not looked at: it is too long in any case. */
  readonly #longestLine: number

  constructor(requests: ClientRequests, limits: ParserLimits) {
    this.#requests = requests
    this.#limits = limits
    this.#longestLine = limits.maxControlLine + 1024
  }

  /** Ignores everything from here on. */
  stop(): void {
    this.#stopped = true
    this.#content = undefined
    this.#line = ''
  }

  /**
   * Reads a chunk from `at` on. `pause` is asked after each operation whether that is enough for now; gives where to go
   * on.
   */
  parse(chunk: Buffer, at = 0, pause: () => boolean = never): number {
    while (at < chunk.length && !this.#stopped) {
      if (this.#pending) at = this.#readContent(chunk, at)
      else {
        at = this.#readLine(chunk, at)
        if (this.#pending) continue
      }
      if (pause()) return at
    }
    return chunk.length
  }

  #fault(message: string | undefined): void {
    this.stop()
    this.#requests.fault(message)
  }

  #readLine(chunk: Buffer, at: number): number {
    const found = chunk.indexOf(lineFeed, at)
    const end = found < 0 ? chunk.length : found
    let line = chunk.toString('latin1', at, Math.min(end, at + this.#longestLine))
    if (this.#line !== '') line = this.#line + line
    if (found < 0) {
      this.#hold(line)
      return chunk.length
    }
    this.#line = ''
    this.#dispatch(line)
    return found + 1
  }

  /** Keeps a line whose end has not come yet, if it may become one: nonsense is answered at once, as by nats-server. */
  #hold(line: string): void {
    const operation = operationOf(line)
    if (this.locked && !mayBeConnect(line)) this.#fault(faults.unauthorized)
    else if (!operation) {
      if (mayBecomeOperation(line)) this.#line = line
      else this.#fault(faults.unknown)
    } else {
      const { name, at } = operation
      // Blanks in front of the arguments may be without end, and are not kept; nor what may follow a PING.
      if (at === line.length || withoutArguments.has(name)) this.#line = `${name} `
      else if (line.length - at > this.#limits.maxControlLine + 1) this.#fault(faults.controlLine)
      else this.#line = line
    }
  }

  #dispatch(line: string): void {
    if (this.locked && !mayBeConnect(line)) {
      this.#fault(faults.unauthorized)
      return
    }
    const operation = operationOf(line)
    if (!operation) {
      this.#fault(faults.unknown)
      return
    }
    const { name, at } = operation
    let end = line.length
    // The last byte goes with any carriage return in the line, as in nats-server.
    if (end > at && (line.charCodeAt(end - 1) === carriageReturn || line.includes('\r', at + 1))) end--
    if (end - at > this.#limits.maxControlLine) this.#fault(faults.controlLine)
    else this.#perform(name, line.slice(at, end))
  }

  #perform(name: string, args: string): void {
    switch (name) {
      case 'PUB':
        this.#publish(words(args), false)
        break
      case 'HPUB':
        this.#publish(words(args), true)
        break
      case 'PING':
        this.#requests.ping()
        break
      case 'PONG':
        this.#requests.pong()
        break
      case 'SUB': {
        const [subject, second, third, ...more] = words(args.replaceAll('\r', ' '))
        if (subject === undefined || second === undefined || more.length > 0) this.#fault(faults.unknown)
        else if (third === undefined) this.#requests.subscribe(subject, '', second)
        else this.#requests.subscribe(subject, second, third)
        break
      }
      case 'UNSUB': {
        const [sid, max, ...more] = words(args.replaceAll('\r', ' '))
        if (sid === undefined || more.length > 0) this.#fault(faults.unknown)
        else this.#requests.unsubscribe(sid, sizeOf(max) ?? 0)
        break
      }
      case 'CONNECT':
        this.#requests.connect(args)
        break
      case 'INFO':
        if (!isObject(args)) this.#fault(faults.unknown)
        break
      case '-ERR':
        this.#fault(undefined)
        break
    }
  }

  #publish(args: readonly string[], headers: boolean): void {
    if (headers && !this.#requests.mayUseHeaders()) return
    const numbers = headers ? 2 : 1
    const size = sizeOf(args.at(-1))
    const headerBytes = headers ? sizeOf(args.at(-2)) : 0
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
    this.#requests.publishing(args[0]!)
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

/** Where an operation's arguments begin. */
interface Operation {
  readonly name: string
  readonly at: number
}

/** Those that take arguments need a blank in front of them. */
const withArguments: ReadonlySet<string> = new Set(['PUB', 'HPUB', 'SUB', 'UNSUB', '-ERR'])
const withoutArguments: ReadonlySet<string> = new Set(['PING', 'PONG', '+OK'])
/** Those that nats-server tells by their letters alone, whatever follows. */
const byLetters = [...withoutArguments, 'CONNECT', 'INFO']

/** The operation that a line, or the beginning of one, names; `undefined` for none, or none yet. */
function operationOf(line: string): Operation | undefined {
  let at = 0
  while (at < line.length && !isBlank(line.charCodeAt(at))) at++
  let name = line.slice(0, at).toUpperCase()
  if (!withArguments.has(name)) {
    const known = byLetters.find((letters) => name.startsWith(letters))
    if (!known) return undefined
    name = known
    at = known.length
  } else if (at === line.length) return undefined
  while (at < line.length && isBlank(line.charCodeAt(at))) at++
  return { name, at }
}

/** Whether more bytes can make an operation of it. */
function mayBecomeOperation(line: string): boolean {
  const upper = line.toUpperCase()
  for (const name of withArguments) if (name.startsWith(upper)) return true
  return byLetters.some((name) => name.startsWith(upper))
}

/** What a client may send before it has said who it is. Its first letter decides, as in nats-server. */
function mayBeConnect(line: string): boolean {
  return /^c/i.test(line)
}

/** What any number of blanks and tabs may separate. */
function words(args: string): string[] {
  const split = args.split(' ')
  return split.includes('') || args.includes('\t') ? args.split(/[ \t]+/).filter(Boolean) : split
}

function never(): boolean {
  return false
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

function isObject(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && !Array.isArray(value)
  } catch {
    return false
  }
}

function sizeOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}
