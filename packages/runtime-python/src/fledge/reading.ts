import type { Params, Value } from '@backplane/core'

/** One reading of one asset, as a plugin gives it. */
export interface Reading {
  readonly asset: string
  /** When it was read, as the plugin wrote it: `2026-11-22 07:00:00.123456+00:00`. */
  readonly timestamp: string
  /** Value by name of the data point. */
  readonly readings: Params
  /** A UUID that plugins for old versions give. */
  readonly key?: string
  readonly id?: number
}

/** A reading on its way to a plugin: without a timestamp it is of now, without an id it gets the next one. */
export type ReadingInput = Omit<Reading, 'timestamp'> & { readonly timestamp?: string }

/** The readings in what the worker sent, which has checked them. */
export function readingsIn(value: Value): readonly Reading[] {
  return value as unknown as readonly Reading[]
}
