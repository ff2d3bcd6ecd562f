import { wasmError } from '../errors.ts'
import { ByteReader } from './bytes.ts'

/** The sections of a module by their number (core specification, 5.5). */
export const sectionId = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const

/** One section as it lies in the file. */
interface Section {
  readonly id: number
  readonly from: number
  readonly to: number
}

/** Bounds of a memory (in pages) or a table (in elements). */
interface Bounds {
  readonly initial: number
  readonly maximum: number | undefined
}

/** A function's type, by the bytes of its value types. */
export interface FunctionType {
  readonly params: readonly number[]
  readonly results: readonly number[]
}

/** What a module is made of, as far as limits are concerned. */
export interface ModuleShape {
  readonly sections: readonly Section[]
  readonly types: readonly FunctionType[]
  readonly imports: readonly {
    readonly module: string
    readonly name: string
    readonly kind: 'function' | 'table' | 'memory' | 'global' | 'tag'
    readonly type?: FunctionType
  }[]
  /** Type index of every function, imported ones first. */
  readonly functions: readonly number[]
  readonly importedFunctions: number
  readonly importedMemories: number
  readonly importedTables: number
  readonly memories: readonly Bounds[]
  readonly tables: readonly { readonly type: number; readonly bounds: Bounds }[]
  /** Tables, memories and globals, imported ones included. */
  readonly tableCount: number
  readonly memoryCount: number
  readonly globalCount: number
  readonly exports: readonly { readonly name: string; readonly kind: number; readonly index: number }[]
  readonly start: number | undefined
  /** Bytes that the module and an instance of it take, memories aside. */
  readonly footprint: number
}

const kinds = ['function', 'table', 'memory', 'global', 'tag'] as const

/**
 * Reads the outline of a module that the engine has found valid. Throws `BP_WASM_FEATURE` at what cannot be limited
 * here: shared or 64-bit memories, and garbage-collected types.
 */
export function readModule(bytes: Uint8Array, what: string): ModuleShape {
  const reader = new ByteReader(bytes, 8)
  const shape = new ShapeBuilder(what)
  while (!reader.done) {
    const id = reader.byte()
    const length = reader.u32()
    const from = reader.at
    shape.section(id, reader.part(length))
    shape.sections.push({ id, from, to: from + length })
  }
  shape.footprint = footprintOf(shape, bytes)
  return shape
}

/**
 * What V8 13 to 14 took for each of a module's parts, the module and one instance together, in bytes: measured with
 * 100,000 of each, and rounded up. A function of an export is an object of its own; an element is what a table holds.
 */
const costs = { type: 64, function: 128, export: 512, global: 48, table: 512, element: 40, segment: 64, entry: 16 }

/** How much a module takes, its memories aside, as far as its outline tells. */
function footprintOf(shape: ModuleShape, bytes: Uint8Array): number {
  const counted = (id: number) => shape.sections.filter((each) => each.id === id)
  const count = (id: number) =>
    counted(id).reduce((sum, { from, to }) => sum + new ByteReader(bytes, from, to).u32(), 0)
  const elements = shape.tables.reduce((sum, { bounds }) => sum + bounds.initial, 0)
  // An entry of a segment takes a byte at the least.
  const entries = counted(sectionId.element).reduce((sum, { from, to }) => sum + to - from, 0)
  const own = count(sectionId.data) + count(sectionId.tag)
  return (
    bytes.length +
    shape.types.length * costs.type +
    (shape.functions.length + shape.imports.length) * costs.function +
    shape.exports.length * costs.export +
    shape.globalCount * costs.global +
    shape.tableCount * costs.table +
    elements * costs.element +
    entries * costs.entry +
    own * costs.segment
  )
}

