import type { ConfigStore, Json, StoreWrite } from '@backplane/core'
import { BackplaneError, messageOf } from '@backplane/core'
import type { AuditEntry } from './audit.ts'
import { type Category, categoryDocument, categoryOf } from './category.ts'
import { configError } from './errors.ts'
import type { CategoryStep } from './event.ts'
import { openSecrets, type SecretStore, sealSecrets } from './secrets.ts'

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
}

/** What the registry works with. */
export interface RegistryComponents {
  readonly store: ConfigStore
  readonly secrets: SecretStore | undefined
  readonly retention: Retention
  /** Whether secrets may lie in the store in clear when there is no secret store. */
  readonly clearSecrets: boolean
}

/** All categories, the audit trail and the history, in memory, and their way to the store and back. */
export class Registry {
  readonly categories = new Map<string, Category>()
  readonly audit: AuditEntry[] = []
  readonly #auditNames: string[] = []
  /** Tells this writer's audit entries from those of other hosts on a shared store. */
  readonly #writer = globalThis.crypto.randomUUID().slice(0, 8)
  readonly #components: RegistryComponents
  readonly #storeRevisions = new Map<string, number>()
  readonly #secretNames = new Map<string, string>()
  readonly #history = new Map<string, Category[]>()
  #auditCount = 0

  constructor(components: RegistryComponents) {
    this.#components = components
  }

