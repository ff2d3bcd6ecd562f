import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { makeClientConstructor } from '@grpc/grpc-js'
import { afterAll, describe, expect, it } from 'vitest'
import { clientRegistry, implement, pluginClient, reattachFromJson, reattachToJson } from '../src/index.ts'
import {
  alive,
  eventually,
  handshake,
  type LogRecord,
  leftovers,
  PingPong,
  recorder,
  script,
  Test,
  testPlugin,
} from './plugin.ts'

const before = leftovers()
afterAll(() => {
  expect(leftovers().filter((name) => !before.includes(name))).toEqual([])
})

const ways = [
  ['plain', {}, {}],
  ['AutoMTLS', { autoMtls: true }, {}],
  ['AutoMTLS with P-521', { autoMtls: { curve: 'P-521' } }, { curve: 'P-384' }],
  ['mux', { multiplex: true }, {}],
  ['AutoMTLS and mux', { autoMtls: true, multiplex: true }, {}],
  ['AutoMTLS over TCP', { autoMtls: true }, { network: 'tcp' }],
] as const

describe.each(ways)('a plugin, %s', (_, ours, theirs) => {
  it('is started, called both ways, printed from, and ended', async () => {
    const stdout = new PassThrough()
    const stderr = new PassThrough()
    const client = pluginClient({ ...testPlugin(theirs), ...ours, syncStdout: stdout, syncStderr: stderr })
    const test = await client.dispense('test')
    expect(await test.Double!({ Input: 21 })).toEqual({ Output: 42 })
    await client.ping()
    await test.PrintStdio!({ stdout: Buffer.from('out'), stderr: Buffer.from('err') })
    await eventually(() => stdout.readableLength === 3 && stderr.readableLength === 3)

    const id = client.broker!.nextId()
    await using served = await client.broker!.accept(id, [implement(PingPong, { Ping: () => ({ msg: 'pong' }) })])
    expect(served.id).toBe(1)
    const reply = await test.Bidirectional!({ id })
    await using connection = await client.broker!.dial(reply.id)
    expect(await connection.service(PingPong).Ping!({})).toEqual({ msg: 'pong' })

    const { pid } = client
    await client.kill()
    expect(client.exit).toEqual({ code: 0 })
    expect(alive(pid!)).toBe(false)
  })
})

