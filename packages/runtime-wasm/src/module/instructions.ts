import { wasmError } from '../errors.ts'
import type { ByteReader } from './bytes.ts'

/** The opcodes that limits are concerned with (core specification, 5.4). */
export const opcode = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  try: 0x06,
  end: 0x0b,
  br: 0x0c,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  delegate: 0x18,
  drop: 0x1a,
  select: 0x1b,
  tryTable: 0x1f,
  catch: 0x07,
  catchAll: 0x19,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i32LtS: 0x48,
  i32LtU: 0x49,
  i32GtU: 0x4b,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32ShrU: 0x76,
  misc: 0xfc,
  simd: 0xfd,
  atomic: 0xfe,
} as const

/**
 * Second numbers of the `0xfc` group that do work on as many bytes as an operand says: memory.init, .copy and .fill.
 */
export const bulkBytes: ReadonlySet<number> = new Set([8, 10, 11])

/** Those that work on as many elements of a table: table.init, .copy and .fill. */
export const bulkElements: ReadonlySet<number> = new Set([12, 14, 17])

/** Second number of table.grow. */
export const tableGrow = 15

/** Passes over what follows an opcode; gives the second number of a prefixed one. Throws `BP_WASM_FEATURE`. */
export function skipImmediates(code: number, reader: ByteReader): number {
  // Most opcodes are plain.
  if (code >= 0x45 && code <= 0xc4) return 0
  switch (code) {
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x06:
      reader.skipLeb() // block type: a value type, empty, or a type index
      return 0
    case 0x07: // catch
    case 0x08: // throw
    case 0x09: // rethrow
    case 0x0c:
    case 0x0d:
    case 0x10:
    case 0x12:
    case 0x18:
    case 0x20:
    case 0x21:
    case 0x22:
    case 0x23:
    case 0x24:
    case 0x25:
    case 0x26:
    case 0x3f:
    case 0x40:
    case 0x41:
    case 0x42:
    case 0xd2:
    case 0xd0:
      reader.skipLeb()
      return 0
    case 0x11:
    case 0x13:
      reader.skipLeb()
      reader.skipLeb()
      return 0
    case 0x0e:
      for (let left = reader.u32() + 1; left > 0; left--) reader.skipLeb()
      return 0
    case 0x1c:
      reader.skip(reader.u32())
      return 0
    case 0x1f:
      reader.skipLeb()
      for (let left = reader.u32(); left > 0; left--) {
        if (reader.byte() < 2) reader.skipLeb()
        reader.skipLeb()
      }
      return 0
    case 0x43:
      reader.skip(4)
      return 0
    case 0x44:
      reader.skip(8)
      return 0
    case opcode.misc:
      return skipMisc(reader)
    case opcode.simd:
      return skipSimd(reader)
    case opcode.atomic: {
      const second = reader.u32()
      if (second === 3) reader.skip(1)
      else skipMemory(reader)
      return second
    }
    default:
      if (code >= 0x28 && code <= 0x3e) skipMemory(reader)
      else if (!plain.has(code)) throw unknownInstruction(code)
      return 0
  }
}

const plain: ReadonlySet<number> = new Set([0x00, 0x01, 0x05, 0x0a, 0x0b, 0x0f, 0x19, 0x1a, 0x1b, 0xd1])

function skipMemory(reader: ByteReader): void {
  // Bit 6 of the alignment says that a memory index follows (multi-memory).
  if (reader.u32() & 0x40) reader.skipLeb()
  reader.skipLeb()
}

function skipMisc(reader: ByteReader): number {
  const second = reader.u32()
  if (second > 17) throw unknownInstruction(opcode.misc, second)
  if (second === 8 || second === 10 || second === 12 || second === 14) reader.skipLeb()
  if (second >= 8) reader.skipLeb()
  return second
}

function skipSimd(reader: ByteReader): number {
  const second = reader.u32()
  if (second <= 11 || second === 92 || second === 93) skipMemory(reader)
  else if (second === 12 || second === 13) reader.skip(16)
  else if (second >= 21 && second <= 34) reader.skip(1)
  else if (second >= 84 && second <= 91) {
    skipMemory(reader)
    reader.skip(1)
  }
  return second
}

function unknownInstruction(code: number, second?: number) {
  const name = `0x${code.toString(16)}${second === undefined ? '' : ` ${second}`}`
  return wasmError('BP_WASM_FEATURE', { details: { what: 'The module', feature: `instruction ${name}` } })
}
