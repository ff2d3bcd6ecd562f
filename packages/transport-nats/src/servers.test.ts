import { expect, test } from 'vitest'
import { addressOf, hostPort, parseServer } from './servers.ts'

test.each([
  ['nats://box:5000', { host: 'box', port: 5000, tls: false }, 'nats://box:5000'],
  ['box', { host: 'box', port: 4222, tls: false }, 'nats://box:4222'],
  ['box:80', { host: 'box', port: 80, tls: false }, 'nats://box:80'],
  ['tls://box', { host: 'box', port: 4222, tls: true }, 'tls://box:4222'],
  ['nats://[::1]:4223', { host: '::1', port: 4223, tls: false }, 'nats://[::1]:4223'],
  ['127.0.0.1', { host: '127.0.0.1', port: 4222, tls: false }, 'nats://127.0.0.1:4222'],
])('reads %s', (text, server, address) => {
  expect(parseServer(text)).toEqual(server)
  expect(addressOf(parseServer(text))).toBe(address)
  expect(parseServer(hostPort(parseServer(text))).host).toBe(server.host)
})

test('takes a login from the address, and shows it nowhere', () => {
  const server = parseServer('nats://a%3Ab:p%40ss@box')
  expect(server.credentials).toEqual({ user: 'a:b', password: 'p@ss' })
  expect(addressOf(server)).toBe('nats://box:4222')
  expect(parseServer('nats://t0ken@box').credentials).toEqual({ token: 't0ken' })
})

test.each([
  '',
  'ws://box',
  'http://box',
  'nats://',
  'nats://box:99999',
  'nats://user:secret@',
  'a b',
  '%zz',
  'nats://%zz@h',
])('refuses %j, without repeating what may be secret', (text) => {
  let error: unknown
  try {
    parseServer(text)
  } catch (thrown) {
    error = thrown
  }
  expect(error).toMatchObject({ code: 'BP_INVALID_ARGUMENT' })
  expect(JSON.stringify(error)).not.toContain('secret')
})
