import { expect, test } from 'vitest'
import { runtimePython } from './runtime-python.ts'

const silent = { logger: { info() {} } }

test('greets by name, with the greeting it was given', () => {
  expect(runtimePython()(silent).greet('plugin')).toBe('Hello, plugin!')
  expect(runtimePython({ greeting: 'Hi' })(silent).greet('plugin')).toBe('Hi, plugin!')
})

test('refuses an empty name', () => {
  expect(() => runtimePython()(silent).greet('')).toThrow(expect.objectContaining({ code: 'BP_INVALID_ARGUMENT' }))
})
