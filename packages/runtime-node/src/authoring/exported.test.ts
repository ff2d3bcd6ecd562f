import { expect, test } from 'vitest'
import { exportedPlugin } from './exported.ts'

const plugin = { functions: { ping: () => 'pong' } }
class Empty {
  static functions = { ping: {} }
  ping() {}
}
const reasonOf = (module: object, className?: string) => {
  try {
    exportedPlugin(module, { id: 'p', ...(className ? { class_name: className } : {}) })
    return 'nothing thrown'
  } catch (error) {
    expect(error).toMatchObject({ code: 'BP_PLUGIN_LOAD_FAILED' })
    return (error as Error).message
  }
}

test('finds the default export, also of code compiled to CommonJS', () => {
  expect(exportedPlugin({ default: plugin, other: 1 }, { id: 'p' })).toBe(plugin)
  expect(exportedPlugin({ default: { __esModule: true, default: plugin } }, { id: 'p' })).toBe(plugin)
})

test('takes named exports together', () => {
  expect(exportedPlugin(plugin, { id: 'p' })).toBe(plugin)
})

test('finds what class_name names: a class or an object, also where only the default export has it', () => {
  const manifest = { id: 'p', class_name: 'Mine' }
  expect(exportedPlugin({ default: {}, Mine: plugin }, manifest)).toBe(plugin)
  expect(exportedPlugin({ default: { Mine: plugin } }, manifest)).toBe(plugin)
  expect(Object.keys(exportedPlugin({ Mine: Empty }, manifest).functions ?? {})).toEqual(['ping'])
})

test('says what it found instead of a plugin', () => {
  expect(reasonOf({})).toContain('it exports nothing')
  expect(reasonOf({ default: () => {} })).toContain("it exports 'default'")
  expect(reasonOf({ one: 1, two: 2 })).toContain("it exports 'one', 'two'")
  expect(reasonOf({ One: Empty }, 'Two')).toContain("exports no 'Two' (class_name); it exports 'One'")
  expect(reasonOf({ Two: 5 }, 'Two')).toContain("'Two' exports no plugin")
})
