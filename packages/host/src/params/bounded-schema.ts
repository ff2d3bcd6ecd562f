import type { JsonSchema } from '@backplane/core'
import { lenientReplacer } from '@backplane/core/json'
import { flatCost } from './patterns.ts'
import { unusable } from './unusable.ts'

/** How many parts a schema may have, each time counted that a reference leads to it. */
const mostParts = 500
/** How deep it may nest. */
const mostDepth = 64
/** How long its texts may be together, in characters. */
const mostText = 200_000

/** A schema that holds nothing but what the compiler knows and the budget counts. */
export interface BoundedSchema {
  readonly schema: object | boolean
  readonly parts: number
  /** Whether a pattern needs an engine that takes linear time. */
  readonly needsEngine: boolean
}

/** Keyword of the budget: what one look at a value costs, and how many keys it goes through for each of an object's. */
export const costKeyword = '$cost'
/** Keyword in place of `type` where that takes numbers, which a `bigint` is too. */
export const typeKeyword = '$type'
/** Keyword in place of `enum` and `const` where these hold more than text, truth and `null`. */
export const amongKeyword = '$among'

const one = ['additionalProperties', 'contains', 'else', 'if', 'items', 'not', 'propertyNames', 'then']
const oneMore = ['unevaluatedItems', 'unevaluatedProperties']
const many = ['allOf', 'anyOf', 'oneOf', 'prefixItems']
const named = ['properties', 'patternProperties', 'dependentSchemas']
const plain = ['type', 'nullable', 'multipleOf', 'maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum']
const sizes = ['maxLength', 'minLength', 'pattern', 'maxItems', 'minItems', 'uniqueItems', 'maxContains', 'minContains']
const ofObjects = ['maxProperties', 'minProperties', 'required', 'dependentRequired']
/** Where there may be schemas that only references lead to. */
const shelves = ['$defs', 'definitions']
/** Keywords for which the compiler's code goes through all keys of an object. */
const keyLoops = ['patternProperties', 'propertyNames', 'unevaluatedProperties', 'maxProperties', 'minProperties']

type Node = Readonly<Record<string, unknown>>

/**
 * Makes the copy of a schema that is compiled. It holds the keywords that say what is valid, and no others (`$async`
 * would answer with a promise); references lead to definitions of its own, so that nothing is reached that is not
 * counted; each part carries what a look at it costs. Throws where it is too large, or a reference leads nowhere.
 */
export function boundedSchema(source: JsonSchema): BoundedSchema {
  const index = new References(source)
  const definitions: Record<string, object | boolean> = {}
  const keys = new Map<unknown, string>()
  let parts = 0
  let text = 0
  let needsEngine = false

  function copy(node: unknown, depth: number): object | boolean {
    if (typeof node === 'boolean') return node
    if (!isNode(node))
      throw unusable(`a part of it is ${JSON.stringify(node, lenientReplacer) ?? 'missing'}, which is no schema`)
    if (++parts > mostParts) throw unusable(`it has more than ${mostParts} parts`)
    if (depth > mostDepth) throw unusable(`it nests deeper than ${mostDepth}`)
    const made: Record<string, unknown> = {}
    for (const key of plain) if (node[key] !== undefined) made[key] = read(node[key])
    for (const key of [...sizes, ...ofObjects]) if (node[key] !== undefined) made[key] = count(read(node[key]))
    for (const key of [...one, ...oneMore]) if (node[key] !== undefined) made[key] = copy(node[key], depth + 1)
    for (const key of many) {
      const all = node[key]
      if (all === undefined) continue
      if (!Array.isArray(all)) throw unusable(`its ${key} is no list`)
      made[key] = all.map((part) => copy(part, depth + 1))
    }
    for (const key of named) {
      const all = node[key]
      if (all === undefined) continue
      if (!isNode(all)) throw unusable(`its ${key} is no object`)
      made[key] = Object.fromEntries(Object.entries(all).map(([name, part]) => [read(name), copy(part, depth + 1)]))
    }
    if (made.nullable !== undefined && made.type === undefined) delete made.nullable
    const types = [made.type].flat()
    if (types.includes('number') || types.includes('integer')) {
      made[typeKeyword] = made.nullable === true ? [...types, 'null'] : types
      delete made.type
      delete made.nullable
    }
    const reference = node.$ref ?? node.$dynamicRef
    if (reference !== undefined) made.$ref = refer(reference, node)
    let weight = 1 + weightOf(node)
    for (const key of ['const', 'enum'] as const) weight += choose(key, node, made)
    const patterns = [node.pattern, ...Object.keys(isNode(node.patternProperties) ? node.patternProperties : {})]
    needsEngine ||= patterns.some((pattern) => typeof pattern === 'string' && flatCost(pattern) === undefined)
    // A part that says nothing needs no look at all.
    if (Object.keys(made).length === 0) return made
    const loops = keyLoops.filter((key) => made[key] !== undefined).length + Number(goesThrough(made))
    return { ...made, [costKeyword]: [weight, loops] }
  }

  /** Takes a value as it is; its texts count. */
  function read<T>(value: T): T {
    text += typeof value === 'string' ? value.length : (JSON.stringify(value, lenientReplacer)?.length ?? 0)
    if (text > mostText) throw unusable(`its texts are longer than ${mostText} characters`)
    return value
  }

  function choose(key: 'const' | 'enum', node: Node, made: Record<string, unknown>): number {
    if (!Object.hasOwn(node, key) || node[key] === undefined) return 0
    const values = key === 'const' ? [read(node.const)] : read(node.enum)
    if (!Array.isArray(values)) throw unusable('its enum is no list')
    const isPlain = values.every((value) => value === null || typeof value === 'string' || typeof value === 'boolean')
    // Two of them are both to be met.
    if (isPlain) made[key] = node[key]
    else made[amongKeyword] = [...((made[amongKeyword] as unknown[]) ?? []), values]
    return values.length / 8
  }

  function refer(reference: unknown, node: Node): string {
    const target = index.find(reference, node)
    const key = keys.get(target) ?? `r${keys.size}`
    keys.set(target, key)
    return `#/$defs/${key}`
  }

  const root = copy(source, 0)
  // Goes on through what is added meanwhile: a definition refers to others.
  for (const [target, key] of keys) {
    const made = copy(target, 0)
    // The compiler takes no reference to a part that says nothing.
    definitions[key] = typeof made === 'boolean' || Object.keys(made).length > 0 ? made : true
  }
  const whole = keys.size > 0 && typeof root === 'object' ? { ...root, $defs: definitions } : root
  return { schema: whole, parts, needsEngine }
}

