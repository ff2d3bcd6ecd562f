import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CapabilityRegistry, type Offer } from './registry.ts'

const offer = (...names: string[]): Offer => ({
  functions: names.map((name) => ({ name })),
  events: [{ name: 'changed' }],
  route: () => async () => null,
})
const none = offer()

describe('CapabilityRegistry', () => {
  it('refuses a qualified name that is taken, and changes nothing', () => {
    const registry = new CapabilityRegistry(offer('x.y'))
    registry.set('a', offer('b.c'))
    const before = registry.advertisement
    expect(() => registry.set('a.b', offer('c'))).toThrow(expect.objectContaining({ code: 'BP_FUNCTION_COLLISION' }))
    expect(() => registry.set('x', offer('y'))).toThrow(expect.objectContaining({ code: 'BP_FUNCTION_COLLISION' }))
    expect(() => registry.set('d', offer('e', 'e'))).toThrow(expect.objectContaining({ code: 'BP_FUNCTION_COLLISION' }))
    expect(registry.advertisement).toBe(before)
  })

  it('tells each change with a rising revision, and events once', () => {
    const seen: [number, string[], string[]][] = []
    const registry = new CapabilityRegistry(none, ({ revision, functions, events }) => {
      seen.push([revision, functions.map((fn) => fn.name), events.map((event) => event.name)])
    })
    registry.set('a', offer('f'))
    registry.set('b', offer('f'))
    registry.delete('a')
    registry.delete('a')
    expect(seen).toEqual([
      [1, ['f'], ['changed']],
      [2, ['f', 'b.f'], ['changed']],
      [3, ['f'], ['changed']],
    ])
  })

  it('advertises each function once, under a name that reaches it, whatever comes and goes', () => {
    const names = fc.uniqueArray(fc.constantFrom('f', 'g', 'a.f', 'h', 'b.g'), { maxLength: 4 })
    const step = fc.record({ owner: fc.constantFrom('a', 'b', 'c'), names: fc.option(names) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const registry = new CapabilityRegistry(offer('h'))
        const offered = new Map<string, readonly string[]>([['host', ['h']]])
        for (const { owner, names } of steps) {
          try {
            if (names) registry.set(owner, offer(...names))
            else registry.delete(owner)
            if (names) offered.set(owner, names)
            else offered.delete(owner)
          } catch (error) {
            expect(error).toMatchObject({ code: 'BP_FUNCTION_COLLISION' })
          }
          const { functions } = registry.advertisement
          expect(functions).toHaveLength([...offered.values()].flat().length)
          expect(new Set(functions.map((fn) => fn.name)).size).toBe(functions.length)
          for (const { name } of functions) {
            const route = registry.resolve(name)
            expect(name === route?.descriptor.name || name === `${route?.plugin}.${route?.descriptor.name}`).toBe(true)
          }
          expect(registry.resolve('h')?.plugin).toBe('host')
        }
      }),
    )
  })
})
