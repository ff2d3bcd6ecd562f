import { narrowInteger } from '@backplane/core/json'
import { type Item, type ItemDefinitions, own } from '../definition.ts'
import { kindOf } from '../kinds/item-kinds.ts'
import { parseInteger } from '../python/number.ts'
import type { Expression, Operation } from '../rule/syntax.ts'
import { parseValidity } from '../rule/validity.ts'

/** An element of a form in JSON Forms' UI schema. */
export type UiElement =
  | { readonly type: 'Categorization'; readonly elements: readonly UiElement[] }
  | { readonly type: 'Category'; readonly label: string; readonly elements: readonly UiElement[] }
  | { readonly type: 'VerticalLayout'; readonly elements: readonly UiElement[] }
  | UiControl

/** One item's control. */
export interface UiControl {
  readonly type: 'Control'
  /** Points into the JSON Schema. */
  readonly scope: string
  readonly label: string
  readonly options: {
    /** What kind of input fits; absent: whatever fits the schema. */
    readonly widget?: 'password' | 'code' | 'upload' | 'acl' | 'json' | 'bucket' | 'northTask'
    readonly readonly?: true
    /** The expression by which the control shows, where {@link UiControl.rule} cannot say it. */
    readonly validity?: string
    readonly keyName?: string
    readonly keyDescription?: string
  }
  /** Shows the control while another item has a value. */
  readonly rule?: UiRule
}

/** When a control shows. */
export interface UiRule {
  readonly effect: 'SHOW'
  readonly condition: {
    readonly scope: string
    readonly schema: { readonly const: unknown } | { readonly not: { readonly const: unknown } }
  }
}

/** The tab of items that name no group, which stands first. */
const basicTab = 'Basic'

/**
 * Gives the UI schema of a category (JSON Forms' dialect) for the schema of `jsonSchemaOf`: items by `order`, groups as
 * tabs with those that have none in front, as the Fledge GUI shows them.
 *
 * @param items - definitions, or what `ConfigManager.items` gives
 */
export function uiSchemaOf(items: ItemDefinitions | { readonly [item: string]: Item }): UiElement {
  const entries = Object.entries(items as { readonly [item: string]: Item })
  const ordered = [...entries].sort(([, left], [, right]) => orderOf(left) - orderOf(right))
  const tabs = Map.groupBy(ordered, ([, item]) => groupOf(item))
  const names = [...tabs.keys()].sort((left, right) => Number(right === basicTab) - Number(left === basicTab))
  const elements = (name: string) => (tabs.get(name) ?? []).map(([item, definition]) => control(item, definition))
  if (names.length <= 1) return { type: 'VerticalLayout', elements: elements(names[0] ?? basicTab) }
  return {
    type: 'Categorization',
    elements: names.map((label) => ({ type: 'Category', label, elements: elements(label) })),
  }
}

function control(name: string, item: Item): UiControl {
  const { widget } = kindOf(own(item, 'type'))
  const validity = own(item, 'validity')
  const rule = typeof validity === 'string' && validity !== '' ? ruleOf(validity) : undefined
  const shown = own(item, 'displayName')
  return {
    type: 'Control',
    scope: scopeOf(name),
    label: typeof shown === 'string' && shown.trim() !== '' ? shown : name,
    options: {
      ...(widget ? { widget } : {}),
      ...(own(item, 'readonly') === 'true' ? { readonly: true } : {}),
      ...(typeof validity === 'string' && validity !== '' && !rule ? { validity } : {}),
      ...label('keyName', item),
      ...label('keyDescription', item),
    },
    ...(rule ? { rule } : {}),
  }
}

function label(property: 'keyName' | 'keyDescription', item: Item): { readonly [property: string]: string } {
  const value = own(item, property)
  return typeof value === 'string' ? { [property]: value } : {}
}

/** `item == "x"` and `item != "x"` are what a JSON Forms condition can say. */
function ruleOf(validity: string): UiRule | undefined {
  const expression = parsed(validity)
  if (expression?.kind !== 'compare' || expression.rest.length !== 1) return undefined
  const { sign, right } = expression.rest[0] as Operation
  if (expression.first.kind !== 'name' || right.kind !== 'literal' || (sign !== '==' && sign !== '!=')) return undefined
  const value = right.value === 'true' ? true : right.value === 'false' ? false : right.value
  const constant = { const: typeof value === 'bigint' ? narrowInteger(value) : value }
  return {
    effect: 'SHOW',
    condition: { scope: scopeOf(expression.first.name), schema: sign === '==' ? constant : { not: constant } },
  }
}

function parsed(validity: string): Expression | undefined {
  try {
    return parseValidity(validity)
  } catch {
    return undefined
  }
}

function scopeOf(name: string): string {
  return `#/properties/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

function orderOf(item: Item): number {
  const order = own(item, 'order')
  const number = typeof order === 'string' ? parseInteger(order) : undefined
  return number === undefined ? Number.MAX_SAFE_INTEGER : Number(number)
}

function groupOf(item: Item): string {
  const group = own(item, 'group')
  return typeof group === 'string' && group.trim() !== '' ? group : basicTab
}
