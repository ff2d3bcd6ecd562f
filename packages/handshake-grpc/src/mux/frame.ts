import type { BackplaneError } from '@backplane/core'
import { handshakeError } from '../errors.ts'

// Frame header: version, type, flags, stream id, length; 12 bytes, big endian (hashicorp/yamux spec.md).
export const headerBytes = 12
export const type = { data: 0, window: 1, ping: 2, goAway: 3 } as const
export const flag = { syn: 1, ack: 2, fin: 4, rst: 8 } as const
export const initialWindow = 256 * 1024
/** Data frames are cut to this size so that streams share the connection fairly. */
export const maxFrame = 64 * 1024

/** The failure of a session or a stream. */
export function broken(reason: string): BackplaneError {
  return handshakeError('BP_HANDSHAKE_MUX_PROTOCOL', { details: { reason } })
}
