import { BackplaneError, coreError } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { expect, test } from 'vitest'
import { cliError } from './errors.ts'
import { exitCodeOf } from './exit-codes.ts'

test.each([
  [1, coreError('BP_PLUGIN_FAILED', { details: { reason: 'x' } })],
  [1, BackplaneError.from(new TypeError('x'))],
  [1, cliError('BP_CLI_REFUSED', { details: { reason: 'x' } })],
  [2, cliError('BP_CLI_USAGE', { details: { reason: 'x' } })],
  [2, cliError('BP_CLI_CONFIG', { details: { path: 'x', reason: 'x' } })],
  [2, contractError('BP_PARAMS_INVALID')],
  [4, contractError('BP_CONNECT_FAILED')],
  [4, contractError('BP_NO_RESPONDER')],
  [4, coreError('BP_TIMEOUT')],
])('is %i for %s', (code, error) => {
  expect(exitCodeOf(error)).toBe(code)
})
