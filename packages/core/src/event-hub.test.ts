import { describe, expect, it } from 'vitest'
import { silentLogger } from './contracts/logger.ts'
import { EventHub } from './event-hub.ts'
import type { EventFilter, IncomingEvent, Mesh } from './index.ts'

/** A mesh that only subscribes, and lets a test speak as other devices. */
function fakeMesh() {
  const listeners = new Map<EventFilter, (event: IncomingEvent) => unknown>()
  const mesh = {
    on: async (filter: EventFilter, listener: (event: IncomingEvent) => unknown) => {
      listeners.set(filter, listener)
      return { pattern: '', unsubscribe: async () => void listeners.delete(filter) }
    },
  } as unknown as Mesh
  const say = (device: string, event: string) => {
    for (const [filter, listener] of [...listeners]) {
      const wanted = (filter.device ?? device) === device && (filter.event ?? event) === event
      if (wanted) listener({ device, event, payload: {} })
    }
  }
  return { mesh, listeners, say }
}

describe('EventHub', () => {
  it('delivers each event once to each plugin, however many filters match', async () => {
    const { mesh, say } = fakeMesh()
    const hub = new EventHub('me', silentLogger)
    const heard: string[] = []
    hub.set('a', [{}, { event: 'x' }, { device: 'other' }], ({ device, event }) => heard.push(`a ${device} ${event}`))
    hub.set('b', [{ device: 'me', event: 'x' }], ({ device, event }) => heard.push(`b ${device} ${event}`))
    await hub.attach(mesh)
    say('other', 'x')
    say('me', 'x')
    expect(heard).toEqual(['a other x'])
    hub.deliver({ device: 'me', event: 'x', payload: {} })
    expect(heard).toEqual(['a other x', 'a me x', 'b me x'])
  })

  it('keeps one subscription for each distinct filter, and none that nobody needs', async () => {
    const { mesh, listeners } = fakeMesh()
    const hub = new EventHub('me', silentLogger)
    hub.set('a', [{ event: 'x' }], () => {})
    hub.set('b', [{ event: 'x' }, { device: 'me' }], () => {})
    await hub.attach(mesh)
    expect([...listeners.keys()]).toEqual([{ event: 'x' }])
    hub.set('a', [], () => {})
    await Promise.resolve()
    expect(listeners.size).toBe(1)
    await hub.attach()
    expect(listeners.size).toBe(0)
  })

  it('hears what is wanted now, though an earlier change still waits for the mesh', async () => {
    const { mesh, listeners, say } = fakeMesh()
    let free = () => {}
    const held = new Promise<void>((resolve) => {
      free = resolve
    })
    const slow = {
      on: async (filter: EventFilter, listener: (event: IncomingEvent) => unknown) => {
        const { unsubscribe } = await mesh.on(filter, listener as never)
        return { pattern: '', unsubscribe: () => held.then(unsubscribe) }
      },
    } as unknown as Mesh
    const hub = new EventHub('me', silentLogger)
    const heard: string[] = []
    hub.set('a', [{ event: 'x' }], () => heard.push('a'))
    await hub.attach(slow)
    hub.set('a', [], () => {})
    hub.set('b', [{ event: 'y' }], () => heard.push('b'))
    hub.set('a', [{ event: 'x' }], () => heard.push('a'))
    await new Promise((resolve) => setImmediate(resolve))
    say('other', 'y')
    say('other', 'x')
    expect(heard).toEqual(['b', 'a'])
    free()
    await new Promise((resolve) => setImmediate(resolve))
    say('other', 'y')
    say('other', 'x')
    expect(heard).toEqual(['b', 'a', 'b', 'a'])
    expect([...listeners.keys()]).toEqual([{ event: 'y' }, { event: 'x' }])
  })

  it('takes a pattern of devices, and names that only the mesh knows', async () => {
    const { mesh, listeners } = fakeMesh()
    const say = (device: string, event: string) => {
      for (const listener of [...listeners.values()]) listener({ device, event, payload: {} })
    }
    const hub = new EventHub('me', silentLogger)
    const heard: string[] = []
    hub.set('a', [{ device: 'lamp-*', event: 'x' }, { event: 'peer_lost' }], (event) => heard.push(event.device))
    await hub.attach(mesh)
    say('lamp-1', 'x')
    say('door-1', 'x')
    say('door-1', 'peer_lost')
    expect(heard).toEqual(['lamp-1', 'door-1'])
  })

  it('survives a mesh that cannot unsubscribe', async () => {
    const unsubscribe = () => Promise.reject(new Error('the line is gone'))
    const hub = new EventHub('me', silentLogger)
    hub.set('a', [{ event: 'x' }], () => {})
    await hub.attach({ on: async () => ({ unsubscribe }) } as unknown as Mesh)
    hub.set('a', [], () => {})
    await expect(hub.attach()).resolves.toBeUndefined()
  })
})
