import { type BackplaneError, defineErrors, type ErrorCatalogue, type ErrorInit } from '@backplane/core'

export { type FledgeErrorCode, fledgeErrorCatalogue } from './fledge/errors.ts'

/** Every code of this package, beside those of `@backplane/core`. */
export const pythonErrorCatalogue = {
  BP_PYTHON_MISSING: {
    message: "There is no Python at '{python}': {reason}",
    next: 'Install Python 3.9 or newer, or name another: `backplane up --python`, pythonRuntime({ python }), or `python.interpreter` in the manifest.',
  },
  BP_PYTHON_INSTALL_FAILED: {
    message: "The Python packages of plugin '{plugin}' could not be installed: {reason}",
    next: 'Correct its requirements; what the installer said is in `details.output`.',
  },
  BP_PYTHON_INSTALL_TIMEOUT: {
    message: "Installing the Python packages of plugin '{plugin}' took longer than {timeoutMs} ms.",
    next: 'Try again, give it longer (`dependencies.timeoutMs`), or offer wheels in a folder (`dependencies.wheels`).',
    retryable: true,
  },
} as const satisfies ErrorCatalogue

/** A code of this package's own catalogue. */
export type PythonErrorCode = keyof typeof pythonErrorCatalogue

/** Makes an error of this package's catalogue. */
export const pythonError: (code: PythonErrorCode, init?: ErrorInit) => BackplaneError =
  defineErrors(pythonErrorCatalogue)
