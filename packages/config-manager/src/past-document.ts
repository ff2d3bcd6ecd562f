import type { Json, JsonPatchOperation } from '@backplane/core'
import { patchBetween } from './patch/patch-between.ts'
import { patcher } from './patch/patcher.ts'

/** A former state as what turns the state that came after it back: small, where little was changed. */
interface PastPatch {
  /** The revision of the state that came after. */
  readonly after: number
  readonly patch: readonly JsonPatchOperation[]
}

/** The document of a former state, by the state that came after it. */
export function pastDocument(before: Json, after: { readonly revision: number; readonly document: Json }): Json {
  const past: PastPatch = { after: after.revision, patch: patchBetween(after.document, before) }
  return past as unknown as Json
}

/** Which state a former state's document needs to be read; `undefined` where it is whole, as after a removal. */
export function neededRevision(document: Json): number | undefined {
  return isPastPatch(document) ? document.after : undefined
}

/** The whole document of a former state; `after` is that of the state it needs. */
export function wholePast(document: Json, after: Json): Json {
  return isPastPatch(document) ? patcher()(after, document.patch) : document
}

function isPastPatch(document: unknown): document is PastPatch {
  if (typeof document !== 'object' || document === null) return false
  const { after, patch } = document as Partial<PastPatch>
  return typeof after === 'number' && Array.isArray(patch)
}
