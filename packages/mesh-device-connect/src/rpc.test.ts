import { Buffer } from 'node:buffer'
import { expect, it } from 'vitest'
import { readRequest } from './rpc.ts'

const read = (text: string) => readRequest(Buffer.from(text))

it.each(['"a"', '7', 'null', 'true', '{"a":[1]}'])('keeps the id %s', (id) => {
  expect(read(`{"id":${id},"method":"f"}`)).toEqual({ kind: 'request', id: JSON.parse(id), method: 'f', params: {} })
})

it.each([['nested without end', `${'['.repeat(5000)}${']'.repeat(5000)}`]])(
  'answers a request whose id is %s, though it cannot repeat it',
  (_, id) => {
    expect(read(`{"id":${id},"method":"f"}`)).toMatchObject({ kind: 'refused', id: null, error: { code: -32600 } })
  },
)

it.each(['{"method":"f"}', '{"method":"f","params":{"id":1}}'])('takes %s for a notification', (text) => {
  expect(read(text)).toEqual({ kind: 'notification' })
})
