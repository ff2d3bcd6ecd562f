import { isUtf8 } from 'node:buffer'
import { BackplaneError } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { parseJson, stringifyJson } from '@backplane/core/json'

// The wire of docs/worker-protocol.md: length (four bytes), kind (one byte), body.
const plainKind = 0
const bytesKind = 1
const headerBytes = 5

/** Gives a message as a frame. Throws `BP_VALUE_INVALID` for what is neither JSON nor bytes. */
export function encodeFrame(message: readonly unknown[]): Buffer {
  const parts: Uint8Array[] = []
  const text = written(message, '$bytes', parts)
  if (parts.length > 0) return encodeWithBytes(message, '$bytes', text, parts)
  const length = Buffer.byteLength(text)
  const frame = Buffer.allocUnsafe(headerBytes + length)
  frame.writeUInt32BE(length + 1, 0)
  frame[4] = plainKind
  frame.write(text, headerBytes)
  return frame
}

/** The message as JSON; its bytes go to `parts`, and objects with the one member `key` stand for them. */
function written(message: readonly unknown[], key: string, parts: Uint8Array[]): string {
  try {
    return stringifyJson(message, { bytes: (part) => `{"${key}":${parts.push(part) - 1}}` })
  } catch (error) {
    // Its path begins with a place in the message, which is nothing to who gave the value.
    const { path, reason } = BackplaneError.from(error).details
    const within = String(path).replace(/^\/\d+/, '') || '/'
    throw contractError('BP_VALUE_INVALID', { details: { path: within, reason }, cause: error })
  }
}

function encodeWithBytes(message: readonly unknown[], key: string, text: string, parts: Uint8Array[]): Buffer {
  // The message's own objects may have such a key: then another one is taken.
  if (text.split(`"${key}"`).length !== parts.length + 1) {
    const others: Uint8Array[] = []
    return encodeWithBytes(message, `${key}_`, written(message, `${key}_`, others), others)
  }
  const json = Buffer.from(`["${key}",${text}]`)
  const total = 5 + json.length + parts.reduce((sum, part) => sum + 4 + part.length, 0)
  const head = Buffer.allocUnsafe(headerBytes + 4)
  head.writeUInt32BE(total, 0)
  head[4] = bytesKind
  head.writeUInt32BE(json.length, headerBytes)
  return Buffer.concat([head, json, ...parts.flatMap((part) => [lengthOf(part), part])])
}

function lengthOf(part: Uint8Array): Buffer {
  const length = Buffer.allocUnsafe(4)
  length.writeUInt32BE(part.length, 0)
  return length
}

function restored(value: unknown, key: string, parts: readonly Uint8Array[]): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((each) => restored(each, key, parts))
  const object = value as Record<string, unknown>
  if (Object.hasOwn(object, key) && Object.keys(object).length === 1) {
    const at = object[key]
    const part = typeof at === 'number' ? parts[at] : undefined
    if (!part) throw new SyntaxError('it refers to bytes that are not there')
    return part
  }
  return mapped(object, (each) => restored(each, key, parts))
}

function mapped(object: Record<string, unknown>, change: (value: unknown) => unknown): Record<string, unknown> {
  const changed: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(object)) {
    // Assigning that name would change what the copy inherits from.
    if (key === '__proto__')
      Object.defineProperty(changed, key, {
        value: change(value),
        enumerable: true,
        writable: true,
        configurable: true,
      })
    else changed[key] = change(value)
  }
  return changed
}

/**
 * Cuts what a worker says into messages. Throws for what is no frame, or over the limit: nothing after that can be
 * read.
 */
export class FrameReader {
  readonly #limit: number
  #held: Buffer[] = []
  #heldBytes = 0
  /** Bytes that the frame in `held` has in all, once its length is known. */
  #wanted = 0

  /** @param limit - longest frame that is taken, in bytes */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Takes what has come, and hands on each message that it completes. */
  push(chunk: Buffer, receive: (message: unknown[]) => void): void {
    let bytes = chunk
    if (this.#heldBytes > 0) {
      this.#held.push(chunk)
      this.#heldBytes += chunk.length
      if (this.#heldBytes < Math.max(this.#wanted, 4)) return
      bytes = Buffer.concat(this.#held)
      this.#held = []
      this.#heldBytes = 0
    }
    let at = 0
    while (bytes.length - at >= 4) {
      const length = bytes.readUInt32BE(at)
      if (length + 4 > this.#limit)
        throw contractError('BP_PAYLOAD_TOO_LARGE', { details: { bytes: length, limit: this.#limit } })
      const end = at + 4 + length
      if (end > bytes.length) {
        this.#wanted = 4 + length
        break
      }
      receive(decode(bytes, at + 4, end))
      at = end
    }
    if (at === bytes.length) {
      this.#wanted = 0
      return
    }
    if (bytes.length - at < 4) this.#wanted = 4
    this.#held = [bytes.subarray(at)]
    this.#heldBytes = bytes.length - at
  }
}

function decode(bytes: Buffer, begin: number, end: number): unknown[] {
  if (bytes[begin] === plainKind && end > begin + 1) return listOf(parse(bytes, begin + 1, end))
  if (bytes[begin] !== bytesKind || end < begin + 5) throw new SyntaxError(`a message of unknown kind ${bytes[begin]}`)
  const parts: Uint8Array[] = []
  let at = begin + 5 + bytes.readUInt32BE(begin + 1)
  if (at > end) throw new SyntaxError('a message is shorter than it says')
  const [key, message] = listOf(parse(bytes, begin + 5, at))
  while (at < end) {
    const length = bytes.readUInt32BE(at)
    if (at + 4 + length > end) throw new SyntaxError('a message is shorter than it says')
    parts.push(new Uint8Array(bytes.subarray(at + 4, at + 4 + length)))
    at += 4 + length
  }
  return listOf(restored(message, String(key), parts))
}

function parse(bytes: Buffer, begin: number, end: number): unknown {
  const text = bytes.toString('utf8', begin, end)
  if (text.includes('\ufffd') && !isUtf8(bytes.subarray(begin, end)))
    throw new SyntaxError('a message is not valid UTF-8')
  return parseJson(text)
}

function listOf(message: unknown): unknown[] {
  if (!Array.isArray(message)) throw new SyntaxError('a message is not a list')
  return message
}
