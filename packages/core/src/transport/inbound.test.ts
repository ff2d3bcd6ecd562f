import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Inbound } from './inbound.ts'

const message = (n: number) => ({ subject: String(n), payload: new Uint8Array() })

test('what is handled is what a plain list would hold, through any order of arriving and finishing', async () => {
  const steps = fc.array(fc.constantFrom('arrive', 'arrive', 'finish'), { maxLength: 200 })
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 5 }), async (all, maxPending) => {
      const handled: number[] = []
      const finishing: (() => void)[] = []
      let dropped = 0
      const inbound = new Inbound(
        ({ subject }) => {
          handled.push(Number(subject))
          return new Promise<void>((resolve) => finishing.push(resolve))
        },
        maxPending,
        {
          dropped: (count) => {
            dropped += count
          },
          failed: () => {},
        },
      )
      const expected: number[] = []
      let waiting: number[] = []
      let busy = false
      let lost = 0
      let next = 0
      for (const step of all) {
        if (step === 'arrive') {
          inbound.push(message(next))
          if (busy) waiting.push(next)
          else expected.push(next)
          busy = true
          next++
          if (waiting.length > maxPending) {
            waiting = waiting.slice(1)
            lost++
          }
        } else {
          finishing.shift()?.()
          await new Promise((resolve) => setImmediate(resolve))
          const [first, ...rest] = waiting
          waiting = rest
          busy = busy && first !== undefined
          if (first !== undefined) expected.push(first)
        }
      }
      await new Promise((resolve) => setImmediate(resolve))
      expect(handled).toEqual(expected)
      expect(dropped).toBe(lost)
    }),
    { numRuns: 100 },
  )
})

test('a handler that throws, now or later, is told of and does not stop what follows', async () => {
  const failures: unknown[] = []
  const handled: string[] = []
  const inbound = new Inbound(
    ({ subject }) => {
      handled.push(subject)
      if (subject === '0') throw new Error('now')
      if (subject === '1') return Promise.reject(new Error('later'))
      return undefined
    },
    10,
    { dropped: () => {}, failed: (thrown) => failures.push((thrown as Error).message) },
  )
  for (const n of [0, 1, 2]) inbound.push(message(n))
  await new Promise((resolve) => setImmediate(resolve))
  expect(handled).toEqual(['0', '1', '2'])
  expect(failures).toEqual(['now', 'later'])
})

test('a long queue is worked off in order, and nothing comes after close', async () => {
  const handled: number[] = []
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const events = { dropped: () => {}, failed: () => {} }
  const inbound = new Inbound(
    async ({ subject }) => {
      handled.push(Number(subject))
      await gate
    },
    100_000,
    events,
  )
  for (let n = 0; n < 5000; n++) inbound.push(message(n))
  open()
  while (handled.length < 5000) await new Promise((resolve) => setImmediate(resolve))
  expect(handled).toEqual(Array.from({ length: 5000 }, (_, n) => n))
  inbound.close()
  inbound.push(message(1))
  expect(handled.length).toBe(5000)
})

test('a handler that hangs while messages pour in keeps the newest alone', async () => {
  const handled: number[] = []
  let dropped = 0
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const inbound = new Inbound(
    async ({ subject }) => {
      handled.push(Number(subject))
      await gate
    },
    3,
    {
      dropped: (count) => {
        dropped += count
      },
      failed: () => {},
    },
  )
  for (let n = 0; n < 10_000; n++) inbound.push(message(n))
  open()
  while (handled.length < 4) await new Promise((resolve) => setImmediate(resolve))
  expect(handled).toEqual([0, 9997, 9998, 9999])
  expect(dropped).toBe(9996)
})
