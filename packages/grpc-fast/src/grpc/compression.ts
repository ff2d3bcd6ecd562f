import { constants } from 'node:buffer'
import { gunzipSync, inflateSync } from 'node:zlib'

/** What a server may use; answers to `grpc-encoding`. */
export const acceptedEncodings = 'identity,deflate,gzip'

/**
 * Unpacks a message. Gives a text instead when it cannot be done.
 *
 * In one go, since messages must keep their order; hosts that get large messages from a server are better off without
 * compression, which costs more than a local connection saves.
 */
export function unpack(message: Buffer, encoding: string, maxBytes: number): Buffer | 'too large' | 'unreadable' {
  const maxOutputLength = Math.min(maxBytes, constants.MAX_LENGTH)
  try {
    if (encoding === 'gzip') return gunzipSync(message, { maxOutputLength })
    if (encoding === 'deflate') return inflateSync(message, { maxOutputLength })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return 'too large'
  }
  return 'unreadable'
}
