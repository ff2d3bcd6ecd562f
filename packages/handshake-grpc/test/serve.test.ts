import { execFile, spawn } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import {
  implement,
  makeCertificate,
  pluginClient,
  type ReattachConfig,
  RotatingCertificates,
  servePlugin,
} from '../src/index.ts'
import { alive, eventually, handshake, Test, testPlugin } from './plugin.ts'

const execute = promisify(execFile)
const fixture = testPlugin()
const children: ReturnType<typeof spawn>[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** Starts the plugin as a host does, and gives its line. */
async function started(env: Record<string, string> = {}, options: object = {}) {
  const args = [...fixture.args.slice(0, 2), JSON.stringify(options)]
  const child = spawn(fixture.command, args, {
    env: { PATH: process.env.PATH, TEST_MAGIC_COOKIE: 'test', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.push(child)
  const line = await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve))
  return { child, line, fields: line.split('|') }
}

describe('servePlugin as a program', () => {
  it('prints six fields, and a seventh only when asked', async () => {
    expect((await started()).line).toMatch(/^1\|1\|unix\|\/.*\/plugin\d+\|grpc\|$/)
    expect((await started({ PLUGIN_MULTIPLEX_GRPC: 'true' })).line).toMatch(/\|grpc\|\|true$/)
    // Go prints the field for anything, and multiplexes only for what reads as true.
    expect((await started({ PLUGIN_MULTIPLEX_GRPC: 'maybe' })).line).toMatch(/\|grpc\|\|true$/)
  })

  it('shows an unpadded certificate under AutoMTLS', async () => {
    const { fields } = await started({ PLUGIN_CLIENT_CERT: makeCertificate().cert })
    expect(fields[5]).toMatch(/^[A-Za-z0-9+/]{300,}$/)
  })

  it('listens on TCP in the port range', async () => {
    const range = { PLUGIN_MIN_PORT: '23100', PLUGIN_MAX_PORT: '23199' }
    const { fields } = await started(range, { network: 'tcp' })
    const port = Number(/^127\.0\.0\.1:(\d+)$/.exec(fields[3]!)![1])
    expect(port).toBeGreaterThanOrEqual(23_100)
    expect(port).toBeLessThanOrEqual(23_199)
  })

  it('gives its socket to a group', async () => {
    const { fields } = await started({ PLUGIN_UNIX_SOCKET_GROUP: String(process.getgid?.() ?? 0) })
    expect(statSync(fields[3]!).mode & 0o777).toBe(0o660)
  })

  it.each([
    [{}, 'This binary is a plugin. These are not meant to be executed directly.'],
    [{ TEST_MAGIC_COOKIE: 'wrong' }, 'load any plugins automatically'],
  ])('run by hand says what it is and exits with 1 (%j)', async (env, text) => {
    const run = execute(fixture.command, fixture.args, { env: { PATH: process.env.PATH, ...env } as NodeJS.ProcessEnv })
    await expect(run).rejects.toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(text) })
  })

  it('ignores SIGINT, and on SIGTERM takes its socket along', async () => {
    const { child, fields } = await started({}, { parentWatch: false })
    child.kill('SIGINT')
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(alive(child.pid!)).toBe(true)
    expect(existsSync(fields[3]!)).toBe(true)
    const exit = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)))
    child.kill('SIGTERM')
    expect(await exit).toBe('SIGTERM')
    expect(existsSync(fields[3]!)).toBe(false)
  })

  it('ends when its host closes both pipes and goes', async () => {
    const script = `const { spawn } = require('node:child_process')
      const child = spawn(process.argv[1], process.argv.slice(2), { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TEST_MAGIC_COOKIE: 'test' } })
      child.stdout.once('data', () => { console.log(child.pid); process.kill(process.pid, 'SIGKILL') })`
    const host = spawn(process.execPath, ['-e', script, fixture.command, ...fixture.args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const pid = Number(await new Promise((resolve) => createInterface({ input: host.stdout }).once('line', resolve)))
    await eventually(() => !alive(pid))
  })
})

