import {
  BackplaneError,
  type ConfigStore,
  coreError,
  type Json,
  messageOf,
  type StoredDocument,
  type StoreWrite,
} from '@backplane/core'
import { parseJson, stringifyJson } from '@backplane/core/json'
import type { Batch, JetStreamClient, jetstreamManager } from '@nats-io/jetstream'
import type { KV, KvEntry } from '@nats-io/kv'
import type { headers, MsgHdrs, NatsConnection } from '@nats-io/nats-core'
import { configError } from '../errors.ts'
import { conflictOf } from '../store-conflict.ts'
import { keyOf, nameOf } from './key.ts'

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
 * Keeps documents in a NATS KV bucket, so that several hosts share configuration and see each other's changes. A batch is
 * one atomic publish, which needs a server of version 2.12 or later. Secrets do not belong here in clear: give the manager
 * a secret store that all hosts reach.
 */
export function natsStore(init: NatsStoreInit): ConfigStore {
  return new BucketStore(init)
}

interface Opened {
  readonly kv: KV
  readonly client: JetStreamClient
  readonly headers: typeof headers
}

/** The client's parts are optional peers: only whoever opens a bucket needs them. */
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
  #writing = 0
  #heldBack: KvEntry[] = []

  constructor(init: NatsStoreInit) {
    this.#init = init
    this.#bucket = init.bucket ?? 'backplane-config'
  }

  async open(): Promise<void> {
    if (this.#opened) return
    const { connection, replicas = 1 } = this.#init
    try {
      const { Kvm, jetstream, jetstreamManager, headers } = await clientParts()
      const kv = await new Kvm(connection).create(this.#bucket, { history: 1, replicas })
      await allowBatches(await jetstreamManager(connection), `KV_${this.#bucket}`)
      this.#opened = { kv, client: jetstream(connection), headers }
      await this.#follow(kv)
    } catch (error) {
      this.#opened = undefined
      throw failed(error)
    }
  }

  async read(name: string): Promise<StoredDocument | undefined> {
    return storedOf(await this.#kv.get(keyOf(name)))
  }

  async list(): Promise<readonly string[]> {
    const names: string[] = []
    for await (const key of await this.#kv.keys()) names.push(nameOf(key))
    return names
  }

  async write(batch: readonly StoreWrite[]): Promise<ReadonlyMap<string, number>> {
    // Held on to, so that a close meanwhile does not break it off.
    const opened = this.#ready
    const { kv } = opened
    this.#writing++
    try {
      const expected = await Promise.all(batch.map((write) => expectedSequence(kv, write)))
      const last = await this.#publish(opened, batch, expected)
      const revisions = new Map(batch.map(({ name }, index) => [name, last - batch.length + 1 + index]))
      for (const revision of revisions.values()) this.#own.add(revision)
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
    expected: readonly (number | undefined)[],
  ): Promise<number> {
    const messages = batch.map((write, index) => messageOfWrite(headers(), this.#bucket, write, expected[index]))
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
    // It ends with the connection, which says so itself to whoever opened it.
    taking.catch(() => {})
  }

  /** Notices of own writes may come before the write's own answer: they wait until it is known which are whose. */
  #take(entry: KvEntry): void {
    if (this.#writing > 0) this.#heldBack.push(entry)
    else this.#tell(entry)
  }

  #tell(entry: KvEntry): void {
    if (this.#own.delete(entry.revision)) return
    for (const listener of this.#listeners) listener(nameOf(entry.key), storedOf(entry))
  }

  /** A refused batch does not say which message was at fault: whoever is no longer as expected was. */
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

interface Message {
  readonly subject: string
  readonly payload: string
  readonly headers: MsgHdrs
}

function messageOfWrite(
  head: MsgHdrs,
  bucket: string,
  { name, document }: StoreWrite,
  expected: number | undefined,
): Message {
  if (expected !== undefined) head.set('Nats-Expected-Last-Subject-Sequence', String(expected))
  if (document === null) {
    head.set('KV-Operation', 'DEL')
    head.set('Nats-TTL', removalMarkTtl)
  }
  return {
    subject: `$KV.${bucket}.${keyOf(name)}`,
    payload: document === null ? '' : stringifyJson(document),
    headers: head,
  }
}

/** The sequence number to expect: for what must not exist that is the mark of its removal, if there is one. */
async function expectedSequence(kv: KV, write: StoreWrite): Promise<number | undefined> {
  if (write.expectedRevision !== 0) return write.expectedRevision
  const entry = await kv.get(keyOf(write.name))
  const conflict = conflictOf(write, storedOf(entry)?.revision)
  if (conflict) throw conflict
  return entry?.revision ?? 0
}

function storedOf(entry: KvEntry | null): StoredDocument | undefined {
  if (entry?.operation !== 'PUT') return undefined
  return { revision: entry.revision, document: documentOf(entry) }
}

/** What somebody else put into the bucket and is no JSON counts as `null`, which is no document of the manager's. */
function documentOf(entry: KvEntry): Json {
  try {
    return parseJson(entry.string())
  } catch {
    return null
  }
}

async function allowBatches(manager: Awaited<ReturnType<typeof jetstreamManager>>, stream: string): Promise<void> {
  const { config } = await manager.streams.info(stream)
  if (config.allow_atomic && config.allow_msg_ttl) return
  const { config: updated } = await manager.streams.update(stream, { allow_atomic: true, allow_msg_ttl: true } as never)
  if (!updated.allow_atomic) {
    const next = 'Use nats-server 2.12 or later: it has the atomic batches that configuration needs.'
    throw configError('BP_CONFIG_STORE_FAILED', { details: { reason: 'this server has no atomic batches' }, next })
  }
}

function failed(error: unknown): BackplaneError {
  return BackplaneError.from(error, (reason, cause) =>
    configError('BP_CONFIG_STORE_FAILED', { details: { reason: messageOf(reason) }, cause }),
  )
}
