import {
  BackplaneError,
  type ConfigStore,
  type Json,
  messageOf,
  type StoredDocument,
  type StoreWrite,
} from '@backplane/core'
import type { AuditEntry } from './audit.ts'
import { AuditTrail } from './audit-trail.ts'
import { type Category, categoryDocument, categoryOf } from './category.ts'
import { configError } from './errors.ts'
import type { CategoryStep } from './event.ts'
import { neededRevision, pastDocument, wholePast } from './past-document.ts'
import { patchBetween } from './patch/patch-between.ts'
import { hasSecrets, openSecrets, type SecretStore, sealSecrets, secretNamesOf } from './secrets.ts'

const categoryPrefix = 'category/'
const auditPrefix = 'audit/'
const historyPrefix = 'history/'

/** How much of the past is kept. */
export interface Retention {
  /** Audit entries. @default 1000 */
  readonly auditEntries: number
  /** Former states of each category. @default 10 */
  readonly historyDepth: number
}

/** What is written at once. */
export interface Commit {
  readonly steps: readonly CategoryStep[]
  readonly audit: readonly AuditEntry[]
  /** Called where the store could not take it, and the commit counts all the same. Absent: it does not. */
  readonly mayBeUnsaved?: ((reason: BackplaneError) => void) | undefined
}

/** What the registry works with. */
export interface RegistryComponents {
  /** Absent: nothing outlives the process, and nothing is written. */
  readonly store: ConfigStore | undefined
  readonly secrets: SecretStore | undefined
  readonly retention: Retention
  /** Whether secrets may lie in the store in clear when there is no secret store. */
  readonly clearSecrets: boolean
}

/** A state as it was written. */
interface KeptState {
  readonly document: Json
  readonly secretNames: readonly string[]
}

/** All categories, the audit trail and the history, in memory, and their way to the store and back. */
export class Registry {
  readonly categories = new Map<string, Category>()
  readonly audit: AuditTrail
  /** Why documents could not be read, by their names. */
  readonly damaged = new Map<string, unknown>()
  readonly #components: RegistryComponents
  /** Tells this writer's audit entries from those of other hosts on a shared store. */
  readonly #writer = globalThis.crypto.randomUUID().slice(0, 8)
  /** Categories as they stand in the store, by the names of their documents. */
  readonly #stored = new Map<string, StoredDocument>()
  /** Under which name the secret of `category/item` is kept now. */
  readonly #secretNames = new Map<string, string>()
  readonly #history = new Map<string, Category[]>()
  /** Each state as it stands in the store: a state is written twice, now and as the past. */
  readonly #kept = new WeakMap<Category, KeptState>()
  #auditCount = 0

  constructor(components: RegistryComponents) {
    this.#components = components
    this.audit = new AuditTrail(components.retention.auditEntries)
  }

