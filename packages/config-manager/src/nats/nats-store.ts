import {
  BackplaneError,
  type ConfigStore,
  coreError,
  messageOf,
  type StoredDocument,
  type StoreWrite,
} from '@backplane/core'
import { stringifyJson } from '@backplane/core/json'
import type { Batch, JetStreamClient, jetstreamManager } from '@nats-io/jetstream'
import type { KV, KvEntry } from '@nats-io/kv'
import type { headers, MsgHdrs, NatsConnection } from '@nats-io/nats-core'
import { configError } from '../errors.ts'
import { conflictOf } from '../store-conflict.ts'
import { keyOf, nameOf } from './key.ts'
import { follow, type Known, longestHistory, patchText } from './link.ts'

/** What a NATS store is made with. */
export interface NatsStoreInit {
  /** A connection of `@nats-io/transport-node` or another NATS client; it stays open when the store closes. */
  readonly connection: NatsConnection
  /** The KV bucket; made if it is not there. @default 'backplane-config' */
  readonly bucket?: string
  /** On how many servers of a cluster the bucket lies, when it is made here. @default 1 */
  readonly replicas?: number
}

/** How long the mark of a removed document stays for others to see. */
const removalMarkTtl = '86400s'

type Listener = (name: string, stored: StoredDocument | undefined) => void

/**
 * Keeps documents in a NATS KV bucket, so that several hosts share configuration and see each other's changes. A batch
 * is one atomic publish, which needs a server of version 2.12 or later. A small change of a large document is published
 * as a patch; the bucket's history keeps what it builds on. Secrets do not belong here in clear: give the manager a
 * secret store that all hosts reach.
 */
export function natsStore(init: NatsStoreInit): ConfigStore {
  return new BucketStore(init)
}

interface Opened {
  readonly kv: KV
  readonly client: JetStreamClient
  readonly headers: typeof headers
  /** How many patches may follow a document before it is written whole again. */
  readonly patches: number
}

/** The client's parts are optional peers: only users of a bucket need them. */
async function clientParts() {
  const [{ jetstream, jetstreamManager }, { Kvm }, { headers }] = await Promise.all([
    import('@nats-io/jetstream'),
    import('@nats-io/kv'),
    import('@nats-io/nats-core'),
  ])
  return { jetstream, jetstreamManager, Kvm, headers }
}

class BucketStore implements ConfigStore {
  readonly #init: NatsStoreInit
  readonly #bucket: string
  readonly #listeners = new Set<Listener>()
  #opened: Opened | undefined
  #watching: { stop(): void } | undefined
  /** Revisions that this store wrote and whose notices have not come yet. */
  readonly #own = new Set<number>()
  /** Documents as they were last read, written or told, for patches to build on. */
  readonly #known = new Map<string, Known>()
  #writing = 0
  #heldBack: KvEntry[] = []
  #telling: Promise<void> = Promise.resolve()

  constructor(init: NatsStoreInit) {
    this.#init = init
    this.#bucket = init.bucket ?? 'backplane-config'
  }

