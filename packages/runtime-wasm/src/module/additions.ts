import { ByteWriter } from './bytes.ts'
import { opcode } from './instructions.ts'
import type { InstrumentInit } from './instrument.ts'
import { type ModuleShape, sectionId } from './read-module.ts'

const i32 = 0x7f
const empty = 0x40

/** What the gate's two functions are asked: may it go on, and may a memory grow. */
const gate = { stop: 0, grow: 1 } as const
/** Why the gate is asked to stop. */
export const asking = { fuel: 0, depth: 1 } as const

/**
 * What instrumenting adds to a module, by section, and the numbers that it has there.
 *
 * The host is reached through a table of two functions, since an import would shift the number of every function. A limit ends
 * the guest by `unreachable`, which no guest can catch; an exception it could.
 */
export class Additions {
  readonly fuel: number
  readonly depth: number
  /** Function numbers of the helpers. */
  readonly check: number
  readonly charge: number
  readonly tooDeep: number
  readonly #shape: ModuleShape
  readonly #init: InstrumentInit
  readonly #gate: number
  readonly #types: { unit: number; ask: number }

  constructor(shape: ModuleShape, init: InstrumentInit) {
    this.#shape = shape
    this.#init = init
    this.fuel = shape.globalCount
    this.depth = shape.globalCount + 1
    this.check = shape.functions.length
    this.charge = this.check + 1
    this.tooDeep = this.check + 2
    this.#gate = shape.tableCount
    this.#types = { unit: shape.types.length, ask: shape.types.length + 1 }
  }

  /** Function number of the helper that grows a memory. */
  grow(memory: number): number {
    return this.check + 3 + memory
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
      return [none, one].map((type) => Uint8Array.from(type))
    }
    if (id === sectionId.function) {
      const growing = Array.from({ length: this.#shape.memoryCount }, () => ask)
      return [unit, ask, unit, ...growing].map((type) => new ByteWriter(8).u32(type).bytes())
    }
    if (id === sectionId.table) return [Uint8Array.of(0x70, 1, 2, 2)]
    if (id === sectionId.global) {
      const zero = Uint8Array.of(i32, 1, opcode.i32Const, 0, opcode.end)
      return [zero, zero]
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
    const charge = this.#body((out) => {
      out.byte(opcode.globalGet).u32(this.fuel)
      out.byte(opcode.localGet, 0, opcode.i32Const, 3, opcode.i32ShrU, opcode.i32Sub)
      out.byte(opcode.globalSet).u32(this.fuel)
      this.#checked(out)
      out.byte(opcode.localGet, 0)
    })
    const tooDeep = this.#body((out) => this.#ask(out, gate.stop, asking.depth).byte(opcode.drop, opcode.unreachable))
    const growing = Array.from({ length: memoryCount }, (_, memory) =>
      this.#body((out) => {
        out
          .byte(opcode.localGet, 0, opcode.i32Const, gate.grow, opcode.callIndirect)
          .u32(this.#types.ask)
          .u32(this.#gate)
        out.byte(opcode.if, i32, opcode.localGet, 0, opcode.memoryGrow).u32(memory)
        out.byte(0x05, opcode.i32Const, 0x7f, opcode.end)
      }),
    )
    return [check, charge, tooDeep, ...growing]
  }

  /** Pays a fixed cost. */
  pay(out: ByteWriter, cost: number): void {
    out
      .byte(opcode.globalGet)
      .u32(this.fuel)
      .byte(opcode.i32Const)
      .i32(Math.min(cost, 1 << 29))
    out.byte(opcode.i32Sub, opcode.globalSet).u32(this.fuel)
    this.#checked(out)
  }

  /** Counts one call more, or one less. */
  deeper(out: ByteWriter, step: 1 | -1, limit = 0): void {
    out.byte(opcode.globalGet).u32(this.depth).byte(opcode.i32Const).i32(step).byte(opcode.i32Add)
    out.byte(opcode.globalSet).u32(this.depth)
    if (step < 0) return
    out.byte(opcode.globalGet).u32(this.depth).byte(opcode.i32Const).i32(limit).byte(opcode.i32GtU)
    out.byte(opcode.if, empty, opcode.call).u32(this.tooDeep).byte(opcode.end)
  }

  /** The block type of a function's results. */
  resultType(index: number): { byte: number } | { type: number } | undefined {
    const { functions, importedFunctions, types } = this.#shape
    const results = types[functions[importedFunctions + index] ?? -1]?.results ?? []
    if (results.length === 0) return { byte: empty }
    if (results.length === 1) return { byte: results[0] as number }
    const same = (other: readonly number[]) =>
      other.length === results.length && other.every((t, i) => t === results[i])
    const type = types.findIndex(({ params, results: other }) => params.length === 0 && same(other))
    return type < 0 ? undefined : { type }
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
    const { importedMemories, memoryCount, start } = this.#shape
    const entry = (name: string, kind: number, index: number) =>
      new ByteWriter(32).name(`backplane:${name}`).byte(kind).u32(index).bytes()
    return [
      entry('fuel', 3, this.fuel),
      entry('depth', 3, this.depth),
      entry('gate', 1, this.#gate),
      ...Array.from({ length: memoryCount - importedMemories }, (_, i) => entry(`memory${i}`, 2, importedMemories + i)),
      ...(start === undefined ? [] : [entry('start', 0, start)]),
    ]
  }
}
