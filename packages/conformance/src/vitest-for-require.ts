import { coreError } from '@backplane/core'

/**
 * Stands for vitest in the CommonJS form of this package: vitest is an ES module only and throws when it is required.
 * The suites cannot run there; who requires the package learns so when calling one, not when loading it.
 */
function notHere(): never {
  throw coreError('BP_INVALID_ARGUMENT', {
    details: { what: 'require' },
    message: 'The compliance suites run in vitest, which is an ES module only.',
    next: 'Import this package in a test file instead of requiring it.',
  })
}

export { notHere as afterAll, notHere as describe, notHere as expect, notHere as test }
