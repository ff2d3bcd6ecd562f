import { Buffer } from 'node:buffer'
import { encodeJson, isObject } from './json.ts'

/** What a host offers, in Device Connect's form, before it is text. */
export interface Capabilities {
  readonly description: string
  readonly functions: readonly Offered[]
  readonly events: readonly Offered[]
  readonly labels: unknown
}

/** A function or an event. */
interface Offered {
  readonly name: string
  readonly [field: string]: unknown
}

/** Capabilities as JSON text, and what was left out so that they fit. */
export interface Fitted {
  readonly text: string
  /** In words, for people; absent where nothing was left out. */
  readonly leftOut?: string
}

const shortText = 80
const anySchema = { type: 'object', properties: {} }

/**
 * Ways of making an announcement shorter, each on top of those before it. Names come last: agents call only what is
 * announced, but they can do without the rest.
 */
const ways: readonly { readonly leftOut: string; shorten(one: Offered): Offered }[] = [
  { leftOut: 'descriptions within schemas', shorten: (one) => withSchemas(one, withoutWords) },
  {
    leftOut: `descriptions beyond ${shortText} characters, descriptions within schemas`,
    shorten: (one) => ({ ...one, description: cut(one.description) }),
  },
  {
    leftOut: `schemas, descriptions beyond ${shortText} characters`,
    shorten: (one) => withSchemas(one, (_, key) => (key === 'parameters' ? anySchema : null)),
  },
  {
    leftOut: 'schemas, descriptions, labels, tags',
    shorten: ({ name, parameters, payload_schema }) => ({
      name,
      description: '',
      ...(parameters === undefined ? { payload_schema } : { parameters }),
    }),
  },
]

/**
 * Writes capabilities as text of at most `room` bytes: whole where they fit, else with less and less said of each
 * function and event, and at last with the first of them alone. What does not fit even so is given as it is then.
 */
export function fit(capabilities: Capabilities, room: number): Fitted {
  const whole = encodeJson(capabilities)
  if (fits(whole, room)) return { text: whole }
  let { functions, events } = capabilities
  for (const { leftOut, shorten } of ways) {
    functions = functions.map(shorten)
    events = events.map(shorten)
    const text = encodeJson({ ...capabilities, functions, events })
    if (fits(text, room)) return { text, leftOut }
  }
  return first({ ...capabilities, functions, events }, room)
}

/** {@link fit} for any room, made once for each of the last few. */
export function fitting(capabilities: Capabilities): (room: number) => Fitted {
  const made = new Map<number, Fitted>()
  return (room) => {
    const fitted = made.get(room) ?? fit(capabilities, room)
    if (made.size > 4) made.clear()
    made.set(room, fitted)
    return fitted
  }
}

/** As many functions, then events, as there is room for. */
function first(capabilities: Capabilities, room: number): Fitted {
  const { functions, events } = capabilities
  let left = room - Buffer.byteLength(encodeJson({ ...capabilities, functions: [], events: [] }))
  const take = (all: readonly Offered[]) =>
    all.filter((one) => {
      const bytes = Buffer.byteLength(encodeJson(one)) + 1
      if (bytes > left) left = 0
      else left -= bytes
      return left > 0
    })
  const kept = { functions: take(functions), events: take(events) }
  const lost = [
    `${functions.length - kept.functions.length} of ${functions.length} functions`,
    `${events.length - kept.events.length} of ${events.length} events`,
  ].join(', ')
  return { text: encodeJson({ ...capabilities, ...kept }), leftOut: `${lost}; schemas, descriptions, labels, tags` }
}

function fits(text: string, room: number): boolean {
  // No character has more than three bytes in UTF-8 for each unit here.
  return text.length * 3 <= room || Buffer.byteLength(text) <= room
}

function withSchemas(one: Offered, change: (schema: unknown, key: string) => unknown): Offered {
  const own = ['parameters', 'payload_schema'].filter((key) => isObject(one[key]))
  return { ...one, ...Object.fromEntries(own.map((key) => [key, change(one[key], key)])) }
}

/** A schema without what only people read. `properties` and the like hold names, not keywords. */
function withoutWords(schema: unknown, key = '', isNames = false): unknown {
  if (Array.isArray(schema)) return schema.map((item) => withoutWords(item))
  if (!isObject(schema) || ['default', 'const', 'enum'].includes(key)) return schema
  const kept = Object.entries(schema).filter(([own]) => isNames || !words.includes(own))
  return Object.fromEntries(
    kept.map(([own, value]) => [own, withoutWords(value, isNames ? '' : own, !isNames && named.includes(own))]),
  )
}

const words = ['description', 'title', '$comment', 'examples']
const named = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']

function cut(text: unknown): unknown {
  return typeof text === 'string' && text.length > shortText ? `${text.slice(0, shortText - 1).toWellFormed()}…` : text
}