  /** Reads everything from the store; gives the names of documents that could not be read. */
  async load(): Promise<readonly string[]> {
    const unreadable: string[] = []
    const { store } = this.#components
    const names = [...(await store.list())].sort()
    for (const name of names) {
      const stored = await store.read(name)
      if (!stored) continue
      this.#storeRevisions.set(name, stored.revision)
      if (!(await this.#take(name, stored.document))) unreadable.push(name)
    }
    return unreadable
  }

  /** Former states of a category, latest first. */
  history(name: string): readonly Category[] {
    return [...(this.#history.get(name) ?? [])].reverse()
  }

  /**
   * Writes steps, audit entries and former states as one batch, then takes them over. Rejects with `BP_CONFIG_CONFLICT`
   * when somebody else wrote a category meanwhile, with `BP_CONFIG_STORE_FAILED` when the store fails; nothing is changed then.
   */
  async commit({ steps, audit }: Commit): Promise<void> {
    const writes: StoreWrite[] = []
    const keptSecrets: string[] = []
    const auditNames = audit.map((entry) => this.#auditName(entry))
    try {
      for (const step of steps) writes.push(...(await this.#stepWrites(step, keptSecrets)))
      writes.push(...this.#auditWrites(audit, auditNames))
      this.#remember(writes, await this.#components.store.write(writes))
    } catch (error) {
      await this.#forget(keptSecrets)
      throw BackplaneError.from(error, (reason, cause) =>
        configError('BP_CONFIG_STORE_FAILED', { details: { reason }, cause }),
      )
    }
    for (const step of steps) await this.#takeStep(step)
    this.audit.push(...audit)
    this.#auditNames.push(...auditNames)
    this.#trimAudit()
    this.#rememberSecrets(keptSecrets)
  }

  /** Takes over what somebody else wrote; gives the step, or `undefined` if it is known already or no category. */
  async takeRemote(
    name: string,
    revision: number | undefined,
    document: Json | undefined,
  ): Promise<CategoryStep | undefined> {
    if (!name.startsWith(categoryPrefix)) return undefined
    const known = this.#storeRevisions.get(name)
    if (known !== undefined && revision !== undefined && revision <= known) return undefined
    const key = name.slice(categoryPrefix.length)
    const before = this.categories.get(key)
    if (document === undefined) {
      this.categories.delete(key)
      this.#storeRevisions.delete(name)
      return before && { kind: 'removed', before }
    }
    this.#storeRevisions.set(name, revision as number)
    if (!(await this.#take(name, document))) return undefined
    const after = this.categories.get(key) as Category
    return { kind: before ? 'changed' : 'created', ...(before ? { before } : {}), after }
  }

  async #take(name: string, document: Json): Promise<boolean> {
    if (name.startsWith(auditPrefix)) {
      this.#auditNames.push(name)
      this.audit.push(document as unknown as AuditEntry)
      return true
    }
    const isHistory = name.startsWith(historyPrefix)
    const key = isHistory ? name.slice(historyPrefix.length, name.lastIndexOf('/')) : name.slice(categoryPrefix.length)
    const category = categoryOf(key, document)
    if (!category) return false
    const opened = await openSecrets(category, this.#components.secrets, isHistory ? new Map() : this.#secretNames)
    if (isHistory) this.#pastOf(key).push(opened)
    else this.categories.set(key, opened)
    return true
  }

  async #stepWrites({ before, after }: CategoryStep, keptSecrets: string[]): Promise<StoreWrite[]> {
    const { secrets, clearSecrets, retention } = this.#components
    const writes: StoreWrite[] = []
    const seal = async (category: Category) => {
      if (!secrets && clearSecrets) return category
      const sealed = await sealSecrets(category, this.categories.get(category.name), secrets, this.#secretNames)
      keptSecrets.push(...sealed.kept)
      return sealed.category
    }
    const name = categoryPrefix + ((after ?? before) as Category).name
    const expectedRevision = this.#storeRevisions.get(name) ?? 0
    writes.push({ name, document: after ? categoryDocument(await seal(after)) : null, expectedRevision })
    if (before && retention.historyDepth > 0) {
      writes.push({ name: pastName(before), document: categoryDocument(await seal(before)) })
      const past = this.#pastOf(before.name)
      const oldest = past[past.length - retention.historyDepth]
      if (oldest) writes.push({ name: pastName(oldest), document: null })
    }
    return writes
  }

  /** Names sort by time, then by writer and count. */
  #auditName({ at }: AuditEntry): string {
    return `${auditPrefix}${String(at).padStart(15, '0')}-${this.#writer}-${String(this.#auditCount++).padStart(9, '0')}`
  }

  #auditWrites(entries: readonly AuditEntry[], names: readonly string[]): StoreWrite[] {
    const writes: StoreWrite[] = entries.map((entry, index) => ({
      name: names[index] as string,
      document: entry as unknown as Json,
    }))
    const surplus = this.audit.length + entries.length - this.#components.retention.auditEntries
    for (const name of this.#auditNames.slice(0, Math.max(0, surplus))) writes.push({ name, document: null })
    return writes
  }

  /** What is gone is at no revision. */
  #remember(writes: readonly StoreWrite[], revisions: ReadonlyMap<string, number>): void {
    for (const { name, document } of writes) {
      if (document === null) this.#storeRevisions.delete(name)
      else this.#storeRevisions.set(name, revisions.get(name) as number)
    }
  }

  #trimAudit(): void {
    const surplus = this.audit.length - this.#components.retention.auditEntries
    if (surplus <= 0) return
    this.audit.splice(0, surplus)
    this.#auditNames.splice(0, surplus)
  }

  async #takeStep({ before, after }: CategoryStep): Promise<void> {
    if (after) this.categories.set(after.name, after)
    else this.categories.delete((before as Category).name)
    if (!before || this.#components.retention.historyDepth === 0) return
    const past = this.#pastOf(before.name)
    past.push(before)
    if (past.length > this.#components.retention.historyDepth) past.shift()
  }

  #pastOf(name: string): Category[] {
    const past = this.#history.get(name) ?? []
    this.#history.set(name, past)
    return past
  }

  #rememberSecrets(kept: readonly string[]): void {
    for (const name of kept) this.#secretNames.set(name.slice(0, name.lastIndexOf('/')), name)
  }

  /** A secret that was kept for a batch that failed would never be found again. */
  async #forget(kept: readonly string[]): Promise<void> {
    for (const name of kept) await this.#components.secrets?.delete(name).catch(messageOf)
  }
}

function pastName(category: Category): string {
  return `${historyPrefix}${category.name}/${String(category.revision).padStart(10, '0')}`
}
