import { contractError } from '@backplane/core/errors'
import { expect, it } from 'vitest'
import { asCallError } from './rpc-errors.ts'

it('sends whoever a broker forbids a call to the credentials, and not to a device that never heard of it', () => {
  const refused = (reason: string) =>
    asCallError('h1', 'f', contractError('BP_REFUSED', { details: { subject: 'device-connect.t.h1.cmd', reason } }))
  expect(refused('Permissions Violation for Publish to "device-connect.t.h1.cmd"')).toMatchObject({
    code: 'BP_REMOTE_FAILED',
    next: expect.stringMatching(/credentials/),
  })
  expect(refused('it broke').next).toMatch(/log of the other device/)
})
