import { ByteReader } from '../module/bytes.ts'
import { aResource, each, primitives, readValueType, refuse } from './read-value-type.ts'
import { parts, type WitField, type WitFunction, type WitType } from './wit-types.ts'

/** Functions that a component imports or exports together; those of the world itself stand under the empty name. */
export interface WitInterface {
  /** With its version: `wasi:cli/run@0.2.0`. */
  readonly name: string
  readonly functions: readonly WitFunction[]
  readonly resources: readonly string[]
}

/** What a component asks for and offers. */
export interface ComponentShape {
  readonly imports: readonly WitInterface[]
  readonly exports: readonly WitInterface[]
}

interface FunctionItem {
  readonly is: 'function'
  readonly type: Omit<WitFunction, 'name'>
}
interface TypeItem {
  readonly is: 'type'
  readonly type: WitType
}
interface InstanceItem {
  readonly is: 'instance' | 'component'
  readonly items: ReadonlyMap<string, Item>
}
type Item = FunctionItem | TypeItem | InstanceItem | { readonly is: 'other' }

/** Whether a file is a component: the layer stands in its header. */
export function isComponent(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0].every((byte, index) => bytes[index] === byte)
}

/**
 * Reads what a component imports and exports, from its binary (component model, Binary.md). Throws
 * `BP_WASM_MODULE_INVALID`, and `BP_WASM_FEATURE` at what is newer than this reader.
 */
export function readComponent(bytes: Uint8Array): ComponentShape {
  const scope = new Scope(undefined)
  scope.sections(new ByteReader(bytes, 8))
  return { imports: interfaces(scope.imports), exports: interfaces(scope.exports) }
}

function interfaces(items: ReadonlyMap<string, Item>): WitInterface[] {
  const own: WitFunction[] = []
  const found: WitInterface[] = []
  for (const [name, item] of items) {
    if (item.is === 'function') own.push({ name, ...item.type })
    else if (item.is === 'instance') {
      const inner = [...item.items]
      found.push({
        name,
        functions: inner.flatMap(([key, each]) => (each.is === 'function' ? [{ name: key, ...each.type }] : [])),
        resources: inner.flatMap(([key, each]) => (each.is === 'type' && each.type.kind === 'refused' ? [key] : [])),
      })
    }
  }
  return own.length > 0 ? [{ name: '', functions: own, resources: [] }, ...found] : found
}

const other: Item = { is: 'other' }
/** Types are written out where they are used, so that a small file could stand for an endless one. */
const mostParts = 10_000
const mostNesting = 50

/** One component, or one type of a component or an instance, with its index spaces. */
class Scope {
  readonly imports = new Map<string, Item>()
  readonly exports = new Map<string, Item>()
  readonly #outer: Scope | undefined
  readonly #depth: number
  readonly #types: Item[] = []
  readonly #functions: Item[] = []
  readonly #instances: Item[] = []
  readonly #components: Item[] = []
  readonly #sizes: WeakMap<WitType, number>

