/** Plugins that print their line and then never speak gRPC; and hosts that have nothing but a plugin to wait for. */
import { execFile } from 'node:child_process'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { grpcJsWire, inspectPlugin, type PluginClientInit, pluginClient } from '../src/index.ts'
import { Test, testPlugin } from './plugin.ts'

/** Accepts connections and says nothing. */
let mute: Server
let path: string
beforeAll(async () => {
  mute = createServer(() => {})
  path = join(tmpdir(), `mute-${process.pid}`)
  await new Promise<void>((resolve) => mute.listen(path, resolve))
})
afterAll(() => mute.close())

const line = (rest = '') => `echo "1|1|unix|${path}|grpc|${rest}"; sleep 60`

function client(text: string, init: Partial<PluginClientInit> = {}) {
  return pluginClient({
    handshake: { cookieKey: 'K', cookieValue: 'v' },
    plugins: { test: Test },
    command: '/bin/sh',
    args: ['-c', text],
    stdin: 'ignore',
    startTimeoutMs: 1500,
    gracePeriodMs: 10,
    ...init,
  })
}

describe('a plugin that listens and never speaks gRPC', () => {
  const cases: [string, string, Partial<PluginClientInit>][] = [
    ['start() that waits, as one that is tried again does', '', { retry: { attempts: 2, backoffMs: 1 } }],
    ['multiplexed', '|true', { multiplex: true, retry: { attempts: 1 } }],
    ["over grpc-js's own channels", '', { wire: grpcJsWire() }],
  ]
  it.each(cases)('fails in time: %s', async (_, rest, init) => {
    const plugin = client(line(rest), init)
    await expect(plugin.start()).rejects.toMatchObject({ code: 'BP_HANDSHAKE_CONNECT' })
    await plugin.kill()
  })

  it('fails in time: a plain start', async () => {
    const plugin = client(line())
    await expect(plugin.start()).rejects.toMatchObject({
      code: 'BP_HANDSHAKE_CONNECT',
      message: expect.stringContaining('said nothing of HTTP/2 within 1500 ms'),
    })
    await plugin.kill()
  })

  it('fails in time: inspectPlugin', async () => {
    const args = ['-c', line()]
    const inspected = inspectPlugin({
      command: '/bin/sh',
      args,
      cookie: { key: 'K', value: 'v' },
      startTimeoutMs: 1000,
    })
    await expect(inspected).rejects.toMatchObject({ code: expect.stringMatching(/^BP_HANDSHAKE_/) })
  })
})

it('waits for a plugin under AutoMTLS that it reattaches to, with nothing else to keep the process alive', async () => {
  const first = pluginClient({ ...testPlugin({ parentWatch: false }), autoMtls: true })
  await first.start()
  const config = (await first.detach())!
  const index = join(import.meta.dirname, '../src/index.ts')
  const program = `
    const { pluginClient } = await import(${JSON.stringify(index)})
    const reattach = ${JSON.stringify({
      ...config,
      tls: config.tls && { identity: config.tls.identity, pluginCert: config.tls.pluginCert },
    })}
    const client = pluginClient({ handshake: { cookieKey: 'K', cookieValue: 'v' }, plugins: {}, reattach })
    await client.start()
    await client.connection()
    console.log('connected')
    await client.kill()`
  const args = ['--conditions=@backplane/source', '--input-type=module', '-e', program]
  const run = promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname, timeout: 60_000 })
  expect((await run).stdout).toBe('connected\n')
  await first.exited
})