  async open(): Promise<void> {
    if (this.#opened) return
    const { connection, replicas = 1 } = this.#init
    try {
      const { Kvm, jetstream, jetstreamManager, headers } = await clientParts()
      const kv = await new Kvm(connection).create(this.#bucket, { history: longestHistory, replicas })
      const history = await prepareStream(await jetstreamManager(connection), `KV_${this.#bucket}`)
      this.#opened = { kv, client: jetstream(connection), headers, patches: history - 1 }
      await this.#follow(kv)
    } catch (error) {
      this.#opened = undefined
      throw failed(error)
    }
  }

  async read(name: string): Promise<StoredDocument | undefined> {
    return this.#storedOf(name, await this.#kv.get(keyOf(name)))
  }

  async list(): Promise<readonly string[]> {
    const names: string[] = []
    for await (const key of await this.#kv.keys()) names.push(nameOf(key))
    return names
  }

  async write(batch: readonly StoreWrite[]): Promise<ReadonlyMap<string, number>> {
    // Held on to, so that a close meanwhile does not break it off.
    const opened = this.#ready
    const { kv, patches } = opened
    this.#writing++
    try {
      const expected = await Promise.all(batch.map((write) => expectedSequence(kv, write)))
      const payloads = batch.map((write) => this.#payloadOf(write, patches))
      const last = await this.#publish(opened, batch, { expected, payloads })
      const revisions = new Map(batch.map(({ name }, index) => [name, last - batch.length + 1 + index]))
      for (const revision of revisions.values()) this.#own.add(revision)
      for (const [index, { name, document }] of batch.entries()) {
        const revision = revisions.get(name) as number
        if (document === null) this.#known.delete(name)
        else this.#known.set(name, { revision, document, patches: (payloads[index] as Payload).patches })
      }
      return revisions
    } catch (error) {
      throw await this.#explain(error, batch)
    } finally {
      this.#writing--
      if (this.#writing === 0) for (const entry of this.#heldBack.splice(0)) this.#tell(entry)
    }
  }

  watch(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#watching?.stop()
    this.#watching = undefined
    this.#listeners.clear()
    this.#known.clear()
    this.#opened = undefined
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #ready(): Opened {
    if (!this.#opened) throw coreError('BP_CLOSED', { details: { what: `The configuration bucket ${this.#bucket}` } })
    return this.#opened
  }

  get #kv(): KV {
    return this.#ready.kv
  }

  /** Publishes all or nothing; gives the sequence number of the last message. */
  async #publish(
    { client, headers }: Opened,
    batch: readonly StoreWrite[],
    {
      expected,
      payloads,
    }: { readonly expected: readonly (number | undefined)[]; readonly payloads: readonly Payload[] },
  ): Promise<number> {
    const messages = batch.map(
      (write, index): Message => ({
        subject: `$KV.${this.#bucket}.${keyOf(write.name)}`,
        payload: (payloads[index] as Payload).text,
        headers: withHeaders(headers(), write, expected[index]),
      }),
    )
    const [first, ...rest] = messages
    if (!first) return 0
    const final = rest.pop()
    if (!final) return (await client.publish(first.subject, first.payload, { headers: first.headers })).seq
    const publisher: Batch = await client.startBatch(first.subject, first.payload, { headers: first.headers })
    for (const message of rest)
      publisher.add(message.subject, message.payload, { headers: message.headers, ack: false })
    return (await publisher.commit(final.subject, final.payload, { headers: final.headers, timeout: 5_000 } as never))
      .seq
  }

  async #follow(kv: KV): Promise<void> {
    const entries = await kv.watch({ include: 'updates' } as never)
    this.#watching = entries
    const taking = (async () => {
      for await (const entry of entries) this.#take(entry)
    })()
    // It ends with the connection, which says so itself to its owner.
    taking.catch(() => {})
  }

  /** Notices of own writes may come before the write's own answer: they wait until it is known which are whose. */
  #take(entry: KvEntry): void {
    if (this.#writing > 0) this.#heldBack.push(entry)
    else this.#tell(entry)
  }

  #tell(entry: KvEntry): void {
    if (this.#own.delete(entry.revision)) return
    // Reading ends with the connection only, which says so itself to its owner.
    this.#telling = this.#telling.then(() => this.#tellListeners(entry)).catch(() => {})
  }

  async #tellListeners(entry: KvEntry): Promise<void> {
    const name = nameOf(entry.key)
    const stored = await this.#storedOf(name, entry)
    for (const listener of this.#listeners) listener(name, stored)
  }

  /** The document of an entry, or the present one where what the entry builds on is not known. */
  async #storedOf(name: string, entry: KvEntry | null): Promise<StoredDocument | undefined> {
    const known = isThere(entry)
      ? (follow(this.#known.get(name), entry) ?? (await followAll(this.#kv, entry.key)))
      : undefined
    if (!known) {
      this.#known.delete(name)
      return undefined
    }
    this.#known.set(name, known)
    return { revision: known.revision, document: known.document }
  }

  #payloadOf({ name, document, patch, expectedRevision }: StoreWrite, patches: number): Payload {
    if (document === null) return { text: '', patches: 0 }
    const known = this.#known.get(name)
    const isNext = known !== undefined && known.revision === expectedRevision && known.patches < patches
    return patch && isNext
      ? { text: patchText(known.revision, patch), patches: known.patches + 1 }
      : { text: stringifyJson(document), patches: 0 }
  }

  /** A refused batch does not say which message was at fault: the document that is no longer as expected was. */
  async #explain(error: unknown, batch: readonly StoreWrite[]): Promise<BackplaneError> {
    if (error instanceof BackplaneError) return error
    for (const write of batch) {
      const present = await this.read(write.name).catch(() => undefined)
      const conflict = conflictOf(write, present?.revision)
      if (conflict) return conflict
    }
    return failed(error)
  }
}

/** What is published of a document, and how many patches it makes since the document was whole. */
interface Payload {
  readonly text: string
  readonly patches: number
}

interface Message {
  readonly subject: string
  readonly payload: string
  readonly headers: MsgHdrs
}

function withHeaders(head: MsgHdrs, { document }: StoreWrite, expected: number | undefined): MsgHdrs {
  if (expected !== undefined) head.set('Nats-Expected-Last-Subject-Sequence', String(expected))
  if (document === null) {
    head.set('KV-Operation', 'DEL')
    head.set('Nats-TTL', removalMarkTtl)
  }
  return head
}

/** The sequence number to expect: for what must not exist that is the mark of its removal, if there is one. */
async function expectedSequence(kv: KV, write: StoreWrite): Promise<number | undefined> {
  if (write.expectedRevision !== 0) return write.expectedRevision
  const entry = await kv.get(keyOf(write.name))
  const conflict = conflictOf(write, isThere(entry) ? entry.revision : undefined)
  if (conflict) throw conflict
  return entry?.revision ?? 0
}

function isThere(entry: KvEntry | null): entry is KvEntry {
  return entry?.operation === 'PUT'
}

/** The present document by all that is kept of its key. */
async function followAll(kv: KV, key: string): Promise<Known | undefined> {
  let known: Known | undefined
  for await (const entry of await kv.history({ key })) known = isThere(entry) ? follow(known, entry) : undefined
  return known
}

/** Lets the stream take batches and keep what patches build on; gives how many messages of a key it keeps. */
async function prepareStream(manager: Awaited<ReturnType<typeof jetstreamManager>>, stream: string): Promise<number> {
  const { config } = await manager.streams.info(stream)
  const takesBatches = config.allow_atomic && config.allow_msg_ttl
  const kept = Math.max(config.max_msgs_per_subject, longestHistory)
  if (takesBatches && config.max_msgs_per_subject === kept) return kept
  const wanted = { allow_atomic: true, allow_msg_ttl: true, max_msgs_per_subject: kept }
  try {
    const { config: updated } = await manager.streams.update(stream, wanted as never)
    if (updated.allow_atomic) return updated.max_msgs_per_subject
  } catch (error) {
    // Anyone who may not change the stream writes documents whole, as far as it keeps less.
    if (takesBatches) return config.max_msgs_per_subject
    throw error
  }
  const next = 'Use nats-server 2.12 or later: it has the atomic batches that configuration needs.'
  throw configError('BP_CONFIG_STORE_FAILED', { details: { reason: 'this server has no atomic batches' }, next })
}

function failed(error: unknown): BackplaneError {
  return BackplaneError.from(error, (reason, cause) =>
    configError('BP_CONFIG_STORE_FAILED', { details: { reason: messageOf(reason) }, cause }),
  )
}
