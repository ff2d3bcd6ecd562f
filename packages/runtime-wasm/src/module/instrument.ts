import { wasmError } from '../errors.ts'
import { wasm } from '../webassembly.ts'
import { Additions } from './additions.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { instrumentBody } from './instrument-body.ts'
import { type ModuleShape, readModule, sectionId } from './read-module.ts'

/** How {@link instrument} changes a module. */
export interface InstrumentInit {
  /** Names the module in errors. */
  readonly what: string
  /** No memory may declare more pages than this, nor grow beyond them; their sum is checked when any of them grows. */
  readonly memoryPages: number
  /** All tables together may hold no more elements than this; their sum is checked again when any of them grows. */
  readonly tableElements: number
  /** Bytes that the module and an instance of it may take, memories aside. @default no limit */
  readonly footprintBytes?: number
  /** Whether running costs fuel. A module that the host itself wrote may go without. */
  readonly fuel: boolean
  /** How deep functions may call one another; the engine's own stack, if left out. */
  readonly callDepth?: number
}

/** A module whose limits hold, and what it was made of. */
export interface Instrumented {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly shape: ModuleShape
}

/** Everything that is added to a module is exported under this prefix; a guest never sees it. */
export const addedPrefix = 'backplane:'

/**
 * Which rule turns instructions into fuel. Counts compare only within one version.
 *
 * 2: a function costs one for each of its instructions outside loops when it is entered, and one for each 64 bytes of
 * its locals (16 for a vector, 8 for all else); a loop one for each of its own instructions when an iteration begins;
 * bulk operations on memory one more for each 8 bytes, those on tables, growing included, one for each element.
 */
export const fuelVersion = 2

/**
 * Rewrites a module so that its limits hold: every loop and function pays fuel, and every memory asks before it grows.
 *
 * Nothing that was there changes its number: what is added stands behind it. Throws `BP_WASM_MODULE_INVALID` (what the
 * engine does not find valid is never rewritten, or it could reach what is added), `BP_WASM_FEATURE` and
 * `BP_WASM_MEMORY_LIMIT`.
 */
export function instrument(original: Uint8Array<ArrayBuffer>, init: InstrumentInit): Instrumented {
  const { what } = init
  validate(original, what)
  const shape = readModule(original, what)
  checkBounds(shape, init)
  const added = new Additions(shape, init)
  const out = new ByteWriter(original.length + (original.length >> 3) + 256)
  out.raw(original.subarray(0, 8))
  const pending = [...added.ids]
  for (const { id, from, to } of shape.sections) {
    if (id === sectionId.start) continue
    if (id !== sectionId.custom) {
      while (pending.length > 0 && rank(pending[0] as number) < rank(id))
        writeSection(out, pending.shift(), added, shape)
      if (pending[0] === id) pending.shift()
    }
    const body = new ByteReader(original, from, to)
    if (id === sectionId.code) writeCode(out, body, added, init)
    else if (added.ids.includes(id)) writeSection(out, id, added, shape, body)
    else section(out, id, original.subarray(from, to))
  }
  for (const id of pending) writeSection(out, id, added, shape)
  return { bytes: out.bytes(), shape }
}

/** Throws `BP_WASM_MODULE_INVALID` with the engine's own words. */
export function validate(bytes: Uint8Array<ArrayBuffer>, what: string): void {
  if (bytes.length >= 8 && bytes[4] === 0x0d && bytes[0] === 0 && bytes[1] === 0x61) {
    throw wasmError('BP_WASM_FEATURE', {
      details: { what, feature: 'the component model' },
      next: 'Load it as a component (componentPlugin, or wasm.abi: component), or give it as a core module.',
    })
  }
  if (wasm.validate(bytes)) return
  let reason = 'the engine does not accept it'
  try {
    new wasm.Module(bytes)
  } catch (cause) {
    reason = String((cause as Error).message).replace(/^WebAssembly\.Module\(\): /, '')
  }
  throw wasmError('BP_WASM_MODULE_INVALID', { details: { what, reason } })
}

// The tag section stands between memories and globals, the data count before the code (core specification, 5.5.2).
const order = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11]
const rank = (id: number) => order.indexOf(id)

function checkBounds(shape: ModuleShape, init: InstrumentInit): void {
  const { what, memoryPages, tableElements, footprintBytes = Number.POSITIVE_INFINITY } = init
  const pages = shape.memories.reduce((sum, { initial }) => sum + initial, 0)
  if (pages > memoryPages) {
    throw wasmError('BP_WASM_MEMORY_LIMIT', {
      details: { what, limit: 'memoryPages', value: memoryPages, actual: pages },
    })
  }
  const elements = shape.tables.reduce((sum, { bounds }) => sum + bounds.initial, 0)
  if (elements > tableElements) {
    throw wasmError('BP_WASM_FEATURE', {
      details: { what, feature: `tables of ${elements} elements (limit: tableElements, ${tableElements})` },
    })
  }
  if (shape.footprint > footprintBytes) {
    const details = { what: `The footprint of ${what}`, actual: shape.footprint, value: footprintBytes }
    throw wasmError('BP_WASM_SIZE_LIMIT', { details: { ...details, limit: 'footprintBytes' } })
  }
  const taken = shape.exports.find(({ name }) => name.startsWith(addedPrefix))
  if (taken) {
    throw wasmError('BP_WASM_FEATURE', { details: { what, feature: `the export '${taken.name}', which is reserved,` } })
  }
}

function section(out: ByteWriter, id: number, body: Uint8Array): void {
  out.byte(id).u32(body.length).raw(body)
}

/** Writes a vector section: its own items, rewritten where limits ask for that, then what is added. */
function writeSection(
  out: ByteWriter,
  id: number | undefined,
  added: Additions,
  shape: ModuleShape,
  body?: ByteReader,
): void {
  if (id === undefined) return
  const own = body ? body.u32() : 0
  const bytes = new ByteWriter()
  const items = added.items(id)
  bytes.u32(own + items.length)
  if (body) bytes.raw(added.rewritten(id, shape) ?? body.bytes.subarray(body.at, body.end))
  for (const item of items) bytes.raw(item)
  section(out, id, bytes.bytes())
}

function writeCode(out: ByteWriter, reader: ByteReader, added: Additions, init: InstrumentInit): void {
  const count = reader.u32()
  const code = new ByteWriter(reader.end - reader.at + 1024)
  const helpers = added.helpers()
  code.u32(count + helpers.length)
  for (let index = 0; index < count; index++) {
    const body = instrumentBody(reader.part(reader.u32()), added, index, init)
    code.u32(body.length).raw(body)
  }
  for (const helper of helpers) code.u32(helper.length).raw(helper)
  section(out, sectionId.code, code.bytes())
}
