import { BackplaneError } from '@backplane/core'

/** What the doctor says of one thing. */
export interface Check {
  readonly name: string
  /** `skipped`: it does not matter here. */
  readonly state: 'ok' | 'warning' | 'failed' | 'skipped'
  readonly detail: string
  /** What to do about it. */
  readonly next?: string
  /** The error's code, where it failed by one. */
  readonly code?: string
  /** Figures and names, for machines. */
  readonly facts?: object
}

/** Says that something failed, by its error. */
export function failedBy(name: string, thrown: unknown): Check {
  const { code, message, next } = BackplaneError.from(thrown)
  return { name, state: 'failed', detail: message, next, code }
}
