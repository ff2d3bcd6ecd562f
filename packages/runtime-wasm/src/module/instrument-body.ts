import type { Additions } from './additions.ts'
import { type ByteReader, ByteWriter } from './bytes.ts'
import { bulk, opcode, skipImmediates } from './instructions.ts'
import type { InstrumentInit } from './instrument.ts'

/** A place where a function's code is changed; `cut` bytes of the original go. */
interface Edit {
  readonly at: number
  readonly cut: number
  write(out: ByteWriter): void
}

/** A stretch of code that is paid for at one place. */
interface Region {
  cost: number
}

/** Rewrites one function: it pays for what it does, asks before a memory grows, and counts how deep it is. */
export function instrumentBody(
  reader: ByteReader,
  added: Additions,
  index: number,
  init: Pick<InstrumentInit, 'fuel' | 'callDepth'>,
): Uint8Array {
  const from = reader.at
  for (let groups = reader.u32(); groups > 0; groups--) {
    reader.u32()
    reader.skipLeb()
  }
  const code = reader.at
  const found = scan(reader, added, init.fuel)
  const depth = init.callDepth !== undefined && found.calls ? added.resultType(index) : undefined
  const out = new ByteWriter(reader.end - from + 64)
  out.raw(reader.bytes.subarray(from, code))
  if (init.fuel) added.pay(out, found.cost)
  const edits = depth ? [...found.edits, ...returns(found.returns, added)].sort((a, b) => a.at - b.at) : found.edits
  if (depth) {
    added.deeper(out, 1, init.callDepth)
    // The body becomes a block, so that every way out of it leads past the end of that block.
    out.byte(opcode.block)
    if ('byte' in depth) out.byte(depth.byte)
    else out.i32(depth.type)
  }
  let at = code
  for (const edit of edits) {
    out.raw(reader.bytes.subarray(at, edit.at))
    edit.write(out)
    at = edit.at + edit.cut
  }
  out.raw(reader.bytes.subarray(at, reader.end))
  if (depth) {
    added.deeper(out, -1)
    out.byte(opcode.end)
  }
  return out.bytes()
}

interface Return {
  readonly at: number
  /** How many blocks are open around it, or -1 for a tail call. */
  readonly nesting: number
}

function scan(reader: ByteReader, added: Additions, fuel: boolean) {
  const entry: Region = { cost: 1 }
  const open: Region[] = []
  const edits: Edit[] = []
  const exits: Return[] = []
  let region = entry
  let calls = false
  while (!reader.done) {
    const at = reader.at
    const code = reader.byte()
    const memory = code === opcode.memoryGrow ? peekIndex(reader) : 0
    const second = skipImmediates(code, reader)
    region.cost++
    if (code === opcode.loop) {
      open.push(region)
      const own: Region = { cost: 1 }
      region = own
      if (fuel) edits.push({ at: reader.at, cut: 0, write: (out) => added.pay(out, own.cost) })
    } else if (code === opcode.block || code === opcode.if || code === opcode.try || code === opcode.tryTable) {
      open.push(region)
    } else if (code === opcode.end || code === opcode.delegate) {
      region = open.pop() ?? entry
    } else if (code === opcode.memoryGrow) {
      edits.push({ at, cut: reader.at - at, write: (out) => void out.byte(opcode.call).u32(added.grow(memory)) })
    } else if (code === opcode.misc && bulk.has(second)) {
      if (fuel) edits.push({ at, cut: 0, write: (out) => void out.byte(opcode.call).u32(added.charge) })
    } else if (code === opcode.call || code === opcode.callIndirect) {
      calls = true
    } else if (code === opcode.return) {
      exits.push({ at, nesting: open.length })
    } else if (code === opcode.returnCall || code === opcode.returnCallIndirect) {
      calls = true
      exits.push({ at, nesting: -1 })
    }
  }
  return { cost: entry.cost, edits, returns: exits, calls }
}

function peekIndex(reader: ByteReader): number {
  const { at } = reader
  const index = reader.u32()
  reader.at = at
  return index
}

function returns(found: readonly Return[], added: Additions): Edit[] {
  return found.map(({ at, nesting }) =>
    nesting < 0
      ? { at, cut: 0, write: (out: ByteWriter) => added.deeper(out, -1) }
      : { at, cut: 1, write: (out: ByteWriter) => void out.byte(opcode.br).u32(nesting) },
  )
}
