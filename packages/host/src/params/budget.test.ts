import { expect, test } from 'vitest'
import { Budget, overBudget, unitsOfCheck } from './budget.ts'

/** What it costs to go through the keys of something. */
function costOf(data: unknown, times = 1): number {
  const budget = new Budget()
  budget.keys(data, times)
  return unitsOfCheck - budget.left
}

const table = (keys: number) => Object.fromEntries(Array.from({ length: keys }, (_, i) => [`k${i}`, 0]))

test('a key costs a unit each time, and eight in an object that is a table', () => {
  expect(costOf(table(128))).toBe(128)
  expect(costOf(table(128), 3)).toBe(384)
  expect(costOf(table(129))).toBe(129 * 8)
  expect(['text', 7, null, undefined].map((data) => costOf(data))).toEqual([0, 0, 0, 0])
})

test('a check that would cost more than its budget ends', () => {
  expect(() => costOf(table(1000), unitsOfCheck)).toThrow()
  const budget = new Budget()
  budget.spend(unitsOfCheck)
  let thrown: unknown
  try {
    budget.spend(1)
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBe(overBudget)
})
