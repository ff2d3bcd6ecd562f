/** The share of the processor: fuel by the second, over all calls. */
import { expect, test } from 'vitest'
import { extismPlugin } from '../src/extism/plugin.ts'
import { FuelShare } from '../src/sandbox/fuel-share.ts'
import type { CallStats } from '../src/sandbox/meter.ts'
import { bundledThread } from './bundled-thread.ts'
import { wat } from './wat.ts'

const threadUrl = await bundledThread()
const counting = wat(`(module (func (export "count") (local $n i32) (local.set $n (i32.const 100000))
  (loop (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))) (func (export "spin") (loop (br 0))))`)

async function cost(): Promise<number> {
  await using plugin = await extismPlugin(counting)
  const used: CallStats[] = []
  await plugin.call('count', '', { stats: (stats) => void used.push(stats) })
  return used[0]?.fuel ?? 0
}

test.each([true, false])('what is spent beyond it is waited for, worker: %s', async (worker) => {
  const fuel = await cost()
  // The third call waits until what the others took has come up again.
  const fuelPerSecond = fuel * 5
  await using plugin = await extismPlugin(counting, { worker, threadUrl, limits: { fuelPerSecond } })
  const since = performance.now()
  await Promise.all([plugin.call('count'), plugin.call('count'), plugin.call('count')])
  // Two calls, but for the burst of a tenth of a second; at the end of the third nothing is waited for.
  const least = ((2 * fuel) / fuelPerSecond - 0.1) * 1000 * (worker ? 0.5 : 0.95)
  expect(performance.now() - since).toBeGreaterThan(least)
})

test('cancelling and the deadline end the waiting', async () => {
  await using plugin = await extismPlugin(counting, { worker: true, threadUrl, limits: { fuelPerSecond: 1000 } })
  const controller = new AbortController()
  const spinning = plugin.call('spin', '', { signal: controller.signal })
  setTimeout(() => controller.abort(), 50)
  await expect(spinning).rejects.toMatchObject({ code: 'BP_ABORTED' })
  await expect(plugin.call('spin', '', { timeoutMs: 50 })).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
})

test('a closed plugin keeps no timer', async () => {
  const plugin = await extismPlugin(counting, { limits: { fuelPerSecond: 1 } })
  await plugin.call('count')
  const waiting = plugin.call('count')
  await plugin.close()
  await expect(waiting).rejects.toMatchObject({ code: 'BP_CLOSED' })
})

test('a share fills again with time, up to its burst', () => {
  let now = 0
  const share = new FuelShare(1_000_000, () => now)
  expect(share.owedMs).toBe(0)
  share.spend(120_000)
  expect(share.owedMs).toBe(20)
  now += 15
  expect(share.owedMs).toBe(5)
  now += 60_000
  share.spend(100_000)
  expect(share.owedMs).toBe(0)
  share.spend(1_000)
  expect(share.owedMs).toBe(1)
})
