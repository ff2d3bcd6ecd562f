#!/usr/bin/env node
/**
 * A KV host: starts any KV plugin by its command, puts or gets, and ends it.
 *
 *     node host.ts put hello world -- ./go-kv
 *     node host.ts get hello -- node plugin.ts
 */
import { pluginClient } from '@backplane/handshake-grpc'
import { handshake, KV } from './kv.ts'

const split = process.argv.indexOf('--')
const [action, key, value] = process.argv.slice(2, split)
const [command, ...args] = process.argv.slice(split + 1)
if (split === -1 || command === undefined || key === undefined || !(action === 'get' || (action === 'put' && value))) {
  console.error('Usage: host.ts put KEY VALUE -- COMMAND [ARG...]\n       host.ts get KEY -- COMMAND [ARG...]')
  process.exit(2)
}

await using client = pluginClient({ handshake, plugins: { kv: KV }, command, args, autoMtls: true })
const kv = await client.dispense('kv')
if (action === 'put') await kv.Put!({ key, value: Buffer.from(value!) })
else console.log(String((await kv.Get!({ key })).value))
