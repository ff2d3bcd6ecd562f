/** What the bindings of a component make values with, told of everything that they make. */
export interface Counting {
  /** Counts bytes that a value takes, roughly; throws when it is enough. */
  count(bytes: number): void
  /** Whether this is the memory of a guest, of which a view is no copy. */
  isMemory(buffer: unknown): boolean
}

/** What an element of a list takes: a place in an array, and often an object. */
const elementBytes = 16

const arrays = [
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  BigUint64Array,
  BigInt64Array,
  Float32Array,
  Float64Array,
] as const
const reads = [
  'getUint8',
  'getInt8',
  'getUint16',
  'getInt16',
  'getUint32',
  'getInt32',
  'getBigUint64',
  'getBigInt64',
  'getFloat32',
  'getFloat64',
] as const

/**
 * Gives the globals by which the bindings read a guest's memory. What a guest says of its lists and texts decides how
 * much the bindings make of it, outside of the sandbox: a list of a quarter of a billion elements would end this
 * process.
 */
export function boundedGlobals({ count, isMemory }: Counting): Record<string, unknown> {
  class BoundedView extends (DataView as new (buffer: ArrayBuffer) => DataView) {}
  for (const name of reads) {
    const read = DataView.prototype[name] as (this: DataView, at: number, little?: boolean) => unknown
    const value = function (this: DataView, at: number, little?: boolean) {
      count(elementBytes)
      return read.call(this, at, little)
    }
    Object.defineProperty(BoundedView.prototype, name, { value })
  }
  class BoundedDecoder extends TextDecoder {
    override decode(input?: ArrayBuffer | NodeJS.ArrayBufferView | null, options?: { stream?: boolean }): string {
      count(input?.byteLength ?? 0)
      return super.decode(input, options)
    }
  }
  const bounded = arrays.map((array) => [
    array.name,
    new Proxy(array, {
      construct(target, args: [], newTarget) {
        const made = Reflect.construct(target, args, newTarget) as Uint8Array
        if (!isMemory(made.buffer)) count(made.byteLength)
        return made
      },
    }),
  ])
  return { DataView: BoundedView, TextDecoder: BoundedDecoder, ...Object.fromEntries(bounded) }
}
