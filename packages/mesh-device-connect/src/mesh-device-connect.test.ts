import { expect, test } from 'vitest'
import { meshDeviceConnect } from './mesh-device-connect.ts'

const silent = { logger: { info() {} } }

test('greets by name, with the greeting it was given', () => {
  expect(meshDeviceConnect()(silent).greet('plugin')).toBe('Hello, plugin!')
  expect(meshDeviceConnect({ greeting: 'Hi' })(silent).greet('plugin')).toBe('Hi, plugin!')
})

test('refuses an empty name', () => {
  expect(() => meshDeviceConnect()(silent).greet('')).toThrow(expect.objectContaining({ code: 'BP_INVALID_ARGUMENT' }))
})
