import { expect, test } from 'vitest'
import { absent, measure, quantile, type Row } from './harness.ts'

const quick = { rounds: 5, sliceMs: 2 }

test('measures all contenders, and the ratio of ours to the peer', async () => {
  const figures = (value: number) => () => ({ run: () => value })
  const row: Row = {
    case: 'size',
    unit: 'kB',
    once: true,
    ours: figures(6),
    baseline: figures(3),
    peer: figures(4),
    ...quick,
  }
  const { ours, baseline, peer, ratio, spread } = await measure('test', row)
  expect([ours.p50, baseline?.p50, peer?.p50, ratio, spread]).toEqual([6, 3, 4, 1.5, [1.5, 1.5]])
})

test('leaves out who is absent, with the reason, and takes the baseline instead', async () => {
  const one = () => ({ run: () => 1 })
  const row: Row = {
    case: 'c',
    unit: 'MiB',
    once: true,
    ours: one,
    baseline: one,
    peer: () => absent('no Go'),
    ...quick,
  }
  expect(await measure('test', row)).toMatchObject({ peer: null, ratio: 1, notes: ['peer: no Go'] })
})

test.each(['ns', 'us', 'ms', 'calls/s'])('takes turns and cleans up, in %s', async (unit) => {
  let open = 0
  const contender = (run: () => unknown) => () => {
    open++
    return { run, [Symbol.asyncDispose]: async () => void open-- }
  }
  const row: Row = { case: 'c', unit, ours: contender(() => Promise.resolve()), baseline: contender(() => 1), ...quick }
  const { ours, baseline, ratio } = await measure('test', row)
  expect(Math.min(ours.p50, baseline!.p50, ratio!)).toBeGreaterThan(0)
  expect(open).toBe(0)
})

test('interpolates quantiles', () => {
  expect([quantile([3, 1, 2], 0.5), quantile([1, 2], 0.5), quantile([5], 0.99)]).toEqual([2, 1.5, 5])
})