describe('pluginClient', () => {
  it('takes generated client classes and functions as plugins', async () => {
    const Generated = makeClientConstructor(Test, 'Test')
    const plugins = {
      generated: Generated,
      made: async ({ service, version }: { service: <D>(d: D) => unknown; version: number }) => ({
        t: service(Test),
        version,
      }),
    }
    await using client = pluginClient({ ...testPlugin(), plugins: plugins as never })
    const stub = (await client.dispense('generated' as never)) as InstanceType<typeof Generated>
    const output = await new Promise((resolve, reject) => {
      stub.Double!({ Input: 4 }, (error: unknown, value: unknown) => (error ? reject(error) : resolve(value)))
    })
    expect(output).toEqual({ Output: 8 })
    expect(await client.dispense('made' as never)).toMatchObject({ version: 1 })
    await expect(client.dispense('other' as never)).rejects.toMatchObject({
      code: 'BP_HANDSHAKE_PLUGIN_TYPE',
      message: 'unknown plugin type: other',
    })
  })

  it('negotiates the highest common version and gives its set', async () => {
    const sets = { 1: { test: PingPong }, 4: { test: Test }, 9: { test: PingPong } }
    await using client = pluginClient({
      ...testPlugin({ version: 4 }),
      plugins: undefined as never,
      versionedPlugins: sets as never,
    })
    const test = (await client.dispense('test' as never)) as { Double: (r: object) => Promise<object> }
    expect(client.negotiatedVersion).toBe(4)
    expect(await test.Double({ Input: 1 })).toEqual({ Output: 2 })
  })

  it('says in typed errors what failed in a call', async () => {
    await using client = pluginClient(testPlugin())
    const test = await client.dispense('test')
    await expect(test.Double!({ Input: -5 })).rejects.toMatchObject({
      code: 'BP_HANDSHAKE_CALL',
      details: { grpcCode: 9, status: 'FAILED_PRECONDITION', reason: 'refused by the plugin' },
    })
    await expect(test.Double!({ Input: -1 }, { timeoutMs: 50 })).rejects.toMatchObject({ details: { grpcCode: 4 } })
    const abort = new AbortController()
    const call = test.Double!({ Input: -1 }, { signal: abort.signal })
    abort.abort()
    await expect(call).rejects.toMatchObject({ code: 'BP_ABORTED' })
  })

  it.each([
    [-2, 'signal SIGKILL', { signal: 'SIGKILL' }],
    [-3, 'code 7', { exitCode: 7 }],
  ])('tells calls under way that the plugin has gone (%i)', async (Input, how, details) => {
    await using client = pluginClient(testPlugin())
    const test = await client.dispense('test')
    const hanging = test.Double!({ Input: -1 })
    await expect(test.Double!({ Input })).rejects.toMatchObject({
      code: 'BP_HANDSHAKE_PROCESS_EXITED',
      message: `plugin exited (${how})`,
      details,
    })
    await expect(hanging).rejects.toMatchObject({ code: 'BP_HANDSHAKE_PROCESS_EXITED' })
    await expect(test.Double!({ Input: 1 })).rejects.toMatchObject({ code: 'BP_HANDSHAKE_PROCESS_EXITED' })
    await expect(client.ping()).rejects.toMatchObject({ code: 'BP_HANDSHAKE_PROCESS_EXITED' })
    await client.exited
  })

  it('checks for SERVING, and again and again when asked to', async () => {
    const seen: boolean[] = []
    await using client = pluginClient({
      ...testPlugin(),
      health: { intervalMs: 20 },
      hooks: { health: ({ ok }) => seen.push(ok) },
    })
    const test = await client.dispense('test')
    await eventually(() => seen.includes(true))
    await test.Double!({ Input: -4 })
    await expect(client.ping()).rejects.toMatchObject({ code: 'BP_HANDSHAKE_NOT_SERVING' })
    await eventually(() => seen.at(-1) === false)
  })

  it('limits the rate of calls', async () => {
    await using client = pluginClient({ ...testPlugin(), rateLimit: { perSecond: 0.01, burst: 2 } })
    const test = await client.dispense('test')
    await test.Double!({ Input: 1 })
    await test.Double!({ Input: 1 })
    await expect(test.Double!({ Input: 1 })).rejects.toMatchObject({
      code: 'BP_HANDSHAKE_RATE_LIMIT',
      details: { grpcCode: 8, rate: 0.01, method: '/grpctest.Test/Double' },
      retryable: true,
    })
  })

  it('lets hooks see starts, calls and the end', async () => {
    const seen: unknown[] = []
    const client = pluginClient({
      ...testPlugin(),
      hooks: {
        started: ({ version }) => seen.push(['started', version]),
        call:
          ({ method }) =>
          ({ code }) =>
            seen.push([method, code]),
        exited: ({ expected }) => seen.push(['exited', expected]),
      },
    })
    const test = await client.dispense('test')
    await test.Double!({ Input: 1 })
    await test.Double!({ Input: -5 }).catch(() => {})
    await client.kill()
    expect(seen).toEqual([
      ['started', 1],
      ['/grpctest.Test/Double', 0],
      ['/grpctest.Test/Double', 9],
      ['exited', true],
    ])
  })

  it('reads the plugin log with its levels and fields', async () => {
    const records: LogRecord[] = []
    await using client = pluginClient(testPlugin(), { logger: recorder(records) })
    const test = await client.dispense('test')
    await test.PrintKV!({ Key: 'colour', ValueString: 'blue' })
    await eventually(() => records.some(({ message }) => message === 'PrintKV'))
    expect(records.find(({ message }) => message === 'PrintKV')).toMatchObject({
      level: 'info',
      fields: { key: 'colour', value: 'blue', timestamp: expect.stringMatching(/\.\d{6}Z$/) },
    })
  })

  it('hands a running plugin over with stdio, broker and certificates', async () => {
    const first = pluginClient({ ...testPlugin({ parentWatch: false }), autoMtls: true })
    await first.start()
    const config = (await first.detach())!
    expect(JSON.parse(JSON.stringify(reattachToJson(config)))).toMatchObject({
      Protocol: 'grpc',
      ProtocolVersion: 1,
      Pid: first.pid,
      Test: false,
      Addr: { Network: 'unix' },
    })
    const stdout = new PassThrough()
    const second = pluginClient({ handshake, plugins: { test: Test }, reattach: config, syncStdout: stdout })
    const test = await second.dispense('test')
    await test.PrintStdio!({ stdout: Buffer.from('again'), stderr: Buffer.alloc(0) })
    await eventually(() => stdout.readableLength === 5)
    const id = second.broker!.nextId()
    await second.broker!.accept(id, [implement(PingPong, { Ping: () => ({ msg: 'pong' }) })])
    expect(await test.Bidirectional!({ id })).toEqual({ id: 1 })
    await second.kill()
    await first.exited
    expect(alive(first.pid!)).toBe(false)
  })

  it('reads reattach configurations as Terraform writes them', () => {
    const text = JSON.stringify({
      'registry.terraform.io/x/y': {
        Protocol: 'grpc',
        ProtocolVersion: 6,
        Pid: 7,
        Test: true,
        Addr: { Network: 'unix', String: '/tmp/p' },
      },
    })
    expect(reattachFromJson(text, 'registry.terraform.io/x/y')).toEqual({
      protocol: 'grpc',
      protocolVersion: 6,
      pid: 7,
      test: true,
      address: { network: 'unix', address: '/tmp/p' },
    })
    for (const bad of ['', '[]', '{}', 'null', '{"Addr":{"Network":"x","String":"y"}}']) {
      expect(() => reattachFromJson(bad)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^BP_HANDSHAKE_/) }),
      )
    }
  })

  it('ends every client of a registry', async () => {
    const registry = clientRegistry()
    const clients = [1, 2].map(() => pluginClient({ ...testPlugin(), registry }))
    await Promise.all(clients.map((client) => client.start()))
    expect(registry.size).toBe(2)
    await registry.cleanupClients()
    expect(registry.size).toBe(0)
    expect(clients.map((client) => client.exit)).toEqual([{ code: 0 }, { code: 0 }])
  })

  it('tries a failed start again, with the same client', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'retry-'))
    const failures: number[] = []
    // Fails twice, then becomes the real plugin.
    const { command, args } = testPlugin()
    const real = [command, ...args].map((arg) => `'${arg}'`).join(' ')
    const text = `cd ${folder}; echo x >> count; test $(wc -l < count) -ge 3 && exec ${real}; exit 3`
    await using client = pluginClient({
      ...script(text),
      plugins: { test: Test },
      retry: { attempts: 3, backoffMs: 10 },
      hooks: { startFailed: ({ attempt }) => failures.push(attempt) },
    })
    const test = await client.dispense('test')
    expect(await test.Double!({ Input: 2 })).toEqual({ Output: 4 })
    expect(failures).toEqual([1, 2])
    rmSync(folder, { recursive: true })
  })

  it('checks the files that it is told to before anything runs', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'secure-'))
    const file = join(folder, 'plugin.js')
    writeFileSync(file, 'x')
    const digest = '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881'
    const refused = (checksum: string, files = [file]) =>
      pluginClient({ ...script(`touch ${folder}/ran`), secure: { checksum, files } }).start()
    await expect(refused(digest)).rejects.toMatchObject({ code: 'BP_HANDSHAKE_EXITED' })
    await expect(refused('00')).rejects.toMatchObject({ message: 'checksums did not match' })
    await expect(refused('')).rejects.toMatchObject({ message: 'no checksum provided' })
    await expect(refused(digest, [`${file}.gone`])).rejects.toMatchObject({
      message: expect.stringMatching(/^error verifying checksum: /),
    })
    rmSync(folder, { recursive: true })
  })

  it.each([
    [{ handshake }, /exactly one of Cmd, or Reattach, or RunnerFunc must be set/],
    [{ ...script(''), reattach: { address: { network: 'unix', address: '/x' } } }, /exactly one of/],
    [
      { handshake, reattach: { address: { network: 'unix', address: '/x' } }, multiplex: true },
      /not supported with Reattach/,
    ],
    [
      { handshake, reattach: { address: { network: 'unix', address: '/x' } }, secure: { checksum: '00' } },
      /only one of Reattach or SecureConfig/,
    ],
    [{ ...script(''), autoMtls: true, tls: {} }, /only one of autoMtls or tls/],
    [{ ...script(''), handshake: { cookieKey: '', cookieValue: '' } }, /cookieKey/],
    [{ ...script(''), versionedPlugins: { x: {} } }, /not a version number/],
  ])('refuses options that contradict each other (%#)', (init, text) => {
    expect(() => pluginClient(init as never)).toThrow(text)
  })
})
