import { expect, test } from 'vitest'
import { BusyPoll } from './busy-poll.ts'

/** An event loop whose turns take a tenth of a millisecond each. */
function loop(windowMs: number, processors = 2) {
  let time = 0
  const steps: (() => void)[] = []
  const poll = new BusyPoll({ windowMs, processors, now: () => time, soon: (step) => steps.push(step) })
  return {
    poll,
    /** Passes time turn by turn; gives how many of the turns it was kept awake for. */
    pass(turns: number): number {
      let awake = 0
      for (let turn = 0; turn < turns; turn++) {
        time += 0.1
        const due = steps.splice(0)
        if (due.length > 0) awake++
        for (const step of due) step()
      }
      return awake
    },
  }
}

test('the loop stays awake until the answer comes', () => {
  const { poll, pass } = loop(1)
  poll.asked()
  expect(pass(3)).toBe(3)
  poll.answered()
  expect(pass(5)).toBe(1)
})

test('it sleeps when the answer does not come within the window, and does not wait for the next one', () => {
  const { poll, pass } = loop(1)
  poll.asked()
  expect(pass(100)).toBeLessThanOrEqual(11)
  poll.answered()
  poll.asked()
  expect(pass(5)).toBe(0)
})

test('answers that it did not wait for change nothing', () => {
  const { poll, pass } = loop(1)
  pass(1000)
  poll.answered()
  poll.asked()
  expect(pass(2)).toBe(2)
  poll.answered()
})

test('it tries again, ever more seldom, though no answer came in time', () => {
  const { poll, pass } = loop(1)
  const waited = Array.from({ length: 40 }, () => {
    poll.asked()
    const turns = pass(20)
    poll.answered()
    return turns > 0
  })
  expect(waited.flatMap((yes, call) => (yes ? [call] : []))).toEqual([0, 2, 5, 10, 19, 36])
})

test('it waits again once an answer has come within the window', () => {
  const { poll, pass } = loop(1)
  poll.asked()
  pass(20)
  poll.answered()
  poll.asked()
  pass(2)
  poll.answered()
  poll.asked()
  expect(pass(2)).toBe(2)
})

test('a question right after an answer takes no second watch', () => {
  const { poll, pass } = loop(1)
  poll.asked()
  poll.answered()
  poll.asked()
  expect(pass(3)).toBe(3)
  poll.answered()
  expect(pass(3)).toBe(1)
})

test.each([
  ['a window of 0', 0, 2],
  ['a single processor', 1, 1],
])('%s leaves the loop alone', (_, windowMs, processors) => {
  const { poll, pass } = loop(windowMs, processors)
  poll.asked()
  expect(pass(3)).toBe(0)
  poll.answered()
})
