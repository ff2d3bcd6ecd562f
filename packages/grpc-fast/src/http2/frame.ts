import { ConnectionError, http2Code } from './error.ts'

/** Frame types of RFC 9113, section 6. */
export const frameType = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goAway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const

export const flag = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const

export const setting = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
} as const

/** The largest payload of a frame that may be sent without being asked for. */
export const defaultMaxFrameSize = 16_384

export const maxWindow = 2 ** 31 - 1

export const headerBytes = 9

/** What a client says first (RFC 9113, section 3.4). */
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

/** Writes a frame's header into `out` at its beginning. */
export function writeHeader(out: Buffer, length: number, type: number, flags: number, stream: number): void {
  out.writeUIntBE(length, 0, 3)
  out[3] = type
  out[4] = flags
  out.writeUInt32BE(stream, 5)
}

/** Makes a whole frame. */
export function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const out = Buffer.allocUnsafe(headerBytes + payload.length)
  writeHeader(out, payload.length, type, flags, stream)
  payload.copy(out, headerBytes)
  return out
}

/** Makes a frame whose payload is one number: `RST_STREAM`, `WINDOW_UPDATE`. */
export function numberFrame(type: number, stream: number, value: number): Buffer {
  const out = Buffer.allocUnsafe(headerBytes + 4)
  writeHeader(out, 4, type, 0, stream)
  out.writeUInt32BE(value, headerBytes)
  return out
}

export function settingsFrame(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(settings.length * 6)
  for (const [i, [id, value]] of settings.entries()) {
    payload.writeUInt16BE(id, i * 6)
    payload.writeUInt32BE(value, i * 6 + 2)
  }
  return frame(frameType.settings, 0, 0, payload)
}

export function goAwayFrame(lastStream: number, code: number, reason: string): Buffer {
  const text = Buffer.from(reason.slice(0, 200), 'utf8')
  const payload = Buffer.alloc(8 + text.length)
  payload.writeUInt32BE(lastStream, 0)
  payload.writeUInt32BE(code, 4)
  text.copy(payload, 8)
  return frame(frameType.goAway, 0, 0, payload)
}

/**
 * Takes the padding off a payload (RFC 9113, section 6.1).
 *
 * @throws ConnectionError
 */
export function unpadded(flags: number, payload: Buffer): Buffer {
  if (!(flags & flag.padded)) return payload
  const padding = payload[0] ?? 0
  if (padding >= payload.length) throw new ConnectionError(http2Code.protocol, 'more padding than payload')
  return payload.subarray(1, payload.length - padding)
}