  /** Reads everything from the store; gives the documents that could not be read, and why. One stops no other. */
  async load(): Promise<ReadonlyMap<string, unknown>> {
    const { store } = this.#components
    if (!store) return this.damaged
    const names = [...(await store.list())].sort()
    // A former state may be kept as what differs from the one after it: the latest is read first.
    const past = names.filter((name) => name.startsWith(historyPrefix)).reverse()
    for (const name of [...names.filter((name) => !name.startsWith(historyPrefix)), ...past]) {
      try {
        const stored = await store.read(name)
        if (!stored) continue
        if (name.startsWith(categoryPrefix)) this.#stored.set(name, stored)
        if (!(await this.#take(name, stored.document))) throw damagedDocument(name, 'it is not a document of this kind')
      } catch (error) {
        this.damaged.set(name, error)
      }
    }
    return this.damaged
  }

  /** Throws `BP_CONFIG_STORE_DAMAGED` where a category's document is there and cannot be read. */
  assertReadable(category: string): void {
    const name = categoryPrefix + category
    const error = this.damaged.get(name)
    if (error !== undefined) throw damagedDocument(name, messageOf(error), error)
  }

  /** Former states of a category, latest first. */
  history(name: string): readonly Category[] {
    return [...(this.#history.get(name) ?? [])].reverse()
  }

  /**
   * The revision of a category that is to be made: one that was removed goes on counting, as far as its past is kept.
   */
  nextRevision(name: string): number {
    return (this.#history.get(name)?.at(-1)?.revision ?? 0) + 1
  }

  /**
   * Writes steps, audit entries and former states as one batch, then takes them over. Rejects with `BP_CONFIG_CONFLICT`
   * when somebody else wrote a category meanwhile, with `BP_CONFIG_STORE_FAILED` when the store fails; nothing is
   * changed then.
   */
  async commit(commit: Commit): Promise<void> {
    const { store } = this.#components
    const auditNames = commit.audit.map((entry) => (store ? this.#auditName(entry) : ''))
    if (store) await this.#write(store, commit, auditNames).catch((error) => this.#unsaved(commit, error))
    for (const step of commit.steps) {
      const forgotten = this.#takeStep(step)
      if (forgotten) await this.#forgetSecretsOf(forgotten)
    }
    for (const [index, entry] of commit.audit.entries()) this.audit.add(auditNames[index] as string, entry)
  }

  /** What need not be saved to count is only remembered: the next change of it writes it whole. */
  #unsaved({ mayBeUnsaved }: Commit, error: unknown): void {
    const isStore = error instanceof BackplaneError && storeFailures.has(error.code)
    if (!mayBeUnsaved || !isStore) throw error
    mayBeUnsaved(error)
  }

  async #write(store: ConfigStore, { steps, audit }: Commit, auditNames: readonly string[]): Promise<void> {
    const writes: StoreWrite[] = []
    const newSecrets: string[] = []
    try {
      for (const step of steps) await this.#addStep(writes, step, newSecrets)
      this.#addAudit(writes, audit, auditNames)
      this.#remember(writes, await store.write(writes))
    } catch (error) {
      await this.#forget(newSecrets)
      throw BackplaneError.from(error, (reason, cause) =>
        configError('BP_CONFIG_STORE_FAILED', { details: { reason }, cause }),
      )
    }
    for (const name of newSecrets) this.#secretNames.set(name.slice(0, name.lastIndexOf('/')), name)
  }

  /** Takes over what somebody else wrote; gives the step, or `undefined` if it is known already or no category. */
  async takeRemote(
    name: string,
    revision: number | undefined,
    document: Json | undefined,
  ): Promise<CategoryStep | undefined> {
    if (!name.startsWith(categoryPrefix)) {
      await this.#takePast(name, document)
      return undefined
    }
    const known = this.#stored.get(name)?.revision
    if (known !== undefined && revision !== undefined && revision <= known) return undefined
    const key = name.slice(categoryPrefix.length)
    const before = this.categories.get(key)
    if (document === undefined) {
      this.categories.delete(key)
      this.#stored.delete(name)
      return before && { kind: 'removed', before }
    }
    this.#stored.set(name, { revision: revision as number, document })
    if (!(await this.#take(name, document))) return undefined
    const after = this.categories.get(key) as Category
    return { kind: before ? 'changed' : 'created', ...(before ? { before } : {}), after }
  }

  /** Keeps history and audit trail in step with what another host writes. */
  async #takePast(name: string, document: Json | undefined): Promise<void> {
    const isHistory = name.startsWith(historyPrefix)
    if (document !== undefined) {
      if (isHistory || name.startsWith(auditPrefix)) await this.#take(name, document)
    } else if (isHistory) {
      const past = this.#pastOf(name.slice(historyPrefix.length, name.lastIndexOf('/')))
      const gone = past.findIndex((state) => pastName(state.name, state.revision) === name)
      if (gone !== -1) past.splice(gone, 1)
    } else if (name.startsWith(auditPrefix)) this.audit.remove(name)
  }

  async #take(name: string, document: Json): Promise<boolean> {
    if (name.startsWith(auditPrefix)) {
      if (typeof document !== 'object' || document === null) return false
      this.audit.add(name, document as unknown as AuditEntry)
      return true
    }
    if (name.startsWith(historyPrefix)) return this.#takeHistory(name, document)
    const key = name.slice(categoryPrefix.length)
    const category = await this.#opened(key, document, this.#secretNames)
    if (category) this.categories.set(key, category)
    return category !== undefined
  }

  async #takeHistory(name: string, document: Json): Promise<boolean> {
    const key = name.slice(historyPrefix.length, name.lastIndexOf('/'))
    const revision = Number(name.slice(name.lastIndexOf('/') + 1))
    const state = this.#known(key, revision) ?? (await this.#readPast(key, revision, document))
    if (!state) return false
    const past = this.#pastOf(key)
    if (past.includes(state)) return true
    past.push(state)
    past.sort((left, right) => left.revision - right.revision)
    return true
  }

  /** Reads a former state; the state after it, which it may need, is looked for in the store if it is not known yet. */
  async #readPast(key: string, revision: number, document: Json): Promise<Category | undefined> {
    const needed = neededRevision(document)
    if (needed === undefined) return this.#opened(key, document, new Map())
    if (needed <= revision) return undefined
    if (!this.#known(key, needed)) {
      const name = pastName(key, needed)
      const stored = await this.#components.store?.read(name)
      if (stored) await this.#takeHistory(name, stored.document)
    }
    const after = this.#known(key, needed)
    const kept = after && this.#kept.get(after)
    return kept && this.#opened(key, wholePast(document, kept.document), new Map())
  }

  async #opened(key: string, document: Json, names: Map<string, string>): Promise<Category | undefined> {
    const sealed = categoryOf(key, document)
    if (!sealed) return undefined
    const opened = await openSecrets(sealed, this.#components.secrets, names)
    this.#kept.set(opened, { document, secretNames: secretNamesOf(sealed) })
    return opened
  }

  /** A state of a category that is in memory. */
  #known(key: string, revision: number): Category | undefined {
    const present = this.categories.get(key)
    if (present?.revision === revision) return present
    return this.#history.get(key)?.find((state) => state.revision === revision)
  }

  async #addStep(writes: StoreWrite[], { before, after }: CategoryStep, newSecrets: string[]): Promise<void> {
    const name = categoryPrefix + ((after ?? before) as Category).name
    const stored = this.#stored.get(name)
    const document = after ? (await this.#keep(after, newSecrets)).document : null
    const patch = stored && document !== null ? { patch: patchBetween(stored.document, document) } : {}
    writes.push({ name, document, expectedRevision: stored?.revision ?? 0, ...patch })
    const { historyDepth } = this.#components.retention
    if (!before || historyDepth === 0) return
    const whole = (await this.#keep(before, newSecrets)).document
    const former = after && document !== null ? pastDocument(whole, { revision: after.revision, document }) : whole
    writes.push({ name: pastName(before.name, before.revision), document: former })
    const past = this.#pastOf(before.name)
    const oldest = past[past.length - historyDepth]
    if (oldest) writes.push({ name: pastName(oldest.name, oldest.revision), document: null })
  }

  /** The document of a state, its secrets kept elsewhere. */
  async #keep(category: Category, newSecrets: string[]): Promise<KeptState> {
    const present = this.#kept.get(category)
    if (present) return present
    const { secrets, clearSecrets } = this.#components
    const isClear = !hasSecrets(category) || (!secrets && clearSecrets)
    const state = isClear
      ? { document: categoryDocument(category), secretNames: [] }
      : await this.#seal(category, newSecrets)
    this.#kept.set(category, state)
    return state
  }

  async #seal(category: Category, newSecrets: string[]): Promise<KeptState> {
    const before = this.categories.get(category.name)
    const { secrets } = this.#components
    const { category: sealed, kept } = await sealSecrets(category, before, secrets, this.#secretNames)
    newSecrets.push(...kept)
    return { document: categoryDocument(sealed), secretNames: secretNamesOf(sealed) }
  }

  /** Names sort by time, then by writer and count. */
  #auditName({ at }: AuditEntry): string {
    return `${auditPrefix}${String(at).padStart(15, '0')}-${this.#writer}-${String(this.#auditCount++).padStart(9, '0')}`
  }

  #addAudit(writes: StoreWrite[], entries: readonly AuditEntry[], names: readonly string[]): void {
    if (this.#components.retention.auditEntries === 0) return
    for (const [index, entry] of entries.entries()) {
      writes.push({ name: names[index] as string, document: entry as unknown as Json })
    }
    for (const name of this.audit.surplus(entries.length)) writes.push({ name, document: null })
  }

  /** What is gone is at no revision. */
  #remember(writes: readonly StoreWrite[], revisions: ReadonlyMap<string, number>): void {
    for (const { name, document } of writes) {
      if (!name.startsWith(categoryPrefix)) continue
      if (document === null) this.#stored.delete(name)
      else this.#stored.set(name, { revision: revisions.get(name) as number, document })
    }
  }

