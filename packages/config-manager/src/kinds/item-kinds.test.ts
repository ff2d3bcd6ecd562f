import { expect, test } from 'vitest'
import { type Item, itemTypes } from '../definition.ts'
import { policyOf } from '../policy.ts'
import { type ItemKinds, kindOf } from './item-kinds.ts'
import type { ItemKind } from './kind.ts'
import { freeText } from './text.ts'

const policy = policyOf('default')
const strict = policyOf('strict-fledge')
const item = (type: string, rest: Item = {}): Item => ({ description: '', type, default: '', ...rest })
const typed = (type: string, text: string, rest: Item = {}) => kindOf(type).typed(text, item(type, rest))
const schema = (type: string, rest: Item = {}) => kindOf(type).schema(item(type, rest), () => ({ member: true }))

test('a type with nothing written for it does not compile', () => {
  const finish = (kinds: ItemKinds) => kinds
  const { string: _, ...others } = {} as ItemKinds
  // @ts-expect-error: `string` is missing
  expect(finish(others)).toEqual({})
  // @ts-expect-error: nothing but a widget
  const widgetOnly: ItemKind = { widget: 'code' }
  // @ts-expect-error: a text that says nothing of its schema
  const schemaless: ItemKind = { ...freeText, schema: undefined }
  expect([widgetOnly, schemaless]).toHaveLength(2)
})

test.each(itemTypes)('%s has a kind of its own', (type) => {
  expect(kindOf(type).schema).not.toBe(kindOf('no type').schema)
})

test.each([['string'], 'constructor', '__proto__', 'toString', undefined, 7])(
  'what is no type (%j) has the kind that refuses nothing',
  (type) => {
    expect(kindOf(type)).toBe(kindOf('no type'))
    expect(kindOf(type).accepts({}, policy)).toBe('accepted')
    expect(kindOf(type).schema({}, () => ({}))).toEqual({})
  },
)

test.each([
  ['boolean', 'TRUE', 'accepted'],
  ['boolean', 'yes', 'refused'],
  ['integer', '-12', 'accepted'],
  ['integer', '1_000', 'refused'],
  ['integer', '1.5', 'refused'],
  ['float', '1e3', 'accepted'],
  ['float', 'nan', 'refused'],
  ['IPv4', '10.0.0.1', 'accepted'],
  ['IPv4', '::1', 'refused'],
  ['IPv6', '::1', 'accepted'],
  ['IPv6', '10.0.0.1', 'refused'],
  ['IPv4', -1, 'refused'],
  ['URL', 'http://host/path', 'accepted'],
  ['URL', 'mailto:somebody@host', 'refused'],
  ['JSON', '{"a":1}', 'accepted'],
  ['JSON', '{a:1}', 'refused'],
  ['JSON', { a: 1 }, 'accepted'],
  ['JSON', [1], 'refused'],
  ['string', 7, 'refused'],
  ['northTask', null, 'refused'],
  ['password', 7, 'accepted'],
])('%s given %j is %s', (type, value, verdict) => {
  expect(kindOf(type).accepts(value, policy)).toBe(verdict)
})

test.each([
  ['boolean', 1, 'AttributeError', "'int' object has no attribute 'lower'"],
  ['float', null, 'TypeError', "float() argument must be a string or a real number, not 'NoneType'"],
])('%s given %j fails as upstream does', (type, value, fault, says) => {
  expect(kindOf(type).accepts(value, strict)).toEqual({ fault, says })
})

test.each([
  ['integer', ' 1_000 '],
  ['float', 'inf'],
  ['IPv4', '::1'],
  ['IPv6', 5],
])('%s takes %j as upstream does', (type, value) => {
  expect(kindOf(type).accepts(value, strict)).toBe('accepted')
})

test('an integer is kept as plain decimal, and upstream as it was typed', () => {
  expect(kindOf('integer').canonical('+007', policy)).toBe('7')
  expect(kindOf('integer').canonical('+007', strict)).toBe('+007')
})

test('a float is kept as Python writes it', () => {
  expect(kindOf('float').canonical('1e16', policy)).toBe('1e+16')
  expect(kindOf('float').canonical(2, policy)).toBe('2.0')
})

