import type { AuditEntry } from './audit.ts'
import { frozenCopy } from './frozen.ts'

/** One kept entry and the name of its document. */
interface Kept {
  readonly name: string
  readonly entry: AuditEntry
}

/** The last entries of the audit trail: adding and dropping cost the same however many are kept. */
export class AuditTrail {
  readonly #limit: number
  #kept: Kept[] = []
  /** Entries before this index are dropped; they are cut off once they are half of all. */
  #start = 0

  /** @param limit - how many entries are kept */
  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#kept.length - this.#start
  }

  /** All kept entries, oldest first. */
  entries(): AuditEntry[] {
    return this.#kept.slice(this.#start).map(({ entry }) => entry)
  }

  /** Names of the oldest documents that must go when so many entries come. */
  surplus(coming: number): readonly string[] {
    const count = Math.min(this.size, Math.max(0, this.size + coming - this.#limit))
    return this.#kept.slice(this.#start, this.#start + count).map(({ name }) => name)
  }

  /** Forgets an entry that another host dropped; that is always one of the oldest. */
  remove(name: string): void {
    const at = this.#kept.findIndex((kept, index) => index >= this.#start && kept.name === name)
    if (at !== -1) this.#kept.splice(at, 1)
  }

  /** Adds an entry, and drops the oldest if there are too many. */
  add(name: string, entry: AuditEntry): void {
    this.#kept.push({ name, entry: frozenCopy(entry) })
    if (this.size > this.#limit) this.#start++
    if (this.#start <= this.#kept.length / 2) return
    this.#kept = this.#kept.slice(this.#start)
    this.#start = 0
  }
}
