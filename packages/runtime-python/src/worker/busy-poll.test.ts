import { availableParallelism } from 'node:os'
import { expect, test } from 'vitest'
import { BusyPoll } from './busy-poll.ts'

/** An event loop whose turns take a tenth of a millisecond each. */
function loop(windowMs: number) {
  let time = 0
  const steps: (() => void)[] = []
  const poll = new BusyPoll({ windowMs, now: () => time, soon: (step) => steps.push(step) })
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

const several = test.runIf(availableParallelism() > 1)

several('the loop stays awake until the answer comes', () => {
  const { poll, pass } = loop(1)
  poll.asked()
  expect(pass(3)).toBe(3)
  poll.answered()
  expect(pass(5)).toBe(1)
})

several('it sleeps when the answer does not come within the window, and does not wait for the next one', () => {
  const { poll, pass } = loop(1)
  poll.asked()
  expect(pass(100)).toBeLessThanOrEqual(11)
  poll.answered()
  poll.asked()
  expect(pass(5)).toBe(0)
})

several('answers that it did not wait for change nothing', () => {
  const { poll, pass } = loop(1)
  pass(1000)
  poll.answered()
  poll.asked()
  expect(pass(2)).toBe(2)
  poll.answered()
})

several('it tries again, ever more seldom, though no answer came in time', () => {
  const { poll, pass } = loop(1)
  const waited = Array.from({ length: 40 }, () => {
    poll.asked()
    const turns = pass(20)
    poll.answered()
    return turns > 0
  })
  expect(waited.flatMap((yes, call) => (yes ? [call] : []))).toEqual([0, 2, 5, 10, 19, 36])
})

several('it waits again once an answer has come within the window', () => {
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

several('a question right after an answer takes no second watch', () => {
  const { poll, pass } = loop(1)
  poll.asked()
  poll.answered()
  poll.asked()
  expect(pass(3)).toBe(3)
  poll.answered()
  expect(pass(3)).toBe(1)
})

test('a window of 0 leaves the loop alone', () => {
  const { poll, pass } = loop(0)
  poll.asked()
  expect(pass(3)).toBe(0)
  poll.answered()
})
