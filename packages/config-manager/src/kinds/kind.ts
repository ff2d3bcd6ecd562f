import type { JsonSchema } from '@backplane/core'
import type { AssignMember } from '../assign-objects.ts'
import type { Assignment } from '../assignment.ts'
import type { Item } from '../definition.ts'
import type { ItemDraft } from '../item-draft.ts'
import type { Policy } from '../policy.ts'
import type { Operand } from '../rule/operand.ts'

/** A value as a plugin sees it. */
export type TypedValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly unknown[]
  | { readonly [key: string]: unknown }

/**
 * What a type says to a value: it takes it, refuses it, or (upstream only) fails over it with an error of this class.
 */
export type Verdict = 'accepted' | 'refused' | { readonly fault: string; readonly says?: string }

/** Checks a new value; `false` after a finding. */
type ValueCheck = (assignment: Assignment) => boolean

/**
 * Everything that one item type decides. `check-value` and `check-definition` order the checks, and never ask which
 * type it is. A new type says all of it: begin with `...freeText` where it is a text like others.
 */
export interface ItemKind {
  /** Judges a value by the type alone. */
  readonly accepts: (value: unknown, policy: Policy) => Verdict
  /** Gives the form in which an accepted value is kept. */
  readonly canonical: (value: unknown, policy: Policy) => unknown
  /** Gives a kept text as plugins see it; the text itself where it cannot be read. */
  readonly typed: (text: string, item: Item) => TypedValue
  /** Gives the text that is kept for a value as plugins see it. */
  readonly text: (value: unknown) => unknown
  /** Gives a text as `value` in a rule. */
  readonly bound: (text: string, item: Item) => Operand
  /** Checks one property of a definition. */
  readonly define: (draft: ItemDraft, property: string, value: unknown) => boolean
  /** Judges a value that is not text. */
  readonly givenAsObject: ValueCheck
  /** Checks the value of a mandatory item. */
  readonly filled: ValueCheck
  /** Checks that a value is one of the item's options. */
  readonly option: ValueCheck
  /** Checks `length`, `minimum`, `maximum` or `listSize`, and what a list has in it. */
  readonly limits: (assignment: Assignment, assignMember: AssignMember) => boolean
  /** Checks that the elements of a list are among the item's options. */
  readonly elements: ValueCheck
  /** Checks a value by the item's JSON Schema. */
  readonly matches: ValueCheck
  /** Gives the JSON Schema of a typed value; `itemSchema` is that of a member. */
  readonly schema: (item: Item, itemSchema: (member: Item) => JsonSchema) => JsonSchema
  /** The kind of input that a form shows; `undefined` for whatever fits the schema. */
  readonly widget: 'password' | 'code' | 'upload' | 'acl' | 'json' | 'bucket' | 'northTask' | undefined
}