  constructor(outer: Scope | undefined) {
    this.#outer = outer
    this.#sizes = outer ? outer.#sizes : new WeakMap()
    this.#depth = outer ? outer.#depth + 1 : 0
    if (this.#depth > mostNesting) throw refuse(`nesting deeper than ${mostNesting}`)
  }

  sections(reader: ByteReader): void {
    while (!reader.done) {
      const id = reader.byte()
      const body = reader.part(reader.u32())
      if (id === 4) {
        const inner = new Scope(this)
        body.skip(8)
        inner.sections(body)
        this.#components.push({ is: 'component', items: inner.exports })
      } else if (id === 5) each(body, () => this.#instances.push(this.#instance(body)))
      else if (id === 6) each(body, () => this.#alias(body))
      else if (id === 7) each(body, () => this.#types.push(this.#type(body)))
      else if (id === 8) each(body, () => this.#canonical(body))
      else if (id === 10) each(body, () => this.#declare(this.imports, body))
      else if (id === 11) each(body, () => this.#export(body))
      // Modules and their instances are the engine's; custom sections nobody's.
      else if (id > 3) throw refuse(`section ${id}`)
    }
  }

  #instance(body: ByteReader): Item {
    const items = new Map<string, Item>()
    if (body.byte() === 0) {
      const component = at(this.#components, body)
      each(body, () => {
        body.name()
        this.#sorted(body)
      })
      return component.is === 'component' ? { is: 'instance', items: component.items } : other
    }
    each(body, () => items.set(externName(body), this.#sorted(body)))
    return { is: 'instance', items }
  }

  #export(body: ByteReader): void {
    const name = externName(body)
    const sort = body.byte()
    if (sort === 0) body.byte()
    const item = named(this.#in(sort, body), name)
    if (body.byte() === 1) this.#described(body, name)
    this.#add(sort, item)
    this.exports.set(name, item)
  }

  #sorted(body: ByteReader): Item {
    const sort = body.byte()
    if (sort === 0) body.byte()
    return this.#in(sort, body)
  }

  #in(sort: number, body: ByteReader): Item {
    const space = this.#space(sort)
    if (space) return at(space, body)
    body.u32()
    return other
  }

  #space(sort: number): Item[] | undefined {
    if (sort === 1) return this.#functions
    if (sort === 3) return this.#types
    if (sort === 4) return this.#components
    return sort === 5 ? this.#instances : undefined
  }

  #add(sort: number, item: Item): void {
    this.#space(sort)?.push(item)
  }

  #alias(body: ByteReader): void {
    const sort = body.byte()
    if (sort === 0) body.byte()
    const target = body.byte()
    if (target === 0) {
      const instance = at(this.#instances, body)
      const name = body.name()
      this.#add(sort, (instance.is === 'instance' ? instance.items.get(name) : undefined) ?? other)
    } else if (target === 1) {
      body.u32()
      body.name()
    } else {
      let scope: Scope = this
      for (let left = body.u32(); left > 0; left--) {
        if (!scope.#outer) throw body.invalid('an alias leads outside')
        scope = scope.#outer
      }
      const index = body.u32()
      this.#add(sort, scope.#space(sort)?.[index] ?? other)
    }
  }

  /** Only lifting makes a function of a component; the rest makes functions of modules. */
  #canonical(body: ByteReader): void {
    const code = body.byte()
    if (code === 0) {
      body.byte()
      body.u32()
      options(body)
      this.#functions.push(at(this.#types, body))
    } else if (code === 1) {
      body.byte()
      body.u32()
      options(body)
    } else if (code <= 4) body.u32()
    else throw refuse('asynchronous built-ins')
  }

  #type(body: ByteReader): Item {
    const code = body.byte()
    if (code === 0x40 || code === 0x43) return this.#function(body, code === 0x43)
    if (code === 0x41 || code === 0x42) {
      const inner = new Scope(this)
      each(body, () => inner.#declaration(body))
      return { is: code === 0x41 ? 'component' : 'instance', items: inner.exports }
    }
    if (code === 0x3f || code === 0x3e) {
      body.byte()
      if (body.byte() === 1) body.u32()
      if (code === 0x3e && body.byte() === 1) body.u32()
      return { is: 'type', type: aResource }
    }
    const readers = { value: () => this.#value(body), resource: () => this.#handled(body) }
    return { is: 'type', type: this.#bounded(readValueType(code, body, readers)) }
  }

  #bounded(type: WitType): WitType {
    const size = parts(type).reduce((sum, part) => sum + (this.#sizes.get(part) ?? 1), 1)
    if (size > mostParts) throw refuse(`a type of more than ${mostParts} parts`)
    this.#sizes.set(type, size)
    return type
  }

  #function(body: ByteReader, async: boolean): Item {
    const params: WitField[] = []
    each(body, () => params.push({ name: body.name(), type: this.#value(body) }))
    if (body.byte() === 0) return { is: 'function', type: { params, result: this.#value(body), async } }
    body.byte()
    return { is: 'function', type: { params, result: undefined, async } }
  }

  #declaration(body: ByteReader): void {
    const code = body.byte()
    if (code === 1) this.#types.push(this.#type(body))
    else if (code === 2) this.#alias(body)
    else if (code === 3) this.#declare(this.imports, body)
    else if (code === 4) this.#declare(this.exports, body)
    else throw refuse('types of modules')
  }

  /** An import, or an export of a type: it says what it is. */
  #declare(into: Map<string, Item>, body: ByteReader): void {
    const name = externName(body)
    const { sort, item } = this.#described(body, name)
    this.#add(sort, item)
    into.set(name, item)
  }

  #described(body: ByteReader, name: string): { sort: number; item: Item } {
    const sort = body.byte()
    if (sort === 0) {
      body.byte()
      body.u32()
      return { sort, item: other }
    }
    if (sort === 3) {
      if (body.byte() === 0) return { sort, item: at(this.#types, body) }
      // Within what wit-component makes, imported types have names of its own.
      const what = `the resource '${name.replace(/^import-type-/, '')}'`
      return { sort, item: { is: 'type', type: { kind: 'refused', what } } }
    }
    if (sort === 1 || sort === 4 || sort === 5) return { sort, item: at(this.#types, body) }
    throw refuse('values')
  }

  #value(body: ByteReader): WitType {
    const code = body.bytes[body.at] as number
    if (code >= 0x40 && code < 0x80) {
      body.byte()
      const type = primitives[code]
      if (type) return type
      throw body.invalid('an unknown type')
    }
    const item = at(this.#types, body)
    if (item.is === 'type') return item.type
    throw body.invalid('what is used as a type is none')
  }

  /** What a handle is of. */
  #handled(body: ByteReader): WitType {
    const item = at(this.#types, body)
    return item.is === 'type' ? item.type : aResource
  }
}

/** A resource is known by the name that it is exported under. */
function named(item: Item, name: string): Item {
  const unnamed = item.is === 'type' && item.type.kind === 'refused' && item.type.what === aResource.what
  return unnamed ? { is: 'type', type: { kind: 'refused', what: `the resource '${name}'` } } : item
}

function at(space: readonly Item[], body: ByteReader): Item {
  const item = space[body.u32()]
  if (item) return item
  throw body.invalid('an index is out of range')
}

/** The name of an import or an export. */
function externName(body: ByteReader): string {
  const form = body.byte()
  if (form > 1) throw refuse('names with options')
  return body.name()
}

function options(body: ByteReader): void {
  each(body, () => {
    const code = body.byte()
    if (code >= 3 && code !== 6) body.u32()
  })
}
