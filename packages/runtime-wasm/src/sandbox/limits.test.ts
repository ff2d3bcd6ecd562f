import { describe, expect, test } from 'vitest'
import { fullLimits } from './limits.ts'

describe('limits', () => {
  test('have defaults, and the later of several wins', () => {
    expect(fullLimits().tableElements).toBe(1_000_000)
    expect(fullLimits({ fuel: 1, queue: 2 }, undefined, { fuel: 3 })).toMatchObject({ fuel: 3, queue: 2 })
    expect(fullLimits({ fuel: undefined }).fuel).toBe(Number.POSITIVE_INFINITY)
  })

  test('are refused where a slip is in the name, which would be no limit at all', () => {
    for (const name of ['memoryPage', 'memory_pages', 'timeout', 'toString']) {
      expect(() => fullLimits({ [name]: 1 })).toThrow(
        expect.objectContaining({
          code: 'BP_INVALID_ARGUMENT',
          details: { what: `limits.${name}`, reason: 'there is no such limit' },
        }),
      )
    }
  })

  test('are refused where they are no numbers of zero or more', () => {
    for (const value of ['5', Number.NaN, -1, null, {}]) {
      expect(() => fullLimits({ fuel: value as number })).toThrow(
        expect.objectContaining({ code: 'BP_INVALID_ARGUMENT' }),
      )
    }
    expect(() => fullLimits({ fuelPerSecond: 0 })).toThrow(expect.objectContaining({ code: 'BP_INVALID_ARGUMENT' }))
  })

  test('hold no more memory than an engine can address', () => {
    expect(fullLimits({ memoryPages: 1e9 }).memoryPages).toBe(65_536)
  })
})
