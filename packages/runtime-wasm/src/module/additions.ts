import { ByteWriter } from './bytes.ts'
import { opcode } from './instructions.ts'
import type { InstrumentInit } from './instrument.ts'
import { type ModuleShape, sectionId } from './read-module.ts'

const i32 = 0x7f
const empty = 0x40

/** What the gate's functions are asked: may it go on, may a memory grow, may a table. */
const gate = { stop: 0, grow: 1, growTable: 2 } as const
/** As many functions has the gate. */
const gateSize = 3
/**
 * Fuel of an instance that nobody has taken charge of: one that failed while it was made, whose functions are in the
 * table of another module by then. They may run for a moment (core specification, 4.5.4), not for ever.
 */
const firstFuel = 200_000
/** More is not charged at once: the counter is a signed number of 32 bits. */
const mostCharged = 1 << 29
/** Why the gate is asked to stop. */
export const asking = { fuel: 0, depth: 1 } as const

/**
 * What instrumenting adds to a module, by section, and the numbers that it has there.
 *
 * The host is reached through a table of two functions, since an import would shift the number of every function. A
 * limit ends the guest by `unreachable`, which no guest can catch; an exception it could.
 */
export class Additions {
  readonly fuel: number
  readonly depth: number
  /** Function numbers of the helpers. */
  readonly check: number
  readonly chargeBytes: number
  readonly chargeElements: number
  readonly tooDeep: number
  readonly growTable: number
  readonly #shape: ModuleShape
  readonly #init: InstrumentInit
  readonly #gate: number
  readonly #types: { unit: number; ask: number }
  /** Types of blocks with several results, by the bytes of those. */
  readonly #blocks = new Map<string, { readonly index: number; readonly results: readonly number[] }>()

