import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { catalogFromProto, type ServiceCatalog } from './descriptors.ts'
import { methodFunctions } from './methods.ts'

const proto = `syntax = "proto3";
package a.b;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "google/protobuf/any.proto";
import "google/protobuf/struct.proto";
enum Colour { RED = 0; BLUE = 1; }
message Tree { string name = 1; repeated Tree children = 2; }
message Wide { repeated float ratios = 1; int64 big = 2; }
message All {
  bool flag = 1; int32 small = 2; uint64 big_number = 3; double number = 4; bytes data = 5; Colour colour = 6;
  repeated string names = 7; map<string, int64> counts = 8; Tree tree = 9;
  google.protobuf.Timestamp at = 10; google.protobuf.StringValue maybe = 11; google.protobuf.Struct anything = 12;
  google.protobuf.UInt64Value total = 15; google.protobuf.Any wrapped = 16; repeated Wide wide = 17;
  oneof choice { string text = 13; int32 count = 14; }
}
service One { rpc Echo(All) returns (All); rpc Watch(Tree) returns (stream Tree); rpc Send(stream Tree) returns (Tree); }
service Two { rpc Echo(Tree) returns (Tree); }`

let folder = ''
let catalog: ServiceCatalog
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'schema-'))
  writeFileSync(join(folder, 'all.proto'), proto)
  catalog = await catalogFromProto([join(folder, 'all.proto')])
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('methods as functions', () => {
  it('are named by service and method, or by method where that is enough', () => {
    expect([...methodFunctions(catalog, 'service').keys()]).toEqual(['One.Echo', 'One.Watch', 'Two.Echo'])
    expect([...methodFunctions(catalog, 'method').keys()]).toEqual(['a.b.One.Echo', 'Watch', 'a.b.Two.Echo'])
    expect(methodFunctions(catalog, 'service').get('One.Watch')?.descriptor.stream).toBe('items')
  })

  it('have the JSON Schema of their messages', () => {
    const { parameters } = methodFunctions(catalog, 'service').get('One.Echo')!.descriptor
    expect(parameters).toEqual({
      type: 'object',
      properties: {
        flag: { type: 'boolean' },
        small: { type: 'integer', minimum: -2147483648, maximum: 2147483647 },
        bigNumber: { type: ['integer', 'string'], pattern: '^[0-9]+$', format: 'uint64' },
        number: { anyOf: [{ type: 'number' }, { enum: ['NaN', 'Infinity', '-Infinity'] }] },
        data: { type: 'string', contentEncoding: 'base64' },
        colour: { type: 'string', enum: ['RED', 'BLUE'] },
        names: { type: 'array', items: { type: 'string' } },
        counts: {
          type: 'object',
          additionalProperties: { type: ['integer', 'string'], pattern: '^-?[0-9]+$', format: 'int64' },
        },
        tree: { $ref: '#/$defs/a.b.Tree' },
        at: { type: 'string', format: 'date-time' },
        maybe: { anyOf: [{ type: 'string' }, { type: 'null' }] },
        anything: { type: 'object' },
        total: { anyOf: [{ type: ['integer', 'string'], pattern: '^[0-9]+$', format: 'uint64' }, { type: 'null' }] },
        wrapped: { type: 'object', properties: { '@type': { type: 'string' } }, required: ['@type'] },
        wide: { type: 'array', items: { $ref: '#/$defs/a.b.Wide' } },
        text: { type: 'string' },
        count: { type: 'integer', minimum: -2147483648, maximum: 2147483647 },
      },
      $defs: {
        'a.b.Tree': {
          type: 'object',
          properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#/$defs/a.b.Tree' } } },
        },
        'a.b.Wide': expect.objectContaining({ type: 'object' }),
      },
    })
    const tree = methodFunctions(catalog, 'service').get('Two.Echo')!.descriptor.parameters
    expect(tree).toMatchObject({
      properties: { children: { items: { $ref: '#/$defs/a.b.Tree' } } },
      $defs: { 'a.b.Tree': { type: 'object' } },
    })
  })

  it('carry JSON both ways', () => {
    const { encode, decode } = methodFunctions(catalog, 'service').get('One.Echo')!
    const params = {
      flag: true,
      small: -5,
      bigNumber: 18446744073709551615n,
      number: 1.5,
      data: 'AAH/',
      colour: 'BLUE',
      names: ['ä', ''],
      counts: { x: -9007199254740993n, y: 5 },
      tree: { name: 'root', children: [{ name: 'leaf', children: [] }] },
      at: '2026-01-02T03:04:05Z',
      maybe: 'yes',
      anything: { nested: [1, null, { deep: true }] },
      text: 'chosen',
      wide: [],
    }
    expect(decode(encode(params))).toEqual(params)
    expect(decode(encode({ data: Uint8Array.of(0, 1, 255), big_number: 7, nothing: undefined }))).toMatchObject({
      data: 'AAH/',
      bigNumber: 7,
      flag: false,
      names: [],
    })
  })

  it('carry numbers as they are, texts of them too', () => {
    const { encode, decode, descriptor } = methodFunctions(catalog, 'service').get('One.Echo')!
    expect(descriptor.result).toMatchObject({
      properties: { bigNumber: { type: 'integer' }, number: { type: 'number' } },
    })
    for (const number of [Number.NaN, Infinity, -Infinity, -0, 2 ** 53, 0.5]) {
      expect(decode(encode({ number }))).toMatchObject({ number })
      expect(decode(encode({ wide: [{ ratios: [number] }] }))).toMatchObject({ wide: [{ ratios: [number] }] })
    }
    for (const [given, got] of [
      ['18446744073709551615', 18446744073709551615n],
      ['7', 7],
      [2n, 2],
      [9007199254740993n, 9007199254740993n],
      [2 ** 53 - 1, 2 ** 53 - 1],
    ] as const) {
      expect(decode(encode({ big_number: given }))).toMatchObject({ bigNumber: got })
      expect(decode(encode({ total: given }))).toMatchObject({ total: got })
    }
    const least = {
      counts: { least: -(2n ** 63n), __proto__x: 1 },
      wrapped: { '@type': 'type.googleapis.com/a.b.Wide' },
    }
    expect(decode(encode({ ...least, wrapped: { ...least.wrapped, big: 2n ** 63n - 1n } }))).toMatchObject({
      counts: least.counts,
      wrapped: { '@type': 'type.googleapis.com/a.b.Wide', big: 2n ** 63n - 1n },
    })
    expect(decode(encode({ number: 9007199254740993n, anything: { a: [2n ** 60n] } }))).toMatchObject({
      number: 2 ** 53,
      anything: { a: [2 ** 60] },
    })
  })

  it.each([
    [{ bigNumber: 2n ** 64n }, /big_number/],
    [{ small: 2n ** 40n }, /small/],
    [{ small: Number.NaN }, /small/],
    [{ anything: { a: 2n ** 53n + 1n } }, /9007199254740993/],
    [{ text: 2n ** 53n + 1n }, /9007199254740993/],
    [{ unknown: 1 }, /unknown/],
    [{ small: 2 ** 40 }, /small/],
    [{ colour: 'GREEN' }, /colour|Colour|GREEN/],
    [{ text: 'a', count: 1 }, /choice|oneof/],
    [{ data: '***' }, /data/],
  ])('refuse %o and say where', (params, text) => {
    const { encode } = methodFunctions(catalog, 'service').get('One.Echo')!
    expect(() => encode(params as never)).toThrow(expect.objectContaining({ code: 'BP_PARAMS_INVALID' }))
    expect(() => encode(params as never)).toThrow(text)
  })

  it('need a .proto that can be read', async () => {
    writeFileSync(join(folder, 'bad.proto'), 'nonsense')
    const refused = { code: 'BP_HANDSHAKE_SCHEMA' }
    await expect(catalogFromProto([join(folder, 'bad.proto')])).rejects.toMatchObject(refused)
    await expect(catalogFromProto([join(folder, 'gone.proto')])).rejects.toMatchObject(refused)
  })
})
