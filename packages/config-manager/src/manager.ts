import {
  type BackplaneError,
  type Clock,
  type ConfigItems,
  type ConfigStore,
  coreError,
  type Logger,
  silentLogger,
  systemClock,
} from '@backplane/core'
import { addItem } from './add-item.ts'
import { redactItem, redactItems } from './audit.ts'
import { childrenOf, type ListOptions, listCategories } from './browse.ts'
import { itemsObject } from './category.ts'
import { type ChangeRequest, change, preview, reset } from './change.ts'
import type { ConfigCondition, ConfigManager } from './contract.ts'
import { type ItemDefinition, type ItemDefinitions, isPlainItem, own } from './definition.ts'
import { Engine } from './engine.ts'
import { configError } from './errors.ts'
import { type LinkOptions, link, remove, unlink, unlinkAll } from './hierarchy.ts'
import { factsOf, pastOf, restore } from './history.ts'
import { type OpenPlugins, openPlugin } from './host-config.ts'
import { type ConfigListener, type ListenerOptions, Observers } from './observers.ts'
import { offerOptions } from './offer-options.ts'
import type { ChangeOptions } from './options.ts'
import { type ConfigMode, policyOf } from './policy.ts'
import { changeProperty } from './property.ts'
import { type RegisterOptions, register } from './register.ts'
import type { SubscriptionScope } from './scope.ts'
import { memorySecrets, type SecretStore } from './secrets.ts'
import { type ConfigSnapshot, diffSnapshot, exportSnapshot, importSnapshot } from './snapshot.ts'
import type { WithCondition } from './store-condition.ts'
import { type ConfigParticipant, type ParticipantOptions, Subscriptions } from './subscriptions.ts'
import { typedValues } from './typed.ts'
import { watch } from './watch.ts'

/** What a configuration manager is made with. */
export interface ConfigManagerInit {
  /** Where configuration is kept. @default nowhere: it ends with the process */
  readonly store?: ConfigStore
  /**
   * Where secrets are kept, if the store brings no place of its own.
   * @default the store's own place, or memory where there is no store
   */
  readonly secrets?: SecretStore
  /**
   * `default`: the safe choices; `strict-fledge`: every answer as Fledge's Python manager gives it.
   * @default 'default'
   */
  readonly mode?: ConfigMode
  /** How many audit entries are kept. @default 1000 */
  readonly auditEntries?: number
  /** How many former states of each category are kept. @default 10 */
  readonly historyDepth?: number
  /**
   * Writes secrets to the audit trail in clear, as upstream does. Only for comparing with upstream.
   * @default false
   */
  readonly auditsSecrets?: boolean
}

/** What a configuration manager needs. */
export interface ConfigManagerComponents {
  /** @default silent */
  readonly logger?: Logger
  /** @default the system's */
  readonly clock?: Clock
}

/** Makes a configuration manager: `configManager(init)` is what `createHost({ config })` takes. */
export function configManager(init: ConfigManagerInit = {}): (components?: ConfigManagerComponents) => ConfigManager {
  return (components = {}) => new Manager(init, components)
}

/** A store that brings its own place for secrets. */
interface WithSecrets {
  readonly secrets?: SecretStore
}

