import { ConnectionError, http2Code } from './error.ts'
import { defaultMaxFrameSize, maxWindow, setting } from './frame.ts'

/** What a peer has said of itself. */
export interface PeerSettings {
  readonly initialWindowSize: number
  readonly maxFrameSize: number
  readonly maxStreams: number
}

/**
 * Reads a SETTINGS frame on top of what held before (RFC 9113, section 6.5.2).
 *
 * @throws ConnectionError
 */
export function readSettings(
  payload: Buffer,
  before: PeerSettings,
): PeerSettings & { readonly headerTableSize?: number } {
  if (payload.length % 6 !== 0) throw new ConnectionError(http2Code.frameSize, 'a SETTINGS frame of a wrong size')
  let { initialWindowSize, maxFrameSize, maxStreams } = before
  let headerTableSize: number | undefined
  for (let at = 0; at < payload.length; at += 6) {
    const value = payload.readUInt32BE(at + 2)
    switch (payload.readUInt16BE(at)) {
      case setting.headerTableSize:
        headerTableSize = value
        break
      case setting.maxConcurrentStreams:
        maxStreams = value
        break
      case setting.initialWindowSize:
        if (value > maxWindow) throw new ConnectionError(http2Code.flowControl, 'a window that is too large')
        initialWindowSize = value
        break
      case setting.maxFrameSize:
        if (value < defaultMaxFrameSize || value > 0xffffff) {
          throw new ConnectionError(http2Code.protocol, `a frame size of ${value}`)
        }
        maxFrameSize = value
        break
    }
  }
  return { initialWindowSize, maxFrameSize, maxStreams, ...(headerTableSize !== undefined && { headerTableSize }) }
}
