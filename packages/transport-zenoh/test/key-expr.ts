import type { KeyExpr as Expression } from '@eclipse-zenoh/zenoh-ts'
import { loadZenohTs } from '../src/zenoh-ts/load.ts'

export type KeyExpr = Expression
/** Zenoh's own key expressions, from the copy of the library that the transport loads: that one is silent. */
export const { KeyExpr } = (await loadZenohTs()) as unknown as {
  readonly KeyExpr: (new (text: string) => Expression) & { autocanonize(text: string): Expression }
}
