import { narrowInteger, parseJson, stringifyJson } from '@backplane/core/json'
import { type Item, type ItemDefinitions, type Items, own } from './definition.ts'
import { unwrapList } from './lists.ts'
import { parseFloatText, parseInteger } from './python/number.ts'
import { decodeScript, encodeScript } from './script.ts'

/** A value as a plugin sees it. */
export type TypedValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly unknown[]
  | { readonly [key: string]: unknown }

/** A category's values as a plugin sees them, item by name. */
export type TypedValues = { readonly [name: string]: TypedValue }

type ElementValue<D> = D extends { readonly items: 'integer' | 'float' }
  ? number
  : D extends { readonly items: 'object' }
    ? { readonly [key: string]: unknown }
    : D extends { readonly items: 'enumeration'; readonly options: readonly (infer O)[] }
      ? O
      : string

/** The TypeScript type of an item's value, from its definition. */
export type ValueOf<D> = D extends { readonly type: 'integer' | 'float' }
  ? number
  : D extends { readonly type: 'boolean' }
    ? boolean
    : D extends { readonly type: 'enumeration'; readonly options: readonly (infer O)[] }
      ? O
      : D extends { readonly type: 'JSON' }
        ? unknown
        : D extends { readonly type: 'bucket' }
          ? { readonly [key: string]: unknown }
          : D extends { readonly type: 'list' }
            ? readonly ElementValue<D>[]
            : D extends { readonly type: 'kvlist' }
              ? { readonly [key: string]: ElementValue<D> }
              : string

/** The values of a category, typed from its definition: `Config<typeof items>['gpiopin']` is `number`. */
export type Config<I> = { readonly [K in keyof I]: ValueOf<I[K]> }

/**
 * Declares a category's items so that its values have types: `category({ gpiopin: { type: 'integer', ... } } as const)`.
 * It only passes its argument through; what is wrong with a definition is told when it is registered.
 */
export function category<const I extends ItemDefinitions>(items: I): I {
  return items
}

/** Gives items' values as a plugin sees them. The same object for the same items is not promised. */
export function typedValues(items: Items): TypedValues {
  return Object.freeze(Object.fromEntries([...items].map(([name, item]) => [name, typedValue(item)])))
}

/**
 * Gives an item's value in its type. Integers beyond 2^53 come as `bigint`, so that no digit is lost; text that cannot be
 * read in its type (upstream lets some in) comes as it is.
 */
export function typedValue(item: Item): TypedValue {
  const value = own(item, 'value') as TypedValue
  if (typeof value !== 'string') return value
  switch (own(item, 'type')) {
    case 'boolean':
      return value === 'true' ? true : value === 'false' ? false : value
    case 'integer':
      return integerOf(value) ?? value
    case 'float':
      return parseFloatText(value) ?? value
    case 'script':
      return scriptOf(value)
    case 'JSON':
    case 'bucket':
      return jsonOf(value)
    case 'list':
    case 'kvlist':
      return elementsOf(item, value)
    default:
      return value
  }
}

function integerOf(value: string): number | bigint | undefined {
  const integer = parseInteger(value)
  return integer === undefined ? undefined : narrowInteger(integer)
}

function scriptOf(value: string): string {
  const decoded = decodeScript(value)
  return 'text' in decoded ? decoded.text : value
}

function jsonOf(value: string): TypedValue {
  try {
    return parseJson(value)
  } catch {
    return value
  }
}

function elementsOf(item: Item, value: string): TypedValue {
  const elements = jsonOf(unwrapList(item, value) as string)
  const type = own(item, 'items')
  if (typeof elements !== 'object' || elements === null || (type !== 'integer' && type !== 'float')) return elements
  const number = (element: unknown) =>
    typeof element === 'string' ? (type === 'integer' ? integerOf(element) : parseFloatText(element)) : element
  if (Array.isArray(elements)) return elements.map((element) => number(element) ?? element)
  return Object.fromEntries(Object.entries(elements).map(([key, element]) => [key, number(element) ?? element]))
}

/** The JSON text of an object, or `undefined` where it has none: it contains itself, or what is no plain data. */
function jsonText(value: object): string | undefined {
  try {
    return stringifyJson(value)
  } catch {
    return undefined
  }
}

/**
 * Gives the text that stands for a typed value in Fledge's form. Text passes as it is, except that the text of a script
 * becomes hexadecimal; what has no text form (functions, `undefined`) passes as it is too, for the checks to refuse.
 */
export function textOfTyped(item: Item, value: unknown): unknown {
  if (typeof value === 'string') return own(item, 'type') === 'script' ? encodeScript(value) : value
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (typeof value === 'object' && value !== null) return jsonText(value)
  return value === null && own(item, 'type') === 'JSON' ? 'null' : value
}
