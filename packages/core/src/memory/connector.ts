import { contractError } from '../contract-errors.ts'
import type { BackplaneError } from '../errors.ts'
import type { Connector, Link } from '../transport/link.ts'
import { untilAborted } from '../until-aborted.ts'
import type { Line } from './line.ts'
import type { Client, Interest, Network } from './network.ts'

/** One client's membership of the network, from its coming to its loss. */
export class Session {
  readonly network: Network
  readonly line: Line
  readonly #interests = new Set<Interest>()
  /** The network has let it in, and its line holds. */
  live = false

  constructor(network: Network, line: Line) {
    this.network = network
    this.line = line
  }

  /** Sends what may get lost; an answer that comes when the line was cut is not sent later. */
  send(arrive: () => void): void {
    if (this.live) this.line.send(arrive)
  }

  join(interest: Interest): void {
    if (!this.live) return
    this.#interests.add(interest)
    this.network.interests.add(interest)
  }

  leave(interest: Interest): void {
    if (this.#interests.delete(interest)) this.network.interests.delete(interest)
  }

  end(): void {
    this.live = false
    for (const interest of this.#interests) this.leave(interest)
  }
}

/** Makes the sessions of one client, one after the other; the network says when its line is cut and mended. */
export class MemoryConnector implements Connector<Session>, Client {
  readonly name = 'memory'
  readonly address: string
  readonly client: string
  readonly #network: Network
  readonly #token: string | undefined
  readonly #line: Line
  #link: Link<Session> | undefined
  #session: Session | undefined
  /** Ends the joining that is under way. */
  #abandon: (error: BackplaneError) => void = () => {}

  constructor(network: Network, line: Line, client: string, token: string | undefined) {
    this.address = `memory:${network.name}`
    this.client = client
    this.#network = network
    this.#token = token
    this.#line = line
  }

  async open(link: Link<Session>, _timeoutMs: number, signal: AbortSignal): Promise<void> {
    this.#link = link
    try {
      await untilAborted(this.#join(link), signal)
    } catch (thrown) {
      this.#gone()
      throw thrown
    }
  }

  async end(): Promise<void> {
    this.#network.clients.delete(this)
    this.#gone()
  }

  lost(): void {
    this.#abandon(this.#failed('the line was cut'))
    this.#gone()
    this.#link?.lost('the line was cut')
  }

  mended(): void {
    const link = this.#link
    if (link?.status !== 'disconnected' || this.#session) return
    link.emit({ type: 'reconnecting' })
    // A line that is cut again loses this with all that is on the way.
    void this.#join(link).catch(() => {})
  }

  /** Resolves when the network has let it in and knows of all that it wants; what is sent takes the line in order. */
  async #join(link: Link<Session>): Promise<void> {
    const session = new Session(this.#network, this.#line)
    this.#session = session
    let refusal: BackplaneError | undefined
    this.#line.control(() => {
      refusal = this.#refusal()
      session.live = refusal === undefined
      if (session.live) this.#network.clients.add(this)
    })
    const attached = link.attach(session)
    const { promise: arrived, resolve, reject } = Promise.withResolvers<void>()
    this.#abandon = reject
    this.#line.control(resolve)
    await Promise.all([arrived, attached])
    if (refusal) throw refusal
    // It may have been cut, or given up, while the last steps were taken.
    if (session === this.#session) link.up(session)
  }

  #gone(): void {
    this.#line.cut()
    this.#session?.end()
    this.#session = undefined
  }

  #refusal(): BackplaneError | undefined {
    if (!this.#network.reaches(this)) return this.#failed('the line is cut')
    if (this.#network.token === undefined || this.#network.token === this.#token) return undefined
    return contractError('BP_AUTH_FAILED', { details: { address: this.address, reason: 'the token is another' } })
  }

  #failed(reason: string): BackplaneError {
    return contractError('BP_CONNECT_FAILED', { details: { address: this.address, reason } })
  }
}
