/** What a store says of itself, once it is open, where all is not well. */
export interface StoreCondition {
  /** Something was damaged, and has been put right as far as that was possible. */
  readonly repair?: StoreRepair
  /** Why nothing can be written at present. */
  readonly readOnly?: { readonly path: string; readonly reason: string }
}

/** What was damaged, and what is left. */
export interface StoreRepair {
  readonly path: string
  readonly reason: string
  /** How many documents were saved. */
  readonly documents: number
  /** Where the damaged bytes are kept; absent where there was nothing to keep, or no place. */
  readonly keptAt?: string
}

/** A store that knows its condition. */
export interface WithCondition {
  readonly condition: StoreCondition
}

const unwritable: ReadonlySet<unknown> = new Set(['EROFS', 'ENOSPC', 'EDQUOT', 'EACCES', 'EPERM'])

/** Tells whether an error of the system says that a place can be read, perhaps, but not written. */
export function isUnwritable(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return unwritable.has(code)
}
