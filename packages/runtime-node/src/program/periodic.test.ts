import { silentLogger, systemClock } from '@backplane/core'
import { manualClock } from '@backplane/core/memory'
import { expect, test } from 'vitest'
import { recordingLogger } from '../../test/harness.ts'
import { repeat } from './periodic.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('runs at once, then from begin to begin, however long a run takes', async () => {
  const clock = manualClock()
  const controller = new AbortController()
  const begins: number[] = []
  const took = [30, 30, 250, 0, 0]
  const routine = {
    name: 'tick',
    intervalMs: 100,
    run: () => {
      begins.push(clock.now())
      const ms = took[begins.length - 1] ?? 0
      return new Promise<void>((resolve) => void clock.after(ms, resolve))
    },
  }
  const done = repeat(routine, { clock, logger: silentLogger, signal: controller.signal })
  await clock.advance(560)
  expect(begins).toEqual([0, 100, 200, 450, 550])
  controller.abort()
  await clock.advance(0)
  await done
  expect(clock.pending).toBe(0)
})

test('logs what a run throws, and goes on', async () => {
  const clock = manualClock()
  const controller = new AbortController()
  const logger = recordingLogger()
  let runs = 0
  const routine = {
    name: 'tick',
    intervalMs: 10,
    run() {
      if (++runs === 1) throw new RangeError('not today')
    },
  }
  const done = repeat(routine, { clock, logger, signal: controller.signal })
  await clock.advance(20)
  expect(runs).toBe(3)
  expect(logger.records).toEqual([
    {
      level: 'error',
      fields: { periodic: 'tick', err: expect.objectContaining({ message: 'not today' }) },
      message: "periodic 'tick' failed",
    },
  ])
  controller.abort()
  await done
})

test('ends only when the run under way is over, and does not begin once ended', async () => {
  const controller = new AbortController()
  let finish = () => {}
  const running = new Promise<void>((resolve) => {
    finish = resolve
  })
  const options = { clock: systemClock, logger: silentLogger, signal: controller.signal }
  let over = false
  const done = repeat({ name: 'tick', intervalMs: 0, run: () => running }, options).then(() => {
    over = true
  })
  controller.abort()
  await turn()
  expect(over).toBe(false)
  finish()
  await done

  let ran = false
  await repeat({ name: 'tick', intervalMs: 0, run: () => (ran = true) }, options)
  expect(ran).toBe(false)
})