class ShapeBuilder implements ModuleShape {
  readonly sections: Section[] = []
  readonly types: FunctionType[] = []
  readonly imports: ModuleShape['imports'][number][] = []
  readonly functions: number[] = []
  importedFunctions = 0
  importedMemories = 0
  importedTables = 0
  readonly memories: Bounds[] = []
  readonly tables: ModuleShape['tables'][number][] = []
  tableCount = 0
  memoryCount = 0
  globalCount = 0
  readonly exports: ModuleShape['exports'][number][] = []
  start: number | undefined
  footprint = 0
  readonly #what: string

  constructor(what: string) {
    this.#what = what
  }

  section(id: number, body: ByteReader): void {
    if (id === sectionId.type) this.#each(body, () => this.types.push(this.#type(body)))
    else if (id === sectionId.import) this.#each(body, () => this.#import(body))
    else if (id === sectionId.function) this.#each(body, () => this.functions.push(body.u32()))
    else if (id === sectionId.table) this.#each(body, () => this.#table(body))
    else if (id === sectionId.memory) this.#each(body, () => this.#memory(body))
    else if (id === sectionId.global) this.globalCount += body.u32()
    else if (id === sectionId.export)
      this.#each(body, () => this.exports.push({ name: body.name(), kind: body.byte(), index: body.u32() }))
    else if (id === sectionId.start) this.start = body.u32()
  }

  #each(body: ByteReader, read: () => void): void {
    for (let left = body.u32(); left > 0; left--) read()
  }

  #type(body: ByteReader): FunctionType {
    if (body.byte() !== 0x60) throw this.#refuse('garbage-collected types')
    return { params: this.#valueTypes(body), results: this.#valueTypes(body) }
  }

  #valueTypes(body: ByteReader): number[] {
    return Array.from({ length: body.u32() }, () => this.#valueType(body))
  }

  #valueType(body: ByteReader): number {
    const type = body.byte()
    // Numbers, vectors, funcref, externref, exnref; all else is of the function references and garbage collection
    // proposals.
    if ((type >= 0x7b && type <= 0x7f) || type === 0x70 || type === 0x6f || type === 0x69) return type
    throw this.#refuse('garbage-collected or typed references')
  }

  #import(body: ByteReader): void {
    const module = body.name()
    const name = body.name()
    const kind = kinds[body.byte()]
    if (kind === 'function') {
      const index = body.u32()
      this.functions.push(index)
      this.importedFunctions++
      const type = this.types[index]
      this.imports.push({ module, name, kind, ...(type ? { type } : {}) })
      return
    }
    if (kind === 'table') {
      this.#valueType(body)
      this.#bounds(body, 'table')
      this.importedTables++
      this.tableCount++
    } else if (kind === 'memory') {
      this.#bounds(body, 'memory')
      this.importedMemories++
      this.memoryCount++
    } else if (kind === 'global') {
      this.#valueType(body)
      body.byte()
      this.globalCount++
    } else if (kind === 'tag') {
      body.byte()
      body.u32()
    } else throw body.invalid('an import has an unknown kind')
    this.imports.push({ module, name, kind })
  }

  #table(body: ByteReader): void {
    this.tableCount++
    // 0x40 begins a table with an initial value, which only typed references need.
    this.tables.push({ type: this.#valueType(body), bounds: this.#bounds(body, 'table') })
  }

  #memory(body: ByteReader): void {
    this.memoryCount++
    this.memories.push(this.#bounds(body, 'memory'))
  }

  #bounds(body: ByteReader, of: 'memory' | 'table'): Bounds {
    const flags = body.byte()
    if (flags & 0x02) throw this.#refuse(of === 'memory' ? 'shared memory' : 'a shared table')
    if (flags & 0x04)
      throw this.#refuse(of === 'memory' ? '64-bit memory (memory64)' : 'a table of 64-bit indices (table64)')
    if (flags & 0x08) throw this.#refuse('memory pages of another size')
    return { initial: body.u32(), maximum: flags & 0x01 ? body.u32() : undefined }
  }

  #refuse(feature: string) {
    return wasmError('BP_WASM_FEATURE', { details: { what: this.#what, feature } })
  }
}
