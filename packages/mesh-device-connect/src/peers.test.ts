import { manualClock } from '@backplane/core/memory'
import { describe, expect, test } from 'vitest'
import { encodeBytes } from './json.ts'
import { Peers } from './peers.ts'

function table(mostBytes?: number) {
  const clock = manualClock(1_000_000)
  const told: string[] = []
  const peers = new Peers({
    clock,
    deviceId: 'me',
    instance: 'mine',
    onNew: (id) => told.push(`new ${id}`),
    onGone: (id) => told.push(`gone ${id}`),
    onRival: () => told.push('rival'),
    onFull: (count) => told.push(`full ${count}`),
    ...(mostBytes === undefined ? {} : { mostBytes }),
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
    await clock.advance(25_000)
    expect(told.filter((what) => what.startsWith('full'))).toEqual(['full 10001'])
    hear('true-1', { status: { battery: 5 } })
    await clock.advance(10_000)
    expect(peers.list()).toMatchObject([{ deviceId: 'true-1', status: { battery: 5 } }])
    await clock.advance(15_000)
    hear('true-2')
    expect(peers.list()).toHaveLength(2)
    peers.stop()
  })

  test('lets newcomers in where made-up ones keep all places, and keeps those that it knew', async () => {
    const { clock, peers, told, hear } = table()
    const known = Array.from({ length: 50 }, (_, n) => `known-${n}`)
    const fresh = Array.from({ length: 50 }, (_, n) => `fresh-${n}`)
    for (const id of known) hear(id)
    const flood = () => {
      for (let n = 0; n < 10_500; n++) hear(`flood-${n}`)
    }
    flood()
    for (let round = 0; round < 6; round++) {
      await clock.advance(5_000)
      for (const id of [...known, ...fresh]) hear(id)
      flood()
    }
    for (const id of fresh) hear(id)
    const there = new Set(peers.list().map(({ deviceId }) => deviceId))
    expect(known.filter((id) => !there.has(id))).toEqual([])
    // Who has just come may give way to who comes next, and says again that it is there.
    expect(fresh.filter((id) => there.has(id)).length).toBeGreaterThan(45)
    expect(told.filter((what) => what.startsWith('gone known'))).toEqual([])
    expect(peers.size).toBe(10_000)
    peers.stop()
  })

  test('gives a place to whom somebody asks for by name, whatever comes', () => {
    const { peers, hear } = table()
    for (let n = 0; n < 10_000; n++) hear(`flood-${n}`)
    const release = peers.want('asked')
    const releaseToo = peers.want('asked')
    hear('asked')
    releaseToo()
    for (let n = 0; n < 30_000; n++) hear(`more-${n}`)
    expect(peers.get('asked')).toMatchObject({ deviceId: 'asked' })
    release()
    expect(peers.size).toBe(10_000)
    peers.stop()
  })

  test('does not let large presences take the places of small ones', () => {
    const { peers, hear } = table(275_000)
    for (let n = 0; n < 100; n++) hear(`small-${n}`)
    const description = 'x'.repeat(16_000)
    for (let n = 0; n < 40; n++) hear(`large-${n}`, { capabilities: { description } })
    const ids = peers.list().map(({ deviceId }) => deviceId)
    expect(ids.filter((id) => id.startsWith('small'))).toHaveLength(100)
    expect(ids.filter((id) => id.startsWith('large'))).toHaveLength(16)
    peers.stop()
  })

  test('keeps a device alive whose new presence has no room', async () => {
    const { clock, peers, hear } = table(268_000)
    hear('a', { status: { battery: 5 } })
    const description = 'x'.repeat(16_000)
    for (let n = 0; n < 16; n++) hear(`d${n}`, { capabilities: { description } })
    await clock.advance(20_000)
    hear('a', { capabilities: { description: 'y'.repeat(17_000) } })
    await clock.advance(20_000)
    expect(peers.get('a')).toMatchObject({ status: { battery: 5 } })
    peers.stop()
  })

  test('forgets who says good-bye, and knows it again, in any order', async () => {
    const { peers, hear } = table()
    const ids = Array.from({ length: 200 }, (_, n) => `d${n}`)
    const there = new Set<string>()
    for (let turn = 0; turn < 5_000; turn++) {
      const id = ids[(turn * 7919) % 200] as string
      const leaves = turn % 3 === 0
      hear(id, leaves ? { departing: true } : {})
      if (leaves) there.delete(id)
      else there.add(id)
    }
    expect(
      peers
        .list()
        .map(({ deviceId }) => deviceId)
        .sort(),
    ).toEqual([...there].sort())
    peers.stop()
  })

  test('keeps no more bytes than it may', () => {
    const { peers, hear } = table(268_000)
    const description = 'x'.repeat(16_000)
    for (let n = 0; n < 20; n++) hear(`d${n}`, { capabilities: { description } })
    expect(peers.size).toBe(16)
    for (const { deviceId } of peers.list().slice(0, 4)) hear(deviceId)
    for (let n = 20; n < 24; n++) hear(`d${n}`, { capabilities: { description } })
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
