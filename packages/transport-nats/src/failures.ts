import type { BackplaneError } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { refusalError } from '@backplane/core/transport'
import { errorCodeHeader, errorHeader, type NatsMessage } from './client.ts'
import { refusalOf } from './replies.ts'

/** The failure that an answer to a request on `subject` stands for; none for a plain answer. */
export function failureOf(subject: string, { headers, data }: NatsMessage): BackplaneError | undefined {
  if (!headers) return undefined
  if (headers.code === 503 && data.length === 0) return contractError('BP_NO_RESPONDER', { details: { subject } })
  const code = headers.get(errorCodeHeader)
  const reason = headers.get(errorHeader)
  if (code === '' && reason === '') return undefined
  return refusalError(subject, refusalOf(code), reason === '' ? `error ${code}` : reason)
}
