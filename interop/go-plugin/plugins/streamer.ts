#!/usr/bin/env node
/** A streamer for go-plugin's `streaming` host. */
import { readFileSync, writeFileSync } from 'node:fs'
import { implement, servePlugin } from '@backplane/handshake-grpc'
import { Streamer } from './definitions.ts'

let path = ''
let chunk = 0

await servePlugin({
  handshake: { cookieKey: 'BASIC_PLUGIN', cookieValue: 'hello', protocolVersion: 1 },
  plugins: {
    streamer: implement(Streamer, {
      Configure: (request) => {
        path = request.path
        chunk = request.chunk_size
        return {}
      },
      Read: async function* () {
        const bytes = readFileSync(path)
        for (let at = 0; at < bytes.length; at += chunk) yield { read_bytes: bytes.subarray(at, at + chunk) }
      },
      Write: async (requests) => {
        const parts: Buffer[] = []
        for await (const { bytes_to_write } of requests) parts.push(bytes_to_write)
        writeFileSync(path, Buffer.concat(parts))
        return {}
      },
    }),
  },
})
