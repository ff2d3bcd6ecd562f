#!/usr/bin/env -S node --conditions=@backplane/source
// The condition makes it run from source in this repository; elsewhere it means nothing.
/**
 * A KV plugin: keeps each value in a file `kv_KEY` of its working directory. go-plugin's own KV example host starts it:
 *
 *     KV_PLUGIN="exec node plugin.ts" KV_PROTO=grpc ./kv put hello world
 */
import { readFile, writeFile } from 'node:fs/promises'
import { implement, servePlugin } from '@backplane/handshake-grpc'
import { handshake, KV } from './kv.ts'

await servePlugin({
  handshake,
  plugins: {
    kv_grpc: ({ logger }) =>
      implement(KV, {
        async Put({ key, value }) {
          logger.info({ key, bytes: value.length }, 'put')
          await writeFile(`kv_${key}`, `${value}\n\nWritten from plugin.ts`)
          return {}
        },
        async Get({ key }) {
          return { value: await readFile(`kv_${key}`) }
        },
      }),
  },
})
