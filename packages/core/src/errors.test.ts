import { describe, expect, it } from 'vitest'
import { contractError } from './contract-errors.ts'
import { BackplaneError, coreError, defineErrors, errorCatalogue, messageOf } from './errors.ts'

describe('BackplaneError', () => {
  it('says what happened, what to do next, and keeps the facts', () => {
    const error = coreError('BP_TIMEOUT', { details: { what: 'The call', timeoutMs: 5 } })
    expect(error).toMatchObject({
      code: 'BP_TIMEOUT',
      message: 'The call did not finish within 5 ms.',
      retryable: true,
    })
    expect(error.next).toMatch(/longer/)
    expect(error.details).toEqual({ what: 'The call', timeoutMs: 5 })
  })

  it('survives a trip as plain data', () => {
    const error = contractError('BP_NO_RESPONDER', { details: { subject: 'a.b' } })
    const revived = BackplaneError.revive(JSON.parse(JSON.stringify(error)))
    expect(revived).toMatchObject({ code: error.code, message: error.message, next: error.next, retryable: true })
    expect(revived).toBeInstanceOf(BackplaneError)
  })

  it('is recognised across copies of the package, and nothing else is', () => {
    const copy = Object.assign(Object.create(Error.prototype), { [Symbol.for('backplane.error.1')]: true })
    expect(copy).toBeInstanceOf(BackplaneError)
    expect(new Error('x')).not.toBeInstanceOf(BackplaneError)
    expect(null).not.toBeInstanceOf(BackplaneError)
  })

  it('is made from whatever was thrown', () => {
    const own = coreError('BP_ABORTED')
    expect(BackplaneError.from(own)).toBe(own)
    const cause = new TypeError('x is not a function')
    expect(BackplaneError.from(cause)).toMatchObject({ code: 'BP_UNEXPECTED', cause })
    for (const odd of [undefined, null, 0, '', {}, Object.create(null), Symbol('s')]) {
      expect(BackplaneError.from(odd).message).not.toBe('')
    }
    const hostile = {
      get message(): string {
        throw new Error('no')
      },
    }
    expect(messageOf(hostile)).toBe('no message')
  })

  it('has a next step and a sound form in every entry', () => {
    for (const [code, entry] of Object.entries(errorCatalogue)) {
      expect(code).toMatch(/^BP_[A-Z]+(_[A-Z]+)*$/)
      expect(entry.next).toMatch(/[.]$/)
    }
  })

  it('lets a package define its own codes', () => {
    const fail = defineErrors({ BP_X_BROKEN: { message: '{part} broke.', next: 'Mend it.' } })
    expect(fail('BP_X_BROKEN', { details: { part: 'It' } })).toMatchObject({
      code: 'BP_X_BROKEN',
      message: 'It broke.',
      retryable: false,
    })
  })

  it('takes anything that is thrown, also what cannot be looked at', () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    expect(BackplaneError.from(proxy)).toMatchObject({ code: 'BP_UNEXPECTED', details: { reason: 'no message' } })
  })
})
