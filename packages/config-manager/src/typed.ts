import { type Item, type ItemDefinitions, type Items, own } from './definition.ts'
import { kindOf } from './kinds/item-kinds.ts'
import type { TypedValue } from './kinds/kind.ts'

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
 * Declares a category's items so that its values have types:
 * `category({ gpiopin: { type: 'integer', ... } } as const)`. It only passes its argument through; what is wrong with a
 * definition is told when it is registered.
 */
export function category<const I extends ItemDefinitions>(items: I): I {
  return items
}

/** Gives items' values as a plugin sees them. The same object for the same items is not promised. */
export function typedValues(items: Items): TypedValues {
  return Object.freeze(Object.fromEntries([...items].map(([name, item]) => [name, typedValue(item)])))
}

/**
 * Gives an item's value in its type. Integers beyond 2^53 come as `bigint`, so that no digit is lost; text that cannot
 * be read in its type (upstream lets some in) comes as it is.
 */
export function typedValue(item: Item): TypedValue {
  const value = own(item, 'value') as TypedValue
  if (typeof value !== 'string') return value
  return kindOf(own(item, 'type')).typed(value, item)
}

/** Gives the text that stands for a typed value in Fledge's form. */
export function textOfTyped(item: Item, value: unknown): unknown {
  return kindOf(own(item, 'type')).text(value)
}
