import { manualClock } from '@backplane/core/memory'
import { expect, test } from 'vitest'
import { whereSteps } from './where.ts'
import { WhereBudget } from './where-budget.ts'

/** Spends `steps` as `sender`; whether it was let. */
async function take(budget: WhereBudget, sender: string, steps = whereSteps): Promise<boolean> {
  const done = await budget.spend(sender, async (meter) => {
    meter.left -= steps
    return true
  })
  return done ?? false
}

async function count(budget: WhereBudget, sender: () => string, steps?: number): Promise<number> {
  let taken = 0
  for (let at = 0; at < 200; at++) if (await take(budget, sender(), steps)) taken++
  return taken
}

test('one sender has its share of a second, and then waits', async () => {
  const clock = manualClock()
  const budget = new WhereBudget(clock)
  expect(await count(budget, () => 'a')).toBe(5)
  expect(await take(budget, 'b'), 'another is heard').toBe(true)
  await clock.advance(1_000)
  expect(await take(budget, 'a')).toBe(true)
})

test('all together have theirs, under whatever names', async () => {
  const budget = new WhereBudget(manualClock())
  let name = 0
  expect(await count(budget, () => `made-up-${name++}`)).toBe(10)
})

test('what comes at once is reckoned one after the other', async () => {
  const budget = new WhereBudget(manualClock())
  const taken = await Promise.all(Array.from({ length: 2_000 }, () => take(budget, 'a')))
  expect(taken.filter(Boolean).length).toBe(5)
  expect(await take(budget, 'b')).toBe(true)
})

test('what is usual is let, thousands in a second', async () => {
  const budget = new WhereBudget(manualClock())
  expect(await count(budget, () => 'a', 50)).toBe(200)
})

test('what a run could not pay is no debt', async () => {
  const clock = manualClock()
  const budget = new WhereBudget(clock)
  expect(await take(budget, 'a', 1e12)).toBe(true)
  expect(await take(budget, 'a'), 'it has spent its steps, and no more').toBe(true)
})

test('a run that fails is paid for', async () => {
  const budget = new WhereBudget(manualClock())
  const fail = () =>
    budget.spend('a', async (meter) => {
      meter.left = -1
      throw new Error('spent')
    })
  for (let at = 0; at < 5; at++) await expect(fail()).rejects.toThrow('spent')
  expect(await fail()).toBeUndefined()
})

test('a clock that is set back gives nothing away', async () => {
  const clock = manualClock(10_000)
  const budget = new WhereBudget(clock)
  await count(budget, () => 'a')
  const before = { ...clock, now: () => 0 }
  expect(await take(new WhereBudget(before), 'a')).toBe(true)
  expect(await take(budget, 'a')).toBe(false)
})

test('only so many wait: what comes beyond them is left at once', async () => {
  const budget = new WhereBudget(manualClock())
  const gate = Promise.withResolvers<void>()
  const waiting = Array.from({ length: 1_000 }, () => budget.spend('a', () => gate.promise))
  expect(await budget.spend('b', async () => true)).toBeUndefined()
  gate.resolve()
  await Promise.all(waiting)
  expect(await budget.spend('b', async () => true)).toBe(true)
})

test('only the senders that were heard last are remembered', async () => {
  const budget = new WhereBudget(manualClock())
  expect(await count(budget, () => 'a')).toBe(5)
  for (let other = 0; other < 255; other++) await take(budget, `other-${other}`, 0)
  expect(await take(budget, 'a'), 'it is among the last').toBe(false)
  for (let other = 0; other < 256; other++) await take(budget, `other-${other}`, 0)
  expect(await take(budget, 'a'), 'it is forgotten').toBe(true)
})
