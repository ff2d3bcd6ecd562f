import { manualClock } from '@backplane/core/memory'
import { describe, expect, test } from 'vitest'
import { encodeBytes } from './json.ts'
import { Peers } from './peers.ts'

function table() {
  const clock = manualClock(1_000_000)
  const told: string[] = []
  const peers = new Peers({
    clock,
    deviceId: 'me',
    instance: 'mine',
    onNew: (id) => told.push(`new ${id}`),
    onGone: (id) => told.push(`gone ${id}`),
    onRival: () => told.push('rival'),
    onFull: () => told.push('full'),
  })
  peers.start()
  const hear = (id: string, more: object = {}) => peers.take(id, encodeBytes({ device_id: id, ...more }))
  return { clock, peers, told, hear }
}

describe('a table of peers', () => {
  test('keeps the devices that it knows when a flood of made-up ones comes', async () => {
    const { clock, peers, told, hear } = table()
    hear('true-1')
    for (let n = 0; n < 20_000; n++) hear(`flood-${n}`)
    expect(peers.size).toBe(10_000)
    expect(told.filter((what) => what === 'full')).toHaveLength(1)
    await clock.advance(25_000)
    hear('true-1', { status: { battery: 5 } })
    await clock.advance(10_000)
    expect(peers.list()).toMatchObject([{ deviceId: 'true-1', status: { battery: 5 } }])
    await clock.advance(15_000)
    hear('true-2')
    expect(peers.list()).toHaveLength(2)
    peers.stop()
  })

  test('keeps no more bytes than it may', { timeout: 60_000 }, () => {
    const { peers, hear } = table()
    const description = 'x'.repeat(16_000_000)
    for (let n = 0; n < 20; n++) hear(`d${n}`, { capabilities: { description } })
    expect(peers.size).toBe(16)
    for (let n = 0; n < 4; n++) hear(`d${n}`)
    for (let n = 16; n < 20; n++) hear(`d${n}`, { capabilities: { description } })
    expect(peers.size).toBe(20)
    peers.stop()
    expect(peers.size).toBe(0)
  })

  test('believes nobody who speaks for another, and says once who comes and goes', async () => {
    const { clock, peers, told, hear } = table()
    peers.take('a', encodeBytes({ device_id: 'b' }))
    peers.take('me', encodeBytes({ device_id: 'b' }))
    hear('me', { instance: 'mine' })
    expect(told).toEqual([])
    hear('a')
    hear('a')
    peers.take('a', encodeBytes({ device_id: 'b', departing: true }))
    hear('c')
    hear('c', { departing: true })
    hear('c', { departing: true })
    hear('me', { instance: 'other' })
    expect(told).toEqual(['new a', 'new c', 'gone c', 'rival'])
    await clock.advance(60_000)
    expect(told.at(-1)).toBe('gone a')
    peers.stop()
  })

  test('takes a device whose description speaks of departing for what it is', () => {
    const { peers, hear } = table()
    hear('a', { departing: false, capabilities: { functions: [{ name: 'departing' }] } })
    expect(peers.list()).toMatchObject([{ deviceId: 'a', functions: [{ name: 'departing' }] }])
    peers.stop()
  })

  test('keeps a copy of what lies in a larger buffer', () => {
    const { peers } = table()
    const chunk = new Uint8Array(65_536)
    const presence = encodeBytes({ device_id: 'a', status: { battery: 5 } })
    chunk.set(presence, 100)
    peers.take('a', chunk.subarray(100, 100 + presence.length))
    peers.take('a', chunk.subarray(100, 100 + presence.length))
    chunk.fill(0)
    expect(peers.list()).toMatchObject([{ deviceId: 'a', status: { battery: 5 } }])
    peers.stop()
  })
})
