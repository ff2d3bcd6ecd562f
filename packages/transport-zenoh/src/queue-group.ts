import { createHash } from 'node:crypto'
import { literalPrefixOf } from './key-expressions.ts'
import type { Declaration, ZenohSession } from './session.ts'

/** Messages that may wait until the members are known. */
const mostWaiting = 65_536

/**
 * One membership of a queue group: says whether a message is this member's.
 *
 * Zenoh has no queue groups. Every member hears every message and all reckon the same one out of them: the one whose
 * hash with the message is the highest. They know of each other by liveliness tokens. On one router the members see a
 * token come before any message that is sent after it; across routers a message may have two takers, or none, at the
 * moment in which somebody joins or leaves.
 */
export class QueueGroup {
  readonly #home: string
  readonly #session: ZenohSession
  readonly #own: string
  readonly #members = new Set<string>()
  /** The token of this member is known to the router: from here on others leave its share to it. */
  #live = false
  #complete = false
  #waiting: (() => void)[] = []
  #undeclare: Declaration[] = []

  /** `kind` keeps those who answer requests apart from those who only hear. */
  constructor(session: ZenohSession, pattern: string, queue: string, kind: 'serve' | 'subscribe') {
    const name = createHash('sha256').update(`${kind}\n${pattern}\n${queue}`).digest('hex').slice(0, 24)
    const prefix = literalPrefixOf(pattern)
    this.#home = `${prefix === '' ? '' : `${prefix}/`}backplane-queue/${name}`
    this.#own = `${this.#home}/${crypto.randomUUID()}`
    this.#session = session
  }

  /** Becomes a member; must be called when messages already come. */
  async join(): Promise<void> {
    const everybody = `${this.#home}/*`
    this.#undeclare.push(await this.#session.watchTokens(everybody, (key, alive) => this.#changed(key, alive)))
    this.#undeclare.push(await this.#session.declareToken(this.#own))
    for (const key of await this.#session.tokens(everybody)) this.#members.add(key)
    this.#members.add(this.#own)
    this.#live = true
    this.#complete = true
    const waiting = this.#waiting
    this.#waiting = []
    for (const decide of waiting) decide()
  }

  /** Calls `take` if a message with this identity is this member's. */
  share(identity: Uint8Array, take: () => void, leave: () => void = () => {}): void {
    const decide = () => (this.#mine(identity) ? take() : leave())
    if (this.#live && this.#complete) decide()
    else if (this.#live && this.#waiting.length < mostWaiting) this.#waiting.push(decide)
    else leave()
  }

  /** Leaves; the others have its share when it resolves. */
  async leave(): Promise<void> {
    await Promise.allSettled(this.#undeclare.splice(0).map((undeclare) => undeclare()))
  }

  #changed(key: string, alive: boolean): void {
    if (key === this.#own) this.#live ||= alive
    else if (alive) this.#members.add(key)
    else this.#members.delete(key)
  }

  #mine(identity: Uint8Array): boolean {
    const message = hash(identity, 0x811c9dc5)
    const own = weight(this.#own, message)
    for (const member of this.#members) {
      if (member === this.#own) continue
      const other = weight(member, message)
      if (other > own || (other === own && member > this.#own)) return false
    }
    return true
  }
}

/** What tells one message from another, without going through all of a large payload. */
export function identityOf(key: string, payload: Uint8Array): Uint8Array {
  const most = 1024
  const head = Buffer.from(`${key}\n${payload.length}\n`)
  if (payload.length <= most) return Buffer.concat([head, payload])
  return Buffer.concat([head, payload.subarray(0, most / 2), payload.subarray(-most / 2)])
}

/** FNV-1a, then mixed so that like names do not give like weights. */
function hash(bytes: Uint8Array, seed: number): number {
  let h = seed
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function weight(member: string, message: number): number {
  return hash(Buffer.from(member.slice(-36)), message)
}
