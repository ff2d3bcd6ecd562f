import { expect, test, vi } from 'vitest'
import { type Slice, Turns } from './turns.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))
const output = { work: () => false }

/** Work without end; counts how often it was let at it. */
function endless() {
  const worker = {
    slices: 0,
    units: 0,
    stopped: false,
    work(slice: Slice) {
      worker.slices++
      while (!slice.spend(1)) worker.units++
      return !worker.stopped
    },
  }
  return worker
}

test('work without end leaves room for timers and for others, and is shared between those who have it', async () => {
  const turns = new Turns(output)
  const busy = Array.from({ length: 20 }, endless)
  for (const worker of busy) turns.take(worker)
  let served = 0
  for (let i = 0; i < 200; i++) {
    await turn()
    turns.take({ work: () => ++served < 0 })
  }
  expect(served).toBe(200)
  const shares = busy.map(({ slices }) => slices)
  expect(Math.min(...shares)).toBeGreaterThan(1)
  expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(3)
  for (const worker of busy) worker.stopped = true
})

test('one who has little is served at once, unless the turn is used up; then a little later', async () => {
  const turns = new Turns(output)
  let served = 0
  turns.take({ work: () => ++served < 0 })
  expect(served).toBe(1)
  turns.take({
    work: () => {
      const end = performance.now() + 20
      while (performance.now() < end);
      return false
    },
  })
  turns.take({ work: () => ++served < 0 })
  expect(served).toBe(1)
  await turn()
  await turn()
  expect(served).toBe(2)
})

test('one who brings more while in line is not let at it before the others', async () => {
  const turns = new Turns(output)
  const busy = endless()
  turns.take(busy)
  turns.take(busy)
  turns.take(busy)
  expect(busy.slices).toBe(1)
  await turn()
  expect(busy.slices).toBe(2)
  busy.stopped = true
})

test('nobody works longer than a slice, however little others have to do', () => {
  let now = 0
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 0.01))
  try {
    const busy = endless()
    new Turns(output).take(busy)
    busy.stopped = true
    // A slice is 0.05 ms: five or six looks at this clock, 16 units each.
    expect(busy.units).toBeLessThan(7 * 16)
  } finally {
    clock.mockRestore()
  }
})

test('output goes out behind whoever made it, also where it takes several turns', async () => {
  let left = 0
  const written: number[] = []
  const turns = new Turns({
    work: () => {
      written.push(left)
      if (left > 0) left--
      return left > 0
    },
  })
  turns.take({
    work: () => {
      left = 3
      return false
    },
  })
  for (let i = 0; i < 5; i++) await turn()
  expect(written).toEqual([3, 2, 1])
})
