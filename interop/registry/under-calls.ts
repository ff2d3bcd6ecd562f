/** Calls, searches and events that go on while something else is killed and restarted. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { BackplaneError } from '@backplane/core'
import type { DeviceConnectMesh } from '@backplane/mesh-device-connect'

const timeoutMs = 2_000
/** A busy machine wakes timers late. */
const slackMs = 1_500

/** What went on meanwhile. */
export interface Meanwhile {
  /** How many went well. */
  readonly done: { call: number; search: number }
  /** How many failed, by what and code. */
  readonly failed: Record<string, number>
  /** Failures with a code that they must not have, or later than they may come. */
  readonly wrong: string[]
}

/** Runs calls and searches one after the other until `stop`. */
export function underCalls(mesh: DeviceConnectMesh, deviceId: string, codes: { call: string[]; search: string[] }) {
  const seen: Meanwhile = { done: { call: 0, search: 0 }, failed: {}, wrong: [] }
  let isOver = false
  const repeat = async (what: 'call' | 'search', pauseMs: number, run: () => Promise<unknown>) => {
    while (!isOver) {
      const began = performance.now()
      try {
        await run()
        seen.done[what]++
      } catch (thrown) {
        const { code, message } = BackplaneError.from(thrown)
        const key = `${what} ${code}`
        seen.failed[key] = (seen.failed[key] ?? 0) + 1
        if (!codes[what].includes(code)) seen.wrong.push(`${key}: ${message}`)
      }
      const tookMs = performance.now() - began
      if (tookMs > timeoutMs + slackMs) seen.wrong.push(`${what} took ${Math.round(tookMs)} ms of ${timeoutMs}`)
      await sleep(pauseMs)
    }
  }
  const lanes = [
    repeat('call', 5, () => mesh.invoke(deviceId, 'get_status', {}, { timeoutMs })),
    repeat('call', 5, () => mesh.invoke(deviceId, 'get_status', {}, { timeoutMs })),
    repeat('search', 50, () => mesh.discover(`device(${deviceId})`, { timeoutMs })),
  ]
  return async (): Promise<Meanwhile> => {
    isOver = true
    await Promise.all(lanes)
    assert.deepEqual(seen.wrong, [])
    assert.ok(seen.done.call > 0, JSON.stringify(seen))
    return seen
  }
}
