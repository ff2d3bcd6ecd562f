import { contractError } from '@backplane/core/errors'
import {
  type EndDeclaration,
  type Interest,
  type Medium,
  type MediumComponents,
  type PendingRequest,
  type PendingRequests,
  type RefusalKind,
  refused,
} from '@backplane/core/transport'
import type { NatsClient, NatsMessage } from './client.ts'
import { NatsConnector } from './connector.ts'
import type { TransportSettings } from './options.ts'
import { ReplySubjects } from './reply-subjects.ts'
import type { ServerAddress } from './servers.ts'
import { codeOf, tellFailure } from './service-errors.ts'

/** Core NATS: subjects and queue groups as they are, and answers on one inbox of this client's own. */
export class NatsMedium implements Medium<NatsClient, string> {
  readonly kind = 'nats'
  readonly connector: NatsConnector
  /** A longer one would be cut off by a broker's limit for a protocol line (4096), and the whole connection with it. */
  readonly longestSubject = 3800
  readonly mostServing = Number.POSITIVE_INFINITY
  readonly #requests: PendingRequests
  readonly #replySubjects: ReplySubjects
  readonly #inbox: string
  #inboxForbidden: string | undefined

  constructor(
    settings: TransportSettings,
    servers: readonly ServerAddress[],
    components: MediumComponents<NatsClient>,
  ) {
    this.#requests = components.requests
    this.#replySubjects = new ReplySubjects(settings, components)
    this.#inbox = `${settings.inboxPrefix}.${crypto.randomUUID().replaceAll('-', '')}.`
    this.connector = new NatsConnector(settings, servers, components.clock, (client) => this.#listen(client))
  }

  get maxPayload(): number {
    return this.connector.maxPayload
  }

  publish(client: NatsClient, subject: string, payload: Uint8Array): undefined {
    client.publish(subject, payload)
  }

  ask(client: NatsClient, { subject, id }: PendingRequest, payload: Uint8Array): void {
    if (this.#inboxForbidden !== undefined) throw refused(subject, this.#inboxForbidden)
    client.publish(subject, payload, this.#inbox + id)
  }

  async declare(client: NatsClient, interest: Interest<string>): Promise<EndDeclaration> {
    const { pattern, queue, answers } = interest
    let forbidden: string | undefined
    const deliver = ({ subject, data, reply }: NatsMessage) => {
      if (!answers || !reply) interest.take(subject, data, undefined)
      else if (this.#replySubjects.allow(reply, subject)) interest.take(subject, data, reply)
    }
    const native = client.subscribe(pattern, queue, deliver, (reason) => {
      forbidden = reason
      interest.forbidden(reason)
    })
    try {
      // What the broker forbids is told before the flush returns.
      await client.flush()
      if (forbidden !== undefined) throw refused(pattern, forbidden)
    } catch (thrown) {
      native.unsubscribe()
      throw thrown
    }
    // A request that is on its way is to hear that nobody serves it, rather than nothing.
    return () => native.drain()
  }

  roundTrip(client: NatsClient): Promise<void> {
    return client.flush().catch((thrown) => {
      throw contractError('BP_DISCONNECTED', { details: { address: this.connector.address }, cause: thrown })
    })
  }

  answer(client: NatsClient, reply: string, payload: Uint8Array): void {
    client.publish(reply, payload)
  }

  refuse(client: NatsClient, reply: string, kind: RefusalKind, reason: string): void {
    client.refuse(reply, { code: codeOf(kind), reason })
  }

  /** Anyone who waits for an answer on a subject runs into its timeout where none comes. */
  silent(): void {}

  /**
   * What came before the broker knew that nobody serves it any more: said as the broker says it to those who ask later.
   */
  unserved(client: NatsClient, reply: string): void {
    client.sayNobody(reply)
  }

  /** Hears the answers to what is asked on this client. */
  #listen(client: NatsClient): void {
    this.#inboxForbidden = undefined
    const take = (message: NatsMessage) => {
      const request = this.#requests.get(message.subject.slice(this.#inbox.length))
      if (request && !tellFailure(request, message)) request.answer(message.data)
    }
    client.subscribe(`${this.#inbox}*`, undefined, take, (reason) => {
      this.#inboxForbidden = reason
    })
  }
}