/** No list and no text is as long as the integers that a double does not hold. */
function count(value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function goesThrough({ additionalProperties }: Readonly<Record<string, unknown>>): boolean {
  return additionalProperties !== undefined && additionalProperties !== true
}

/** What its lists cost at each look, each entry an eighth of a unit. */
function weightOf({ properties, required, dependentRequired, prefixItems }: Node): number {
  const counts = [properties, required, dependentRequired, prefixItems].map((list) => Object.keys(list ?? {}).length)
  return Math.ceil(counts.reduce((sum, count) => sum + count, 0) / 8)
}

/** Where the references of one schema lead: by identifier, anchor, or the path within a resource. */
class References {
  /** Resources by their identifier, and parts by identifier and anchor. */
  readonly #byId = new Map<string, unknown>()
  /** The identifier of the resource that each part belongs to. */
  readonly #baseOf = new Map<unknown, string>()

  constructor(source: JsonSchema) {
    this.#byId.set(home, source)
    this.#collect(source, home)
  }

  find(reference: unknown, from: Node): unknown {
    const base = this.#baseOf.get(from) ?? home
    const url = typeof reference === 'string' ? URL.parse(reference, base) : null
    const nowhere = () => unusable(`its reference '${String(reference)}' leads nowhere in it`)
    if (!url) throw nowhere()
    const fragment = decoded(url.hash.slice(1))
    url.hash = ''
    const resource = this.#byId.get(url.href)
    if (resource === undefined) throw nowhere()
    if (fragment === '') return resource
    if (!fragment.startsWith('/')) {
      const anchored = this.#byId.get(`${url.href}#${fragment}`)
      if (anchored === undefined) throw nowhere()
      return anchored
    }
    let at: unknown = resource
    for (const step of fragment.slice(1).split('/')) {
      const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) throw nowhere()
      at = (at as Node)[key]
    }
    // Only a reference leads there, so its own references have not been looked at.
    if (!this.#baseOf.has(at)) this.#collect(at, url.href)
    return at
  }

  #collect(start: unknown, base: string): void {
    const open: [unknown, string][] = [[start, base]]
    for (let next = open.pop(); next; next = open.pop()) {
      const [node, outer] = next
      if (!isNode(node) || this.#baseOf.has(node)) continue
      const id = typeof node.$id === 'string' ? URL.parse(node.$id, outer) : null
      if (id) id.hash = ''
      const own = id?.href ?? outer
      this.#baseOf.set(node, own)
      if (id) this.#byId.set(own, node)
      for (const anchor of [node.$anchor, node.$dynamicAnchor]) {
        if (typeof anchor === 'string') this.#byId.set(`${own}#${anchor}`, node)
      }
      for (const key of [...one, ...oneMore]) open.push([node[key], own])
      for (const key of [...many, ...named, ...shelves]) {
        const all = node[key]
        if (typeof all === 'object' && all !== null) for (const part of Object.values(all)) open.push([part, own])
      }
    }
  }
}

/** Where a schema is that does not say so itself. */
const home = 'schema:/'

function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment)
  } catch {
    return fragment
  }
}
