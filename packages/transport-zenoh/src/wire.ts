import type { RefusalKind } from '@backplane/core/transport'

/**
 * What this transport says beside the payload, to others of its kind: everybody else may ignore it.
 *
 * A query carries an attachment by which a group of servers agree who answers it. An error reply says by its encoding's
 * schema which error it is, so that its reader can tell a handler that threw from an answer that is over the limit.
 */

const magic = [0xb9, 0x01] as const
const attachmentLength = 14

/** Makes the attachments of one transport's queries: no two alike, anywhere. */
export class QueryIds {
  readonly #own = crypto.getRandomValues(new Uint8Array(8))
  #count = 0

  next(): Uint8Array {
    const attachment = new Uint8Array(attachmentLength)
    attachment.set(magic)
    attachment.set(this.#own, magic.length)
    new DataView(attachment.buffer).setUint32(attachmentLength - 4, this.#count++ >>> 0)
    return attachment
  }
}

/** Whether a query comes from this transport's kind. */
export function isOurs(attachment: Uint8Array | undefined): attachment is Uint8Array {
  return attachment?.length === attachmentLength && attachment[0] === magic[0] && attachment[1] === magic[1]
}

/** Why a request was not answered with a payload; `silent` where that is on purpose. */
export type ErrorReplyKind = RefusalKind | 'silent'

const prefix = 'text/plain;backplane-'
const told: readonly string[] = ['busy', 'too-large', 'closing', 'silent'] satisfies ErrorReplyKind[]

export function encodingOf(kind: ErrorReplyKind): string {
  return prefix + kind
}

/** What an error reply says; `failed` where it comes from somebody else. */
export function errorReplyOf(encoding: string): ErrorReplyKind {
  const kind = encoding.startsWith(prefix) ? encoding.slice(prefix.length) : ''
  return told.includes(kind) ? (kind as ErrorReplyKind) : 'failed'
}