  /** Gives the state that falls off the end of the history, if one does. */
  #takeStep({ before, after }: CategoryStep): Category | undefined {
    if (after) this.categories.set(after.name, after)
    else this.categories.delete((before as Category).name)
    if (!before || this.#components.retention.historyDepth === 0) return undefined
    const past = this.#pastOf(before.name)
    past.push(before)
    return past.length > this.#components.retention.historyDepth ? past.shift() : undefined
  }

  /** Secrets of a state that is past and gone, unless a later state still has them. */
  async #forgetSecretsOf(gone: Category): Promise<void> {
    const names = this.#kept.get(gone)?.secretNames ?? []
    if (names.length === 0) return
    const present = this.categories.get(gone.name)
    const later = [...this.#pastOf(gone.name), ...(present ? [present] : [])]
    const used = new Set(later.flatMap((state) => this.#kept.get(state)?.secretNames ?? []))
    await this.#forget(names.filter((name) => !used.has(name)))
  }

  #pastOf(name: string): Category[] {
    const past = this.#history.get(name) ?? []
    this.#history.set(name, past)
    return past
  }

  /** A secret that cannot be deleted now does no harm: nothing names it any more. */
  async #forget(names: readonly string[]): Promise<void> {
    for (const name of names) await this.#components.secrets?.delete(name).catch(() => {})
  }
}

const storeFailures: ReadonlySet<string> = new Set(['BP_CONFIG_STORE_FAILED', 'BP_CONFIG_STORE_READ_ONLY'])

function damagedDocument(name: string, reason: string, cause?: unknown): BackplaneError {
  return configError('BP_CONFIG_STORE_DAMAGED', { details: { path: name, reason }, cause })
}

function pastName(category: string, revision: number): string {
  return `${historyPrefix}${category}/${String(revision).padStart(10, '0')}`
}
