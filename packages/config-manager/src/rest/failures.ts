import type { ServerResponse } from 'node:http'
import { BackplaneError, messageOf } from '@backplane/core'
import type { FledgeFailure } from '../findings.ts'
import { pythonRepr } from '../python/names.ts'
import { HttpFailure, sendJson, sendMessage, sendReason } from './http.ts'

/**
 * How a route of upstream turns a Python exception into a status. `swallow`: it does not, and answers as if all were
 * well.
 */
export interface ExceptionStatuses {
  readonly ValueError?: number
  readonly TypeError?: number
  readonly KeyError?: number
  readonly NameError?: number
  readonly LookupError?: number
  /** What is answered where the one who asks may not. @default what the exception says */
  readonly forbidden?: (category: string, item: string) => string
  readonly otherwise?: number | 'swallow'
  /** Answers `{ message }` for these statuses. */
  readonly asMessage?: readonly number[]
}

/** What Python's manager would have raised in place of this error. */
function fledgeFailureOf(error: unknown): FledgeFailure {
  const failure = error instanceof BackplaneError ? (error.details.fledge as FledgeFailure | undefined) : undefined
  return failure ?? { class: 'Exception', message: messageOf(error), accidental: false }
}

/** Python's subclasses among the exceptions that upstream meets. */
const parents: Readonly<Record<string, string>> = {
  JSONDecodeError: 'ValueError',
  UnicodeDecodeError: 'ValueError',
  // `binascii.Error`.
  Error: 'ValueError',
  KeyError: 'LookupError',
  IndexError: 'LookupError',
}

type ExceptionName = 'ValueError' | 'TypeError' | 'KeyError' | 'NameError' | 'LookupError'

/** Turns an error into upstream's answer; `undefined` where upstream would swallow it. */
export function compatibleFailure(
  error: unknown,
  statuses: ExceptionStatuses,
  { category, item }: { readonly category: string; readonly item: string },
): HttpFailure | undefined {
  if (error instanceof HttpFailure) return error
  const failure = fledgeFailureOf(error)
  if (failure.message === 'Forbidden')
    return new HttpFailure(403, statuses.forbidden?.(category, item) ?? failure.message, true)
  // Python prints a KeyError with quotes around its text.
  const reason = failure.class === 'KeyError' ? pythonRepr(failure.message) : failure.message
  const status = statusOf(failure.class, statuses) ?? statuses.otherwise ?? 500
  return status === 'swallow' ? undefined : new HttpFailure(status, reason, statuses.asMessage?.includes(status))
}

/** The status of an exception: that of its class, or else of its parent's. */
function statusOf(name: string | undefined, statuses: ExceptionStatuses): number | undefined {
  if (name === undefined) return undefined
  return statuses[name as ExceptionName] ?? statusOf(parents[name], statuses)
}

/** Sends a failure as upstream does. */
export function sendCompatible(response: ServerResponse, failure: HttpFailure): void {
  if (failure.asMessage) sendMessage(response, failure.status, failure.message)
  else sendReason(response, failure.status, failure.message)
}

const correctedStatuses: Readonly<Record<string, number>> = {
  BP_CONFIG_INVALID: 422,
  BP_CONFIG_IMPORT_INVALID: 422,
  BP_CONFIG_UNKNOWN: 404,
  BP_CONFIG_FORBIDDEN: 403,
  BP_CONFIG_CONFLICT: 409,
  BP_CONFIG_VETOED: 409,
  BP_CONFIG_ROLLED_BACK: 409,
  BP_CONFIG_SECRETS_MISSING: 409,
  BP_CONFIG_STORE_FAILED: 503,
  BP_CONFIG_LOCKED: 503,
}

/** Sends a failure as a problem document (RFC 9457) with everything that is wrong. */
export function sendCorrected(response: ServerResponse, error: unknown): void {
  const { status, ...problem } = problemOf(error)
  const headers = { 'content-type': 'application/problem+json; charset=utf-8' }
  sendJson(response, status, { status, ...problem }, headers)
}

function problemOf(error: unknown): { readonly status: number; readonly title: string } {
  if (error instanceof HttpFailure) return { status: error.status, title: error.message }
  if (!(error instanceof BackplaneError)) return { status: 500, title: 'Internal Server Error' }
  const { code, message, next, details } = error
  const issues = details.issues ? { issues: details.issues } : {}
  return { status: correctedStatuses[code] ?? 500, title: message, ...{ code, next }, ...issues }
}
