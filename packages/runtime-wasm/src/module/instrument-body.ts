import type { Additions, DepthCount } from './additions.ts'
import { type ByteReader, ByteWriter } from './bytes.ts'
import { bulkBytes, bulkElements, opcode, skipImmediates, tableGrow } from './instructions.ts'
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
  const locals = readLocals(reader)
  const code = reader.at
  const found = scan(reader, added, init.fuel)
  const depth = init.callDepth !== undefined && found.calls ? added.depthCount(index, locals.count) : undefined
  const out = new ByteWriter(reader.end - locals.from + 64)
  out.u32(locals.groups + (depth ? 1 : 0)).raw(reader.bytes.subarray(locals.from, code))
  // The function's own depth stands in a local of its own.
  if (depth) out.byte(1, 0x7f)
  if (init.fuel) added.pay(out, found.cost + locals.cost)
  const edits = depth
    ? [...landings(found.landings, depth), ...found.edits, ...returns(found.returns, depth)].sort((a, b) => a.at - b.at)
    : found.edits
  if (depth) {
    depth.enter(out, init.callDepth as number)
    // The body becomes a block, so that every way out of it leads past the end of that block.
    out.byte(opcode.block).i32(depth.blockType)
  }
  let at = code
  for (const edit of edits) {
    out.raw(reader.bytes.subarray(at, edit.at))
    edit.write(out)
    at = edit.at + edit.cut
  }
  out.raw(reader.bytes.subarray(at, reader.end))
  if (depth) {
    depth.leave(out)
    out.byte(opcode.end)
  }
  return out.bytes()
}

/**
 * Passes over the declarations of a function's locals. Each call sets them all to zero, which costs one for each 64
 * bytes.
 */
function readLocals(reader: ByteReader) {
  const groups = reader.u32()
  const from = reader.at
  let count = 0
  let bytes = 0
  for (let left = groups; left > 0; left--) {
    const more = reader.u32()
    const vector = reader.bytes[reader.at] === 0x7b
    reader.skipLeb()
    count += more
    bytes += more * (vector ? 16 : 8)
  }
  return { groups, from, count, cost: Math.floor(bytes / 64) }
}

interface Return {
  readonly at: number
  /** How many blocks are open around it, or -1 for a tail call. */
  readonly nesting: number
}

/** A block that is open. */
interface Block {
  /** What is paid for where it began. */
  readonly around: Region
  /** Where a branch to it lands, if it is a loop. */
  readonly loop: number | undefined
  /** An exception may land behind its end. */
  caught: boolean
}

function scan(reader: ByteReader, added: Additions, fuel: boolean) {
  const entry: Region = { cost: 1 }
  const open: Block[] = []
  /** Where an exception lands that was thrown further down. */
  const landed: number[] = []
  const edits: Edit[] = []
  const exits: Return[] = []
  let region = entry
  let calls = false
  while (!reader.done) {
    const at = reader.at
    const code = reader.byte()
    const memory = code === opcode.memoryGrow ? peekIndex(reader) : 0
    const caught = code === opcode.tryTable ? catchLabels(reader) : undefined
    const second = skipImmediates(code, reader)
    region.cost++
    if (code === opcode.loop) {
      open.push({ around: region, loop: reader.at, caught: false })
      const own: Region = { cost: 1 }
      region = own
      if (fuel) edits.push({ at: reader.at, cut: 0, write: (out) => added.pay(out, own.cost) })
    } else if (code === opcode.block || code === opcode.if || code === opcode.try || code === opcode.tryTable) {
      // Labels of its catches count from the block around it.
      for (const label of caught ?? []) {
        const target = open.at(-1 - label)
        if (target?.loop !== undefined) landed.push(target.loop)
        else if (target) target.caught = true
      }
      open.push({ around: region, loop: undefined, caught: false })
    } else if (code === opcode.end || code === opcode.delegate) {
      const block = open.pop()
      region = block?.around ?? entry
      if (block?.caught) landed.push(reader.at)
    } else if (code === opcode.catch || code === opcode.catchAll) {
      landed.push(reader.at)
    } else if (code === opcode.memoryGrow) {
      edits.push({ at, cut: reader.at - at, write: (out) => void out.byte(opcode.call).u32(added.grow(memory)) })
    } else if (code === opcode.misc && second === tableGrow) {
      edits.push({ at, cut: 0, write: (out) => void out.byte(opcode.call).u32(added.growTable) })
    } else if (code === opcode.misc && fuel && bulkBytes.has(second)) {
      edits.push({ at, cut: 0, write: (out) => void out.byte(opcode.call).u32(added.chargeBytes) })
    } else if (code === opcode.misc && fuel && bulkElements.has(second)) {
      edits.push({ at, cut: 0, write: (out) => void out.byte(opcode.call).u32(added.chargeElements) })
    } else if (code === opcode.call || code === opcode.callIndirect) {
      calls = true
    } else if (code === opcode.return) {
      exits.push({ at, nesting: open.length })
    } else if (code === opcode.returnCall || code === opcode.returnCallIndirect) {
      calls = true
      exits.push({ at, nesting: -1 })
    }
  }
  return { cost: entry.cost, edits, returns: exits, landings: [...new Set(landed)], calls }
}

/** The labels that a try_table's catches lead to; the reader stays where it is. */
function catchLabels(reader: ByteReader): number[] {
  const { at } = reader
  const labels: number[] = []
  reader.skipLeb()
  for (let left = reader.u32(); left > 0; left--) {
    // catch and catch_ref name a tag.
    if (reader.byte() < 2) reader.skipLeb()
    labels.push(reader.u32())
  }
  reader.at = at
  return labels
}

function peekIndex(reader: ByteReader): number {
  const { at } = reader
  const index = reader.u32()
  reader.at = at
  return index
}

function landings(found: readonly number[], depth: DepthCount): Edit[] {
  return found.map((at) => ({ at, cut: 0, write: (out) => depth.restore(out) }))
}

function returns(found: readonly Return[], depth: DepthCount): Edit[] {
  return found.map(({ at, nesting }) =>
    nesting < 0
      ? { at, cut: 0, write: (out: ByteWriter) => depth.leave(out) }
      : { at, cut: 1, write: (out: ByteWriter) => void out.byte(opcode.br).u32(nesting) },
  )
}
