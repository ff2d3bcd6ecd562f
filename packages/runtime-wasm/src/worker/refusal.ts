import type { BackplaneError, ErrorRecord } from '@backplane/core'

/**
 * What a thread is told of something that failed on the host's side: the error, and what was thrown for a component to
 * find.
 */
export interface Refusal {
  readonly error: ErrorRecord
  readonly payload?: unknown
}

/** Makes plain data of an error and of the `payload` of what was thrown; what cannot cross is left out. */
export function refusalOf(error: BackplaneError, thrown: unknown): Refusal {
  return { error: recordOf(error), ...payloadOf(thrown) }
}

function payloadOf(thrown: unknown): Pick<Refusal, 'payload'> {
  if (typeof thrown !== 'object' || thrown === null || !Object.hasOwn(thrown, 'payload')) return {}
  try {
    return { payload: structuredClone((thrown as { payload: unknown }).payload) }
  } catch {
    return {}
  }
}

function recordOf(error: BackplaneError): ErrorRecord {
  try {
    return structuredClone(error.toJSON())
  } catch {
    return { ...error.toJSON(), details: {} }
  }
}
