import { ConnectionError, http2Code } from './error.ts'

/**
 * Reads a RST_STREAM frame (RFC 9113, section 6.4): the error code.
 *
 * @throws ConnectionError
 */
export function readReset(payload: Buffer): number {
  if (payload.length !== 4) throw wrongSize('RST_STREAM')
  return payload.readUInt32BE(0)
}

/**
 * Reads a WINDOW_UPDATE frame (section 6.9): how much more may be sent.
 *
 * @throws ConnectionError
 */
export function readWindowUpdate(id: number, payload: Buffer): number {
  if (payload.length !== 4) throw wrongSize('WINDOW_UPDATE')
  const more = payload.readUInt32BE(0) & 0x7fffffff
  if (id === 0 && more === 0) throw new ConnectionError(http2Code.protocol, 'a WINDOW_UPDATE of nothing')
  return more
}

/**
 * Checks a PING frame (section 6.7); its payload is answered as it is.
 *
 * @throws ConnectionError
 */
export function checkPing(id: number, payload: Buffer): void {
  if (id !== 0) throw onStream('PING')
  if (payload.length !== 8) throw wrongSize('PING')
}

/** What a GOAWAY frame says. */
export interface GoAway {
  /** The last stream that the peer has looked at. */
  readonly last: number
  /** Why it ends the connection. */
  readonly reason: string
  /**
   * It was asked for signs of life more often than it likes: gRPC's keep-alive guide (A8) has servers say so in these
   * words.
   */
  readonly tooManyPings: boolean
}

/**
 * Reads a GOAWAY frame (section 6.8).
 *
 * @throws ConnectionError
 */
export function readGoAway(id: number, payload: Buffer): GoAway {
  if (id !== 0) throw onStream('GOAWAY')
  if (payload.length < 8) throw wrongSize('GOAWAY')
  const code = payload.readUInt32BE(4)
  // As much of its debug data as a message bears.
  const said = payload.toString('utf8', 8, 200)
  return {
    last: payload.readUInt32BE(0) & 0x7fffffff,
    reason: `the peer ended the connection (GOAWAY ${code}${said && `, ${said}`})`,
    tooManyPings: code === http2Code.enhanceYourCalm && said === 'too_many_pings',
  }
}

function wrongSize(type: string): ConnectionError {
  return new ConnectionError(http2Code.frameSize, `a ${type} frame of a wrong size`)
}

function onStream(type: string): ConnectionError {
  return new ConnectionError(http2Code.protocol, `${type} on a stream`)
}