class Manager implements ConfigManager {
  readonly mode: ConfigMode
  readonly #engine: Engine
  readonly #store: ConfigStore | undefined
  readonly #subscriptions: Subscriptions
  readonly #observers: Observers
  readonly #logger: Logger
  readonly #plugins: OpenPlugins = new Map()
  #starting: Promise<void> | undefined
  #unwatch: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(init: ConfigManagerInit, { logger = silentLogger, clock = systemClock }: ConfigManagerComponents) {
    const policy = policyOf(init.mode ?? 'default')
    const { store } = init
    const own = store ? (store as WithSecrets).secrets : memorySecrets()
    this.mode = policy.mode
    this.#store = store
    this.#logger = logger
    this.#subscriptions = new Subscriptions(clock, logger)
    this.#observers = new Observers(logger)
    this.#engine = new Engine({
      policy,
      store,
      secrets: init.secrets ?? (policy.hidesSecrets ? own : undefined),
      retention: { auditEntries: init.auditEntries ?? 1_000, historyDepth: init.historyDepth ?? 10 },
      clock,
      logger,
      subscriptions: this.#subscriptions,
      observers: this.#observers,
      auditsSecrets: init.auditsSecrets ?? false,
    })
  }

  start(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (this.#closing) return Promise.reject(coreError('BP_CLOSED', { details: { what: 'The configuration manager' } }))
    this.#starting ??= this.#open(options).catch((error) => {
      this.#starting = undefined
      throw error
    })
    return this.#starting
  }

  async #open(options: { readonly signal?: AbortSignal }): Promise<void> {
    await this.#store?.open(options)
    this.#reportCondition()
    // Watched before it is read: what others write meanwhile waits until everything is read, and is not missed.
    const reading = this.#engine.locks.runAlone(() => this.#read())
    this.#unwatch = this.#store?.watch?.((name, stored) => {
      void this.#engine
        .follow(name, stored)
        .catch((error) => this.#logger.error({ err: error, name }, 'could not follow a change in the store'))
    })
    try {
      await reading
    } catch (error) {
      this.#unwatch?.()
      throw error
    }
  }

  #reportCondition(): void {
    const { repair, readOnly } = this.condition
    if (repair) {
      const kept =
        repair.keptAt === undefined ? 'nothing was left to keep' : `what was there is kept in ${repair.keptAt}`
      this.#report(configError('BP_CONFIG_STORE_REPAIRED', { details: { ...repair, kept } }))
    }
    if (readOnly) this.#report(configError('BP_CONFIG_STORE_READ_ONLY', { details: { ...readOnly } }))
  }

  #report(error: BackplaneError): void {
    this.#logger.error({ err: error, code: error.code }, error.message)
  }

  get condition(): ConfigCondition {
    const { condition = {} } = (this.#store ?? {}) as Partial<WithCondition>
    const damaged = [...this.#engine.registry.damaged.keys()]
    return { ...condition, ...(damaged.length === 0 ? {} : { damaged }) }
  }

  async #read(): Promise<void> {
    for (const [name, error] of await this.#engine.registry.load())
      this.#logger.error({ err: error, name }, 'a stored document cannot be read and is left alone')
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#starting?.catch(() => {})
    this.#unwatch?.()
    this.#observers.close()
    await this.#engine.locks.close()
    await this.#store?.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async open(pluginId: string, items: ConfigItems, options: { readonly signal?: AbortSignal } = {}) {
    await this.#ready(options)
    return openPlugin(this, this.#plugins, pluginId, items, options)
  }

  async register(name: string, items: ItemDefinitions, options: RegisterOptions = {}) {
    await this.#ready(options)
    return register(this.#engine, name, items, options)
  }

  async addItem(category: string, name: string, definition: ItemDefinition, options: ChangeOptions = {}) {
    await this.#ready(options)
    return addItem(this.#engine, category, name, definition, options)
  }

  async set(category: string, item: string, value: unknown, options: ChangeOptions = {}) {
    await this.#ready(options)
    return change(this.#engine, { category, values: [[item, value]], single: true }, options)
  }

  async update(category: string, values: { readonly [item: string]: unknown }, options: ChangeOptions = {}) {
    await this.#ready(options)
    return change(this.#engine, this.#bulk(category, values), options)
  }

  async preview(category: string, values: { readonly [item: string]: unknown }, options: ChangeOptions = {}) {
    await this.#ready(options)
    return preview(this.#engine, this.#bulk(category, values), options)
  }

  async reset(category: string, item: string, options: ChangeOptions = {}) {
    await this.#ready(options)
    return reset(this.#engine, category, item, options)
  }

  async updateProperty(category: string, item: string, property: string, value: unknown, options: ChangeOptions = {}) {
    await this.#ready(options)
    return changeProperty(this.#engine, { category, item, property, value }, options)
  }

  async offerOptions(category: string, item: string, options: readonly string[], by: ChangeOptions = {}) {
    await this.#ready(by)
    return offerOptions(this.#engine, category, item, options, by)
  }

  items(category: string) {
    const items = this.#engine.view.items(category)
    return items && itemsObject(this.#engine.policy.hidesSecrets ? redactItems(items) : items)
  }

  item(category: string, name: string) {
    const item = this.#engine.view.item(category, name)
    return item && this.#engine.policy.hidesSecrets ? redactItem(name, item) : item
  }

  value(category: string, name: string) {
    const stored = this.#engine.stored(category)?.items.get(name)
    const item = stored && this.#engine.policy.hidesSecrets ? redactItem(name, stored) : stored
    return item && own(item, 'value')
  }

  values(category: string) {
    const stored = this.#engine.stored(category)
    return stored && (typedValues(stored.items) as never)
  }

  facts(category: string) {
    const stored = this.#engine.stored(category)
    return stored && factsOf(stored)
  }

  categories(options: ListOptions = {}) {
    return listCategories(this.#engine, options)
  }

  async link(parent: string, children: readonly string[], options: LinkOptions = {}) {
    await this.#ready(options)
    return link(this.#engine, parent, children, options)
  }

  async unlink(parent: string, child: string, options: LinkOptions = {}) {
    await this.#ready(options)
    return unlink(this.#engine, parent, child, options)
  }

  async unlinkAll(parent: string, options: LinkOptions = {}) {
    await this.#ready(options)
    return unlinkAll(this.#engine, parent, options)
  }

  children(parent: string) {
    return childrenOf(this.#engine, parent)
  }

  async remove(category: string, options: LinkOptions = {}) {
    await this.#ready(options)
    return remove(this.#engine, category, options)
  }

  subscribe(scope: SubscriptionScope, participant: ConfigParticipant, options: ParticipantOptions = {}): () => void {
    this.#checkSubscription(scope, participant, 'register')
    return this.#subscriptions.add(scope, participant, options)
  }

  unsubscribe(scope: SubscriptionScope, participant: ConfigParticipant): void {
    this.#checkSubscription(scope, participant, 'unregister')
    this.#subscriptions.remove(scope, participant)
  }

  on(scope: SubscriptionScope, listener: ConfigListener, options: ListenerOptions = {}): () => void {
    return this.#observers.add(scope, listener, options)
  }

  watch(scope: SubscriptionScope, options: ListenerOptions & { readonly signal?: AbortSignal } = {}) {
    return watch(this.#observers, scope, options)
  }

  audit() {
    return this.#engine.registry.audit.entries()
  }

  history(category: string) {
    return this.#engine.registry.history(category).map(pastOf)
  }

  async restore(category: string, revision: number, options: ChangeOptions = {}) {
    await this.#ready(options)
    return restore(this.#engine, category, revision, options)
  }

  export(options: { readonly categories?: readonly string[] } = {}) {
    return exportSnapshot(this.#engine, options)
  }

  diff(snapshot: ConfigSnapshot) {
    return diffSnapshot(this.#engine, snapshot)
  }

  async import(snapshot: ConfigSnapshot, options: ChangeOptions = {}) {
    await this.#ready(options)
    return importSnapshot(this.#engine, snapshot, options)
  }

  clearCache(): void {
    this.#engine.view.clear()
  }

  async #ready(options: { readonly signal?: AbortSignal }): Promise<void> {
    if (options.signal?.aborted) throw coreError('BP_ABORTED', { cause: options.signal.reason })
    await this.start(options)
  }

  #bulk(category: string, values: { readonly [item: string]: unknown }): ChangeRequest {
    if (!isPlainItem(values))
      this.#engine.check((findings) => findings.add('category-items', { category, received: values }))
    return { category, values: Object.entries(values), single: false }
  }

  #checkSubscription(scope: SubscriptionScope, participant: ConfigParticipant | null, verb: string): void {
    this.#engine.check((findings) => {
      const where = { category: String(scope.category), detail: verb }
      if (scope.category === null || scope.childrenOf === null) findings.add('subscription-category', where)
      else if (participant === null) findings.add('subscription-callback', where)
    })
  }
}
