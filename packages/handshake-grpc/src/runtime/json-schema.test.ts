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
import "google/protobuf/struct.proto";
enum Colour { RED = 0; BLUE = 1; }
message Tree { string name = 1; repeated Tree children = 2; }
message All {
  bool flag = 1; int32 small = 2; uint64 big_number = 3; double number = 4; bytes data = 5; Colour colour = 6;
  repeated string names = 7; map<string, int64> counts = 8; Tree tree = 9;
  google.protobuf.Timestamp at = 10; google.protobuf.StringValue maybe = 11; google.protobuf.Struct anything = 12;
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
        bigNumber: { type: ['string', 'integer'], pattern: '^[0-9]+$', format: 'uint64' },
        number: { anyOf: [{ type: 'number' }, { enum: ['NaN', 'Infinity', '-Infinity'] }] },
        data: { type: 'string', contentEncoding: 'base64' },
        colour: { type: 'string', enum: ['RED', 'BLUE'] },
        names: { type: 'array', items: { type: 'string' } },
        counts: {
          type: 'object',
          additionalProperties: { type: ['string', 'integer'], pattern: '^-?[0-9]+$', format: 'int64' },
        },
        tree: { $ref: '#/$defs/a.b.Tree' },
        at: { type: 'string', format: 'date-time' },
        maybe: { anyOf: [{ type: 'string' }, { type: 'null' }] },
        anything: { type: 'object' },
        text: { type: 'string' },
        count: { type: 'integer', minimum: -2147483648, maximum: 2147483647 },
      },
      $defs: {
        'a.b.Tree': {
          type: 'object',
          properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#/$defs/a.b.Tree' } } },
        },
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
      bigNumber: '18446744073709551615',
      number: 1.5,
      data: 'AAH/',
      colour: 'BLUE',
      names: ['ä', ''],
      counts: { x: '-9007199254740993' },
      tree: { name: 'root', children: [{ name: 'leaf', children: [] }] },
      at: '2026-01-02T03:04:05Z',
      maybe: 'yes',
      anything: { nested: [1, null, { deep: true }] },
      text: 'chosen',
    }
    expect(decode(encode(params))).toEqual(params)
    expect(decode(encode({ data: Uint8Array.of(0, 1, 255), big_number: 7, nothing: undefined }))).toMatchObject({
      data: 'AAH/',
      bigNumber: '7',
      flag: false,
      names: [],
    })
  })

  it.each([
    [{ unknown: 1 }, /unknown/],
    [{ small: 2 ** 40 }, /small/],
    [{ colour: 'GREEN' }, /colour|Colour|GREEN/],
    [{ text: 'a', count: 1 }, /choice|oneof/],
    [{ data: '***' }, /data/],
  ])('refuse %j and say where', (params, text) => {
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
