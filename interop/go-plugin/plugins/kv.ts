#!/usr/bin/env node
/**
 * A KV plugin for go-plugin's `grpc` and `negotiated` hosts: versions 1 and 3, values in files of the working
 * directory.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { implement, servePlugin } from '@backplane/handshake-grpc'
import { basicHandshake, KV } from './definitions.ts'

const kv = (note: string) =>
  implement(KV, {
    Put: ({ key, value }) => {
      writeFileSync(`kv_${key}`, `${value}${note}`)
      return {}
    },
    Get: async ({ key }) => {
      if (key === 'crash') {
        setImmediate(() => {
          throw new TypeError('out of cheese')
        })
        await new Promise(() => {})
      }
      return { value: readFileSync(`kv_${key}`) }
    },
  })

await servePlugin({
  handshake: basicHandshake,
  versionedPlugins: {
    1: { kv: kv('\n\nWritten from TypeScript') },
    3: { kv: kv('\n\nWritten from TypeScript, version 3') },
  },
})