test('a boolean is kept in small letters', () => {
  expect(kindOf('boolean').canonical('True', policy)).toBe('true')
})

test.each([
  ['boolean', 'true', true],
  ['boolean', 'maybe', 'maybe'],
  ['integer', '5', 5],
  ['integer', '9007199254740993', 9007199254740993n],
  ['integer', 'five', 'five'],
  ['float', '0.5', 0.5],
  ['script', '6869', 'hi'],
  ['script', 'no hex', 'no hex'],
  ['JSON', '{"a":[1]}', { a: [1] }],
  ['JSON', '{', '{'],
  ['bucket', '{"key":"a"}', { key: 'a' }],
  ['string', '5', '5'],
])('%s text %s is %s to a plugin', (type, text, value) => {
  expect(typed(type, text)).toEqual(value)
})

test('the elements of a list of numbers are numbers, and what is no number stays text', () => {
  expect(typed('list', '["1","x"]', { items: 'integer' })).toEqual([1, 'x'])
  expect(typed('kvlist', '{"a":"1.5"}', { items: 'float' })).toEqual({ a: 1.5 })
})

test('the elements of a list of texts stay text', () => {
  expect(typed('list', '["1","2"]', { items: 'string' })).toEqual(['1', '2'])
})

test('a list is taken out of its named object', () => {
  expect(typed('list', '{"tags": ["a"]}', { items: 'string', listName: 'tags' })).toEqual(['a'])
})

test.each([
  ['string', 5, '5'],
  ['boolean', true, 'true'],
  ['integer', 12345678901234567890n, '12345678901234567890'],
  ['list', ['a'], '["a"]'],
  ['script', 'hi', '6869'],
  ['JSON', null, 'null'],
  ['string', null, null],
  ['string', undefined, undefined],
])('%s keeps %s as %s', (type, value, text) => {
  expect(kindOf(type).text(value)).toBe(text)
})

test('an object that contains itself has no text', () => {
  const endless: { self?: unknown } = {}
  endless.self = endless
  expect(kindOf('JSON').text(endless)).toBeUndefined()
})

test.each([
  ['integer', '5', 5n],
  ['float', '5', 5],
  ['boolean', 'TRUE', true],
  ['JSON', '3', 3n],
  ['JSON', 'no JSON', 'no JSON'],
  ['string', '5', '5'],
])('a rule sees %s %s as %s', (type, text, operand) => {
  expect(kindOf(type).bound(text, item(type))).toEqual(operand)
})

test.each([
  ['integer', { minimum: '1', maximum: '9' }, { type: 'integer', minimum: 1, maximum: 9 }],
  ['float', { minimum: '0.5', maximum: '' }, { type: 'number', minimum: 0.5 }],
  ['string', { length: '5', mandatory: 'true' }, { type: 'string', maxLength: 5, minLength: 1 }],
  ['enumeration', { options: ['a', 'b'] }, { enum: ['a', 'b'] }],
  ['JSON', { schema: { type: 'array' } }, { type: 'array' }],
  ['JSON', {}, {}],
  ['password', {}, { type: 'string', format: 'password', writeOnly: true }],
  ['IPv6', {}, { type: 'string', format: 'ipv6' }],
  [
    'list',
    { items: 'integer', minimum: '0', listSize: '3' },
    { type: 'array', items: { type: 'integer', minimum: 0 }, maxItems: 3, uniqueItems: true },
  ],
  ['list', { items: 'enumeration', options: ['a'], listSize: '-1' }, { type: 'array', items: { enum: ['a'] } }],
  [
    'kvlist',
    { items: 'object', properties: { a: {} } },
    { type: 'object', additionalProperties: { type: 'object', properties: { a: { member: true } } } },
  ],
])('the JSON Schema of %s with %j', (type, rest, expected) => {
  expect(schema(type, rest as Item)).toEqual(expected)
})

test.each([
  ['password', 'password'],
  ['code', 'code'],
  ['X509 certificate', 'code'],
  ['script', 'upload'],
  ['ACL', 'acl'],
  ['JSON', 'json'],
  ['bucket', 'bucket'],
  ['northTask', 'northTask'],
  ['string', undefined],
  ['list', undefined],
])('%s is typed into the input %s', (type, widget) => {
  expect(kindOf(type).widget).toBe(widget)
})
