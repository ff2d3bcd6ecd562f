import { BackplaneError, coreError } from '@backplane/core'
import { expect, test } from 'vitest'
import { fromWire, toWire } from './protocol.ts'

test('an error crosses whole, with the text and the stack of its cause', () => {
  const cause = new RangeError('too far')
  const error = coreError('BP_PLUGIN_FAILED', { details: { reason: 'no', list: [1] }, cause, retryable: true })
  const back = fromWire(structuredClone(toWire(error)))
  expect(back).toBeInstanceOf(BackplaneError)
  expect(back.toJSON()).toEqual(error.toJSON())
  expect(back.cause).toMatchObject({ name: 'RangeError', message: 'too far', stack: cause.stack })
})

test('details that cannot cross are left out, and anything thrown becomes an error', () => {
  const wire = structuredClone(toWire(coreError('BP_ABORTED', { details: { run: () => 1 } })))
  expect(fromWire(wire)).toMatchObject({ code: 'BP_ABORTED', details: {} })
  expect(fromWire(structuredClone(toWire('just text')))).toMatchObject({
    code: 'BP_UNEXPECTED',
    details: { reason: 'just text' },
  })
})
