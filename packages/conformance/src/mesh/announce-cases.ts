import type { IncomingEvent } from '@backplane/core'
import { expect } from 'vitest'
import { ordinaryError, pause, rejection } from '../waiting.ts'
import type { MeshCase } from './bench.ts'

const greet = {
  name: 'greet',
  description: 'Greets by name.',
  parameters: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
}

/** Advertising, discovering, and events. */
export const announceCases: Record<string, MeshCase> = {
  async 'what is advertised before connect is found, with descriptions and schemas'(bench) {
    await bench.join('a', {
      advertisement: { revision: 1, functions: [greet], events: [{ name: 'said', description: 'It said something.' }] },
    })
    const b = await bench.join('b')
    const device = await bench.found(b, 'a', ({ functions }) => functions.length > 0)
    expect(device.functions.find(({ name }) => name === 'greet')).toMatchObject(greet)
    expect(device.events.find(({ name }) => name === 'said')).toMatchObject({ description: 'It said something.' })
  },
  async 'what is advertised later replaces what was before'(bench) {
    const a = await bench.join('a', { advertisement: { revision: 1, functions: [greet], events: [] } })
    const b = await bench.join('b')
    await bench.found(b, 'a')
    a.advertise({ revision: 2, functions: [{ name: 'part' }], events: [{ name: 'left' }] })
    const device = await bench.found(b, 'a', ({ functions }) => functions.some(({ name }) => name === 'part'))
    expect(device.functions.map(({ name }) => name)).not.toContain('greet')
    expect(device.events.map(({ name }) => name)).toContain('left')
  },
  async 'of a burst of changes the last one counts'(bench) {
    const a = await bench.join('a')
    const b = await bench.join('b')
    for (let revision = 1; revision <= 50; revision++)
      a.advertise({ revision, functions: [{ name: `f${revision}` }], events: [] })
    await bench.found(b, 'a', ({ functions }) => functions.some(({ name }) => name === 'f50'))
    await pause(100)
    const device = await bench.found(b, 'a')
    expect(device.functions.filter(({ name }) => /^f\d+$/.test(name)).map(({ name }) => name)).toEqual(['f50'])
  },
  async 'a device is found with what it says of itself'(bench) {
    await bench.join('a', { deviceType: 'robot', location: 'hall 3', description: 'Picks and places.' })
    const b = await bench.join('b')
    const device = await bench.found(b, 'a')
    expect(device).toMatchObject({ deviceId: bench.id('a'), deviceType: 'robot', location: 'hall 3' })
    expect(device.status).toBeTypeOf('object')
    expect(device.identity).toBeTypeOf('object')
    expect(device.labels).toBeTypeOf('object')
  },
  async 'all devices are found'(bench) {
    for (const name of ['a', 'b', 'c']) await bench.join(name)
    const seeker = await bench.join('seeker')
    const wanted = ['a', 'b', 'c'].map((name) => bench.id(name))
    await bench.eventually('finding all three', async () => {
      const ids = (await seeker.discover()).map(({ deviceId }) => deviceId)
      expect(new Set(ids).size, 'each once').toBe(ids.length)
      return wanted.every((id) => ids.includes(id))
    })
  },
  async 'a selector finds just the one that it names'(bench) {
    const selector = bench.selector()
    for (const name of ['a', 'b']) await bench.join(name)
    const seeker = await bench.join('seeker')
    await bench.found(seeker, 'a')
    await bench.found(seeker, 'b')
    const ids = async (name: string) =>
      (await seeker.discover(selector(bench.id(name)))).map(({ deviceId }) => deviceId)
    expect(await ids('a')).toEqual([bench.id('a')])
    expect(await ids('nobody')).toEqual([])
  },
  async 'devices of another tenant are not found'(bench) {
    await bench.join('a', { tenant: bench.tenant('other') })
    await bench.join('b')
    const seeker = await bench.join('seeker')
    await bench.found(seeker, 'b')
    expect((await seeker.discover()).map(({ deviceId }) => deviceId)).not.toContain(bench.id('a'))
  },
  async 'who has left is not found any more'(bench) {
    const a = await bench.join('a')
    const b = await bench.join('b')
    await bench.found(b, 'a')
    await a.close()
    await bench.eventually('its leaving shows', async () =>
      (await b.discover()).every(({ deviceId }) => deviceId !== bench.id('a')),
    )
  },
  async 'discover with an aborted signal rejects with BP_ABORTED'(bench) {
    const a = await bench.join('a')
    await rejection(a.discover(undefined, { signal: AbortSignal.abort() }), 'BP_ABORTED')
  },
  async 'an event is heard with its device, name and payload'(bench) {
    const a = await bench.join('a')
    const b = await bench.join('b')
    const heard = await bench.hear(b, {})
    const payload = {
      text: 'grün 😀',
      n: 1.5,
      wide: 9007199254740993n,
      odd: Number.NaN,
      list: [1, null, { deep: true }],
    }
    await a.emit('said', payload)
    await bench.eventually('the event', async () => from(heard.events, bench.id('a')).length === 1)
    const [event] = from(heard.events, bench.id('a'))
    const { deviceType, ...said } = event as IncomingEvent
    expect(said).toEqual({ device: bench.id('a'), event: 'said', payload })
    // A mesh need not know the kind of the device, but must not tell another than discovery does.
    const found = await bench.found(b, 'a')
    expect([undefined, found.deviceType]).toContain(deviceType)
  },
  async 'one hears just what one asked for: a device, a pattern of ids, an event, both, or all'(bench) {
    const a = await bench.join('a')
    const b = await bench.join('b')
    const c = await bench.join('c')
    const [device, pattern, event, both, all, star] = [
      await bench.hear(c, { device: bench.id('a') }),
      await bench.hear(c, { device: `?${bench.id('a').slice(1, -1)}*`, event: 'x' }),
      await bench.hear(c, { event: 'x' }),
      await bench.hear(c, { device: bench.id('a'), event: 'x' }),
      await bench.hear(c, {}),
      await bench.hear(c, { device: '*' }),
    ]
    for (const mesh of [a, b]) for (const name of ['x', 'y']) await mesh.emit(name, {})
    const names = ({ events }: { events: IncomingEvent[] }) =>
      events
        .filter(({ device: id }) => [bench.id('a'), bench.id('b')].includes(id))
        .map(({ device: id, event: name }) => `${id === bench.id('a') ? 'a' : 'b'}.${name}`)
        .sort()
    const everything = ['a.x', 'a.y', 'b.x', 'b.y']
    await bench.eventually('all four', async () => names(all).length >= 4 && names(star).length >= 4)
    await bench.eventually('a pattern', async () => names(pattern).length >= 2)
    expect(names(all)).toEqual(everything)
    expect(names(star)).toEqual(everything)
    expect(names(device)).toEqual(['a.x', 'a.y'])
    expect(names(pattern)).toEqual(['a.x', 'b.x'])
    expect(names(event)).toEqual(['a.x', 'b.x'])
    expect(names(both)).toEqual(['a.x'])
  },
  async 'the events of one device are heard in order'(bench) {
    const a = await bench.join('a')
    const b = await bench.join('b')
    const heard = await bench.hear(b, { device: bench.id('a'), event: 'counted' })
    for (let n = 0; n < 100; n++) await a.emit('counted', { n })
    await bench.eventually('a hundred events', async () => heard.events.length >= 100)
    expect(heard.events.map(({ payload }) => payload.n)).toEqual(Array.from({ length: 100 }, (_, n) => n))
  },
  async 'who has stopped listening hears no more, and may stop twice'(bench) {
    const a = await bench.join('a')
    const b = await bench.join('b')
    const gone = await bench.hear(b, { event: 'said' })
    const stays = await bench.hear(b, { event: 'said' })
    await gone.subscription.unsubscribe()
    await gone.subscription.unsubscribe()
    await a.emit('said', {})
    await bench.eventually('the event', async () => stays.events.length === 1)
    expect(gone.events).toEqual([])
  },
  async 'a listener that throws, or rejects, goes on hearing'(bench) {
    const a = await bench.join('a')
    const b = await bench.join('b')
    const heard = await bench.hear(b, { event: 'said' }, ({ payload }) => {
      if (payload.n === 0) throw ordinaryError('thrown on purpose')
      if (payload.n === 1) return Promise.reject(ordinaryError('rejected on purpose'))
    })
    for (let n = 0; n < 3; n++) await a.emit('said', { n })
    await bench.eventually('three events', async () => heard.events.length === 3)
  },
  async 'events of another tenant are not heard'(bench) {
    const a = await bench.join('a')
    const other = await bench.join('a', { tenant: bench.tenant('other') })
    const b = await bench.join('b')
    const heard = await bench.hear(b, { event: 'said' })
    await other.emit('said', { from: 'other' })
    await other.discover()
    await a.emit('said', { from: 'here' })
    await bench.eventually('the event', async () => heard.events.length > 0)
    await pause(20)
    expect(heard.events.map(({ payload }) => payload)).toEqual([{ from: 'here' }])
  },
  async 'an event whose name is no single token is refused'(bench) {
    const a = await bench.join('a')
    for (const name of ['', 'a.b', 'a b', '*', '>'])
      await rejection(a.emit(name, {}), ['BP_INVALID_ARGUMENT', 'BP_SUBJECT_INVALID'])
    expect(a.status).toBe('connected')
  },
  async 'an event that nobody hears is no error'(bench) {
    const a = await bench.join('a')
    await a.emit('unheard', { n: 1 })
    expect(a.status).toBe('connected')
  },
}

/** The events of one device: a mesh may emit some of its own. */
function from(events: readonly IncomingEvent[], device: string): IncomingEvent[] {
  return events.filter((event) => event.device === device)
}
