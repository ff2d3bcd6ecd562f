import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { category, configManager } from '../src/index.ts'
import { jsonSchemaOf, uiSchemaOf } from '../src/schema/index.ts'

const items = category({
  mode: { description: 'How', type: 'enumeration', default: 'a', options: ['a', 'b'], order: '2' },
  rate: {
    description: 'Rate',
    type: 'float',
    default: '1.5',
    minimum: '0',
    maximum: '10',
    order: '1',
    displayName: 'Rate',
  },
  only: { description: 'B', type: 'string', default: 'x', length: '4', validity: 'mode == "b"', mandatory: 'true' },
  odd: { description: 'C', type: 'boolean', default: 'true', validity: 'rate > 3 && mode == "b"', readonly: 'true' },
  token: { description: 'T', type: 'password', default: 'secret', group: 'Security', mandatory: 'true' },
  ports: { description: 'P', type: 'list', items: 'integer', default: '["1"]', listSize: '2', group: 'Security' },
  map: {
    description: 'M',
    type: 'kvlist',
    items: 'object',
    default: '{}',
    keyName: 'Name',
    properties: { p: { description: '', type: 'integer', default: '1' } },
  },
  data: { description: 'J', type: 'JSON', default: '{"n":1}', schema: { type: 'object', required: ['n'] } },
})

describe('the JSON Schema of a category', () => {
  it('takes its values and refuses what the manager refuses', async () => {
    await using manager = configManager()()
    await manager.register('c', items)
    const accepts = new Ajv2020({ strict: false, validateFormats: false }).compile(
      jsonSchemaOf(manager.items('c') ?? {}),
    )
    const values = manager.values('c') as object
    expect(accepts(values), JSON.stringify(accepts.errors)).toBe(true)
    for (const wrong of [
      { mode: 'x' },
      { rate: 11 },
      { only: 'too long' },
      { ports: [1, 2, 3] },
      { ports: ['x'] },
      { map: { k: { p: 'x' } } },
      { data: {} },
      { nope: 1 },
    ]) {
      expect(accepts({ ...values, ...wrong }), JSON.stringify(wrong)).toBe(false)
      await expect(manager.update('c', wrong), JSON.stringify(wrong)).rejects.toHaveProperty('code')
    }
  })

  it('shows neither a secret nor its default', () => {
    expect(JSON.stringify(jsonSchemaOf(items))).not.toContain('secret')
    expect(jsonSchemaOf(items)).toMatchObject({
      required: ['token'],
      properties: { rate: { title: 'Rate', default: 1.5, minimum: 0 }, odd: { readOnly: true } },
    })
  })
})

describe('the UI schema of a category', () => {
  it('orders items, makes tabs of groups, and shows what applies', () => {
    expect(uiSchemaOf(items)).toMatchObject({
      type: 'Categorization',
      elements: [
        {
          label: 'Basic',
          elements: [
            { scope: '#/properties/rate', label: 'Rate' },
            { scope: '#/properties/mode' },
            { scope: '#/properties/only', rule: { condition: { scope: '#/properties/mode', schema: { const: 'b' } } } },
            { scope: '#/properties/odd', options: { readonly: true, validity: 'rate > 3 && mode == "b"' } },
            { scope: '#/properties/map', options: { keyName: 'Name' } },
            { scope: '#/properties/data', options: { widget: 'json' } },
          ],
        },
        { label: 'Security', elements: [{ options: { widget: 'password' } }, { scope: '#/properties/ports' }] },
      ],
    })
    expect(uiSchemaOf({ a: items.mode })).toMatchObject({ type: 'VerticalLayout', elements: [{ label: 'a' }] })
  })
})
