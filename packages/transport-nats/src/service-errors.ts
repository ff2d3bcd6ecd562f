import type { PendingRequest, RefusalKind } from '@backplane/core/transport'
import { errorCodeHeader, errorHeader, type NatsMessage } from './client.ts'

/** Codes of an error answer, read by those of other kinds as HTTP's. */
const codes: Readonly<Record<RefusalKind, string>> = {
  failed: '500',
  busy: '503',
  'too-large': '413',
  closing: '503',
}

/** How an error answer says why. */
export function codeOf(kind: RefusalKind): string {
  return codes[kind]
}

/** Tells a request the failure that its answer stands for; gives `false` for a plain answer. */
export function tellFailure(request: PendingRequest, { headers, data }: NatsMessage): boolean {
  if (!headers) return false
  if (headers.code === 503 && data.length === 0) {
    request.unserved()
    return true
  }
  const code = headers.get(errorCodeHeader)
  const reason = headers.get(errorHeader)
  if (code === '' && reason === '') return false
  request.refuse(kindOf(code), reason === '' ? `error ${code}` : reason)
  return true
}

/** What an error answer says by its code; `failed` where it comes from somebody else. */
function kindOf(code: string): RefusalKind {
  return code === codes['too-large'] ? 'too-large' : code === codes.busy ? 'busy' : 'failed'
}