describe('servePlugin in test mode', () => {
  const test = implement(Test, { Double: ({ Input }) => ({ Output: Input * 2 }) })

  it('serves a host that reattaches, which leaves it running', async () => {
    let config: ReattachConfig | undefined
    await using server = await servePlugin({
      handshake,
      plugins: { test },
      test: { onReattach: (given) => (config = given) },
    })
    expect(config).toEqual({
      protocol: 'grpc',
      protocolVersion: 1,
      pid: process.pid,
      test: true,
      address: server.address,
    })
    for (let i = 0; i < 2; i++) {
      const client = pluginClient({ handshake, plugins: { test: Test }, reattach: config! })
      expect(await (await client.dispense('test')).Double!({ Input: i })).toEqual({ Output: i * 2 })
      await client.kill()
    }
    await server.close()
    expect(existsSync(server.address.address)).toBe(false)
  })

  it('ends with its signal', async () => {
    const abort = new AbortController()
    const server = await servePlugin({ handshake, plugins: { test }, test: { signal: abort.signal } })
    abort.abort()
    await server.closed
  })

  it('rotates certificates of its own without a restart', async () => {
    const [one, two] = [makeCertificate(), makeCertificate()]
    const serving = new RotatingCertificates({ ca: one.cert, identity: one })
    const tls = { identity: one, certificates: serving }
    await using server = await servePlugin({ handshake, plugins: { test }, tls, test: {} })
    const call = async (mine: typeof one) => {
      const dial = new RotatingCertificates({ ca: mine.cert, identity: mine })
      await using client = pluginClient({
        handshake,
        plugins: { test: Test },
        reattach: server.reattachConfig,
        tls: { certificates: dial, serverName: 'localhost' },
      })
      return await (await client.dispense('test')).Double!({ Input: 1 })
    }
    expect(await call(one)).toEqual({ Output: 2 })
    await expect(call(two)).rejects.toMatchObject({ code: 'BP_HANDSHAKE_CONNECT' })
    serving.update({ ca: two.cert, identity: two })
    expect(await call(two)).toEqual({ Output: 2 })
  })

  it('refuses what cannot be served', async () => {
    await expect(servePlugin({ handshake, test: {} })).rejects.toMatchObject({ code: 'BP_HANDSHAKE_CONFIG' })
    const env = { PLUGIN_MIN_PORT: '9', PLUGIN_MAX_PORT: '5' }
    const init = { handshake, plugins: { test }, network: 'tcp', test: {} } as const
    await expect(servePlugin(init, { env })).rejects.toMatchObject({
      message: 'PLUGIN_MIN_PORT value of 9 is greater than PLUGIN_MAX_PORT value of 5',
    })
    await expect(servePlugin(init, { env: { PLUGIN_MIN_PORT: 'x' } })).rejects.toMatchObject({
      code: 'BP_HANDSHAKE_LISTEN',
    })
    const dir = `/tmp/${'x'.repeat(120)}`
    await expect(
      servePlugin({ ...init, network: 'unix' }, { env: { PLUGIN_UNIX_SOCKET_DIR: dir } }),
    ).rejects.toMatchObject({
      code: 'BP_HANDSHAKE_SOCKET_PATH',
    })
  })

  it('limits the rate of calls, and lets hooks see them', async () => {
    const seen: number[] = []
    await using server = await servePlugin({
      handshake,
      plugins: { test },
      test: {},
      rateLimit: { perSecond: 0.01, burst: 1 },
      hooks: {
        call:
          () =>
          ({ code }) =>
            void seen.push(code),
      },
    })
    await using client = pluginClient({ handshake, plugins: { test: Test }, reattach: server.reattachConfig })
    const plugin = await client.dispense('test')
    await plugin.Double!({ Input: 1 })
    await expect(plugin.Double!({ Input: 1 })).rejects.toMatchObject({ details: { grpcCode: 8 } })
    await eventually(() => seen.length === 1)
  })
})
