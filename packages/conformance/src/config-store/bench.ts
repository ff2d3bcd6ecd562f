import type { ConfigStore, Json } from '@backplane/core'
import { soon } from '../waiting.ts'

/** What `setup` gives {@link configStoreCompliance} for one case. */
export interface ConfigStoreUnderTest {
  /** Makes a store on one place, empty at first, the same each time; neither opened nor closed. */
  readonly store: () => ConfigStore
  /** Whether what was written is there when another store opens the place later. @default true */
  readonly keeps?: boolean
  /**
   * Whether several stores may have the place open at once, and tell each other.
   * @default false: the second is refused
   */
  readonly shared?: boolean
}

/** A case of the configuration store suite. */
export type ConfigStoreCase = (bench: ConfigStoreBench) => Promise<void>

/** What a case works with: stores that are closed after it. */
export class ConfigStoreBench {
  readonly #under: ConfigStoreUnderTest
  readonly #skip: (reason: string) => never
  readonly #made: ConfigStore[] = []

  constructor(under: ConfigStoreUnderTest, skip: (reason: string) => never) {
    this.#under = under
    this.#skip = skip
  }

  /** Makes a store on the place of this case, not yet open. */
  make(): ConfigStore {
    const store = this.#under.store()
    this.#made.push(store)
    return store
  }

  /** Makes an open store. */
  async open(): Promise<ConfigStore> {
    const store = this.make()
    await store.open()
    return store
  }

  /** Skips the case where the place ends with its store. */
  needKeeping(): void {
    if (this.#under.keeps === false) this.#skip('keeping (setup says that it does not keep)')
  }

  /** Skips the case where several stores share the place. */
  needOneWriter(): void {
    if (this.#under.shared || this.#under.keeps === false)
      this.#skip('one writer (setup says that the place is shared, or not kept)')
  }

  /** Skips the case where a place belongs to one store. */
  needSharing(): void {
    if (!this.#under.shared) this.#skip('sharing (setup does not say that the place is shared)')
  }

  async end(): Promise<void> {
    await Promise.all(this.#made.map((store) => soon(store.close(), 'closing')))
  }
}

/** Writes one document and gives its revision. */
export async function put(
  store: ConfigStore,
  name: string,
  document: Json,
  expectedRevision?: number,
): Promise<number> {
  const write = { name, document, ...(expectedRevision === undefined ? {} : { expectedRevision }) }
  return (await store.write([write])).get(name) as number
}

/** A document of many parts, and one part of it changed. */
export function partChanged(document: readonly Json[], at: number, value: Json) {
  const changed = document.map((part, index) => (index === at ? value : part))
  return { document: changed, patch: [{ op: 'replace' as const, path: `/${at}`, value }] }
}
