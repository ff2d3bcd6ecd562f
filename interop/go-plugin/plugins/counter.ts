#!/usr/bin/env node
/** A counter for go-plugin's `bidirectional` host: adding is done by the host, over the broker. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { implement, servePlugin } from '@backplane/handshake-grpc'
import { AddHelper, basicHandshake, Counter } from './definitions.ts'

const read = (key: string) => (existsSync(`kv_${key}`) ? Number(readFileSync(`kv_${key}`, 'utf8')) : 0)

await servePlugin({
  handshake: basicHandshake,
  plugins: {
    counter: ({ broker }) =>
      implement(Counter, {
        Get: ({ key }) => ({ value: read(key) }),
        Put: async ({ add_server, key, value }) => {
          await using helper = await broker.dial(add_server)
          const { r } = await helper.service(AddHelper).Sum!({ a: read(key), b: value })
          writeFileSync(`kv_${key}`, String(r))
          return {}
        },
      }),
  },
})
