import { contractCatalogue } from '../contract-errors.ts'
import { BackplaneError, coreError, type ErrorEntry, type ErrorRecord, errorCatalogue } from '../errors.ts'
import { lenientReplacer } from '../json/numbers.ts'
import { parseJson } from '../json/parse.ts'

/** How errors cross a line. */
export interface RemoteErrors {
  /** Gives the error that the other end has told. Never throws. */
  read(told: unknown): BackplaneError
  /** Gives an error as the line carries it. Never throws. */
  write(thrown: unknown): Readonly<Record<string, unknown>>
}

const knownErrors: Readonly<Record<string, ErrorEntry>> = { ...errorCatalogue, ...contractCatalogue }
const unknownError: ErrorEntry = { message: '{reason}', next: 'Look at the log of the plugin.' }

/**
 * Errors as `docs/worker-protocol.md` has them: `{code, message, next?, retryable?, details?}`. What has no code of
 * Backplane's is the plugin's own, `BP_PLUGIN_FAILED`.
 */
export function remoteErrors(plugin: string): RemoteErrors {
  return {
    read(told) {
      const wire = (typeof told === 'object' && told !== null ? told : { message: told }) as Partial<ErrorRecord>
      const message = typeof wire.message === 'string' && wire.message !== '' ? wire.message : 'no message'
      const code = typeof wire.code === 'string' && /^BP_[A-Z0-9_]+$/.test(wire.code) ? wire.code : 'BP_PLUGIN_FAILED'
      const details = { ...wire.details, reason: message, plugin }
      const next = typeof wire.next === 'string' ? wire.next : undefined
      if (code === 'BP_PLUGIN_LOAD_FAILED') return coreError(code, { details, next })
      const retryable = wire.retryable ? true : undefined
      return new BackplaneError(code, knownErrors[code] ?? unknownError, { details, message, next, retryable })
    },
    write(thrown) {
      const { code, message, next, retryable, details } = BackplaneError.from(thrown)
      try {
        return { code, message, next, retryable, details: parseJson(JSON.stringify(details, lenientReplacer)) }
      } catch {
        return { code, message, next, retryable }
      }
    },
  }
}
