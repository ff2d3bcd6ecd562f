import { expect, test } from 'vitest'
import { addressFamily } from './address.ts'

test.each(['0.0.0.0', '10.0.0.1', '255.255.255.255'])('%s is an IPv4 address', (text) => {
  expect(addressFamily(text)).toBe(4)
})

test.each([
  '::',
  '::1',
  '1::',
  '1:2:3:4:5:6:7:8',
  '1::8',
  'fe80::1%eth0',
  '::ffff:10.0.0.1',
  '1:2:3:4:5:6:10.0.0.1',
  'ABCD::',
])('%s is an IPv6 address', (text) => {
  expect(addressFamily(text)).toBe(6)
})

test.each([
  ['', 'nothing'],
  ['10.0.0', 'three octets'],
  ['10.0.0.0.1', 'five octets'],
  ['10.0.0.256', 'an octet above 255'],
  ['10.0.0.01', 'a leading zero'],
  [' 10.0.0.1', 'a space'],
  ['10.0.0.1/8', 'a prefix'],
  ['::1/64', 'a prefix'],
  ['1:2', 'too few groups'],
  ['1:2:3:4:5:6:7', 'seven groups'],
  ['1:2:3:4:5:6:7:8:9', 'nine groups'],
  ['1::2::3', 'two gaps'],
  [':::', 'three colons'],
  [':1::2', 'an open start'],
  ['1::2:', 'an open end'],
  ['1:2:3:4:5:6:7::8', 'a gap of nothing'],
  ['12345::', 'five digits'],
  ['g::', 'no hexadecimal digit'],
  ['fe80::1%', 'an empty zone'],
  ['fe80::1%a%b', 'two zones'],
  ['::10.0.0.256', 'an IPv4 part that is none'],
])('%j is no address: %s', (text) => {
  expect(addressFamily(text)).toBeUndefined()
})
