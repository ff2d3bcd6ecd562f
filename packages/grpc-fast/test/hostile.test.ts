import { PassThrough } from 'node:stream'
import { createServer, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { connectivityState, Metadata, status } from '@grpc/grpc-js'
import { afterEach, expect, it } from 'vitest'
import { type FastChannel, type FastChannelInit, fastChannel } from '../src/index.ts'
import { definition, stub, unary } from './service.ts'

const open: FastChannel[] = []
afterEach(() => {
  for (const channel of open.splice(0)) channel.destroy()
})
function channelOf(init: FastChannelInit): FastChannel {
  const channel = fastChannel(init)
  open.push(channel)
  return channel
}

it.each<[string, FastChannelInit]>([
  ['a port that cannot be', { target: { host: 'localhost', port: 99_999 } }],
  ['a certificate that cannot be read', { target: { path: '/nowhere' }, tls: { cert: 'none' } }],
  [
    'options of TLS that cannot be had',
    {
      target: { path: '/nowhere' },
      tls: () => {
        throw new Error('no file')
      },
    },
  ],
  [
    'a certificate that cannot be read, over a stream',
    { target: { open: () => new PassThrough() }, tls: { cert: 'none' } },
  ],
])('says so at the call, not by throwing: %s', async (_, init) => {
  const channel = channelOf(init)
  await expect(channel.connect()).rejects.toMatchObject({ code: 'GRPC_FAST_CONNECT' })
  expect(channel.getConnectivityState(false)).toBe(connectivityState.TRANSIENT_FAILURE)
  const other = channelOf(init)
  expect(await unary(stub(other), definition.echo, Buffer.from('x'))).toMatchObject({ code: status.UNAVAILABLE })
})

