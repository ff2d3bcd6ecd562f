import { type BackplaneError, type CoreErrorCode, coreError } from './errors.ts'

/** Makes an error about one plugin, for the codes whose text names it and, some of them, a reason. */
export function pluginError(code: CoreErrorCode, plugin: unknown, reason?: string, cause?: unknown): BackplaneError {
  return coreError(code, { details: { plugin, reason }, cause })
}