  constructor(shape: ModuleShape, init: InstrumentInit) {
    this.#shape = shape
    this.#init = init
    this.fuel = shape.globalCount
    this.depth = shape.globalCount + 1
    this.check = shape.functions.length
    this.chargeBytes = this.check + 1
    this.chargeElements = this.check + 2
    this.tooDeep = this.check + 3
    this.growTable = this.check + 4
    this.#gate = shape.tableCount
    this.#types = { unit: shape.types.length, ask: shape.types.length + 1 }
    if (init.callDepth === undefined) return
    for (const { results } of shape.types) {
      const key = results.join()
      if (results.length < 2 || this.#blocks.has(key)) continue
      this.#blocks.set(key, { index: this.#types.ask + 1 + this.#blocks.size, results })
    }
  }

  /** Function number of the helper that grows a memory. */
  grow(memory: number): number {
    return this.growTable + 1 + memory
  }

  /** Sections that get something, in the order of the file. */
  get ids(): readonly number[] {
    const { type, table, memory, global, export: exported, code } = sectionId
    return [
      type,
      sectionId.function,
      table,
      ...(this.#shape.memories.length > 0 ? [memory] : []),
      global,
      exported,
      code,
    ]
  }

  /** What a section gets behind its own. */
  items(id: number): Uint8Array[] {
    const { unit, ask } = this.#types
    if (id === sectionId.type) {
      const none = [0x60, 0, 0]
      const one = [0x60, 1, i32, 1, i32]
      const blocks = [...this.#blocks.values()].map(({ results }) =>
        new ByteWriter(8)
          .byte(0x60, 0)
          .u32(results.length)
          .byte(...results)
          .bytes(),
      )
      return [Uint8Array.from(none), Uint8Array.from(one), ...blocks]
    }
    if (id === sectionId.function) {
      const growing = Array.from({ length: this.#shape.memoryCount }, () => ask)
      return [unit, ask, ask, unit, ask, ...growing].map((type) => new ByteWriter(8).u32(type).bytes())
    }
    if (id === sectionId.table) return [Uint8Array.of(0x70, 1, gateSize, gateSize)]
    if (id === sectionId.global) {
      const counter = (value: number) =>
        new ByteWriter(8).byte(i32, 1, opcode.i32Const).i32(value).byte(opcode.end).bytes()
      return [counter(firstFuel), counter(0)]
    }
    if (id === sectionId.export) return this.#exports()
    // Only a module without any code comes here for it.
    if (id === sectionId.code)
      return this.helpers().map((body) => new ByteWriter(64).u32(body.length).raw(body).bytes())
    return []
  }

  /** A section's own items where limits change them. */
  rewritten(id: number, shape: ModuleShape): Uint8Array | undefined {
    const { memoryPages, tableElements } = this.#init
    const out = new ByteWriter()
    const capped = (initial: number, maximum: number | undefined, cap: number) =>
      out
        .byte(1)
        .u32(initial)
        .u32(Math.min(maximum ?? cap, cap))
    if (id === sectionId.memory)
      for (const { initial, maximum } of shape.memories) capped(initial, maximum, memoryPages)
    else if (id === sectionId.table)
      for (const { type, bounds } of shape.tables) {
        out.byte(type)
        capped(bounds.initial, bounds.maximum, tableElements)
      }
    else return undefined
    return out.bytes()
  }

  /** Bodies of the helpers, in the order of their numbers. */
  helpers(): Uint8Array[] {
    const { memoryCount } = this.#shape
    const check = this.#body((out) => this.#ask(out, gate.stop, asking.fuel).byte(opcode.if, empty, 0x00, opcode.end))
    const chargeBytes = this.#body((out) => {
      out.byte(opcode.globalGet).u32(this.fuel)
      out.byte(opcode.localGet, 0, opcode.i32Const, 3, opcode.i32ShrU, opcode.i32Sub)
      out.byte(opcode.globalSet).u32(this.fuel)
      this.#checked(out)
      out.byte(opcode.localGet, 0)
    })
    const chargeElements = this.#body((out) => {
      if (this.#init.fuel) this.#payElements(out)
      out.byte(opcode.localGet, 0)
    })
    const growTable = this.#body((out) => {
      out
        .byte(opcode.localGet, 0, opcode.i32Const, gate.growTable, opcode.callIndirect)
        .u32(this.#types.ask)
        .u32(this.#gate)
      out.byte(opcode.if, empty)
      if (this.#init.fuel) this.#payElements(out)
      // No table grows by as much as this: what is refused fails as it would natively.
      out.byte(opcode.else, opcode.i32Const, 0x7f, opcode.localSet, 0, opcode.end, opcode.localGet, 0)
    })
    const tooDeep = this.#body((out) => this.#ask(out, gate.stop, asking.depth).byte(opcode.drop, opcode.unreachable))
    const growing = Array.from({ length: memoryCount }, (_, memory) =>
      this.#body((out) => {
        out
          .byte(opcode.localGet, 0, opcode.i32Const, gate.grow, opcode.callIndirect)
          .u32(this.#types.ask)
          .u32(this.#gate)
        out.byte(opcode.if, i32, opcode.localGet, 0, opcode.memoryGrow).u32(memory)
        out.byte(opcode.else, opcode.i32Const, 0x7f, opcode.end)
      }),
    )
    return [check, chargeBytes, chargeElements, tooDeep, growTable, ...growing]
  }

  /** Pays a fixed cost. */
  pay(out: ByteWriter, cost: number): void {
    out.byte(opcode.globalGet).u32(this.fuel).byte(opcode.i32Const).i32(Math.min(cost, mostCharged))
    out.byte(opcode.i32Sub, opcode.globalSet).u32(this.fuel)
    this.#checked(out)
  }

  /** How the function `index` of the module's own counts how deep it is; `locals` are those that it declares. */
  depthCount(index: number, locals: number): DepthCount {
    const { functions, importedFunctions, types } = this.#shape
    const { params = [], results = [] } = types[functions[importedFunctions + index] ?? -1] ?? {}
    const own = params.length + locals
    const set = (out: ByteWriter) => out.byte(opcode.globalSet).u32(this.depth)
    // A value type, or none, is a negative number in seven bits where a type's index is a positive one.
    const short = results.length === 0 ? empty : (results[0] as number)
    return {
      blockType: results.length < 2 ? short - 0x80 : (this.#blocks.get(results.join())?.index as number),
      enter: (out, limit) => {
        out.byte(opcode.globalGet).u32(this.depth).byte(opcode.i32Const, 1, opcode.i32Add, opcode.localTee).u32(own)
        set(out).byte(opcode.localGet).u32(own).byte(opcode.i32Const).i32(limit).byte(opcode.i32GtU)
        out.byte(opcode.if, empty, opcode.call).u32(this.tooDeep).byte(opcode.end)
      },
      restore: (out) => void set(out.byte(opcode.localGet).u32(own)),
      leave: (out) => void set(out.byte(opcode.localGet).u32(own).byte(opcode.i32Const, 1, opcode.i32Sub)),
    }
  }

  #payElements(out: ByteWriter): void {
    out.byte(opcode.globalGet).u32(this.fuel)
    out.byte(opcode.localGet, 0, opcode.i32Const).i32(mostCharged)
    out.byte(opcode.localGet, 0, opcode.i32Const).i32(mostCharged)
    out.byte(opcode.i32LtU, opcode.select, opcode.i32Sub, opcode.globalSet).u32(this.fuel)
    this.#checked(out)
  }

  #checked(out: ByteWriter): void {
    out.byte(opcode.globalGet).u32(this.fuel).byte(opcode.i32Const, 0, opcode.i32LtS)
    out.byte(opcode.if, empty, opcode.call).u32(this.check).byte(opcode.end)
  }

  #ask(out: ByteWriter, entry: number, argument: number): ByteWriter {
    out.byte(opcode.i32Const, argument, opcode.i32Const, entry, opcode.callIndirect)
    return out.u32(this.#types.ask).u32(this.#gate)
  }

  #body(write: (out: ByteWriter) => void): Uint8Array {
    const out = new ByteWriter(64)
    out.byte(0)
    write(out)
    return out.byte(opcode.end).bytes()
  }

  #exports(): Uint8Array[] {
    const { importedMemories, memoryCount, importedTables, tableCount, start } = this.#shape
    const entry = (name: string, kind: number, index: number) =>
      new ByteWriter(32).name(`backplane:${name}`).byte(kind).u32(index).bytes()
    return [
      entry('fuel', 3, this.fuel),
      entry('depth', 3, this.depth),
      entry('gate', 1, this.#gate),
      ...Array.from({ length: memoryCount - importedMemories }, (_, i) => entry(`memory${i}`, 2, importedMemories + i)),
      ...Array.from({ length: tableCount - importedTables }, (_, i) => entry(`table${i}`, 1, importedTables + i)),
      ...(start === undefined ? [] : [entry('start', 0, start)]),
    ]
  }
}

/**
 * How one function counts how deep it is. Its own depth is kept, so that an exception from further down cannot hide it.
 */
export interface DepthCount {
  /** The type of a block with the function's results. */
  readonly blockType: number
  enter(out: ByteWriter, limit: number): void
  /** After an exception: the depth is this function's again. */
  restore(out: ByteWriter): void
  leave(out: ByteWriter): void
}
