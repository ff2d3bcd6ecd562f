import { matchSubject } from '../subjects.ts'
import type { Interest as TransportInterest } from '../transport/medium.ts'
import type { PendingRequest } from '../transport/pending-requests.ts'

/** Options of {@link memoryNetwork}. */
export interface MemoryNetworkInit {
  /** Part of the address that its clients show. @default 'network' */
  readonly name?: string
  /** What a client must show to be let in. @default none is asked for */
  readonly token?: string
}

/**
 * A medium in memory that any number of `memoryTransport`s and `memoryMesh`es share. Two networks know nothing of each
 * other; nothing is global.
 */
export interface MemoryNetwork {
  readonly name: string
  /** Cuts the lines of all clients, or of those of that name: what is on the way is lost, nobody can connect. */
  partition(client?: string): void
  /** Mends what {@link MemoryNetwork.partition} cut; clients come back by themselves. Without a name: everything. */
  heal(client?: string): void
}

/** Makes a {@link MemoryNetwork}. Not for production: it reaches no further than the process. */
export function memoryNetwork(init: MemoryNetworkInit = {}): MemoryNetwork {
  return new Network(init)
}

/** Where the answer to a request goes. */
export type ReplyTo = Pick<PendingRequest, 'answer' | 'refuse' | 'unserved'>

/** One client's interest in a pattern, as the network knows it. */
export type Interest = Pick<TransportInterest<ReplyTo>, 'pattern' | 'queue' | 'answers' | 'take'>

/** A client as the network sees it. */
export interface Client {
  /** What its line is cut by. */
  readonly client: string
  lost(): void
  mended(): void
}

/** The network itself. */
export class Network implements MemoryNetwork {
  readonly name: string
  readonly token: string | undefined
  readonly clients = new Set<Client>()
  readonly interests = new Set<Interest>()
  /** What meshes on this network tell of themselves: JSON by device, and who put it there. */
  readonly directory = new Map<string, { owner: object; text: string }>()
  readonly #cut = new Set<string>()
  #allCut = false
  #turn = 0

  constructor(init: MemoryNetworkInit) {
    this.name = init.name ?? 'network'
    this.token = init.token
  }

  reaches(client: Client): boolean {
    return !this.#allCut && !this.#cut.has(client.client)
  }

  partition(client?: string): void {
    if (client === undefined) this.#allCut = true
    else this.#cut.add(client)
    for (const each of [...this.clients]) if (!this.reaches(each)) each.lost()
  }

  heal(client?: string): void {
    if (client === undefined) {
      this.#allCut = false
      this.#cut.clear()
    } else this.#cut.delete(client)
    for (const each of [...this.clients]) if (this.reaches(each)) each.mended()
  }

  /** Hands a message to anyone who is interested; each queue group counts once. Requests go to those who answer. */
  route(subject: string, payload: Uint8Array, reply?: ReplyTo): void {
    const groups = new Map<string, Interest[]>()
    const takers: Interest[] = []
    for (const interest of this.interests) {
      if ((reply && !interest.answers) || !matchSubject(interest.pattern, subject)) continue
      if (interest.queue === undefined) takers.push(interest)
      else {
        const group = groups.get(interest.queue)
        if (group) group.push(interest)
        else groups.set(interest.queue, [interest])
      }
    }
    for (const group of groups.values()) takers.push(group[this.#turn++ % group.length] as Interest)
    if (takers.length === 0) reply?.unserved()
    // Each taker gets bytes of its own, as it would from a socket.
    for (const taker of takers) taker.take(subject, payload.slice(), reply)
  }
}
