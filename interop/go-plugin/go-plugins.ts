/** A TypeScript host runs stock Go plugins. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { promisify } from 'node:util'
import { BackplaneError, createHost, type Logger } from '@backplane/core'
import {
  clientRegistry,
  implement,
  type PluginClientInit,
  pluginClient,
  processRunner,
  processRuntime,
  type RunnerFactory,
} from '@backplane/handshake-grpc'
import type { Interop } from '../harness.ts'
import { type Built, versions } from './build.ts'
import { nameOf, type Way, ways } from './go-hosts.ts'
import {
  AddHelper,
  basicHandshake,
  Counter,
  KV,
  PingPong,
  Streamer,
  Test,
  testHandshake,
} from './plugins/definitions.ts'

/** Go's example plugins and every mode of its test helper, run by `pluginClient`. */
export async function goPlugins({ check, scratch }: Interop, built: Built): Promise<void> {
  const { version } = built
  const { helper, mux, examples, stdio } = versions[version]
  const named = (what: string) => `TypeScript host, Go ${version} plugin: ${what}`
  const has = (example: string) => (examples as readonly string[]).includes(example)

  for (const way of ways(mux)) {
    const label = nameOf(way)
    await check(named(`(${label}) KV example, put and get`), async () => {
      await using client = pluginClient({
        ...settings(way),
        handshake: basicHandshake,
        plugins: { kv_grpc: KV },
        command: built.examplePlugin('grpc'),
        cwd: scratch(),
      })
      const kv = await client.dispense('kv_grpc')
      await kv.Put!({ key: 'hello', value: Buffer.from('world') })
      const { value } = await kv.Get!({ key: 'hello' })
      assert.equal(value.toString(), 'world\n\nWritten from plugin-go-grpc')
      await client.ping()
    })
    // Under AutoMTLS brokered connections of Go plugins before v1.4.4 look for a name that no certificate has.
    if (!(way.autoMtls && version === 'v1.0.1')) {
      await check(named(`(${label}) bidirectional example, 5 + 37`), async () => {
        await using client = pluginClient({
          ...settings(way),
          handshake: basicHandshake,
          plugins: { counter: Counter },
          command: built.examplePlugin('bidirectional'),
          cwd: scratch(),
        })
        const counter = await client.dispense('counter')
        for (const value of [5, 37]) {
          const id = client.broker!.nextId()
          const add = implement(AddHelper, { Sum: ({ a, b }) => ({ r: a + b }) })
          await using _ = await client.broker!.accept(id, [add])
          await counter.Put!({ add_server: id, key: 'count', value })
        }
        assert.deepEqual(await counter.Get!({ key: 'count' }), { value: 42 })
      })
    }
    if (way.network === 'unix' && !(way.autoMtls && version === 'v1.0.1')) {
      await check(named(`(${label}) bidirectional example by manifest, 5 + 37 by the host's service`), async () => {
        const sums: string[] = []
        const adder = implement(AddHelper, {
          Sum: ({ a, b }) => {
            sums.push(`${a} + ${b}`)
            return { r: a + b }
          },
        })
        await using host = createHost({
          identity: { deviceId: 'interop' },
          runtimes: [processRuntime({ services: { adder } })],
        })
        await host.start()
        const dir = scratch()
        copyFileSync(built.examplePlugin('bidirectional'), join(dir, 'counter'))
        const protos = join(import.meta.dirname, '../../packages/handshake-grpc/test/fixtures/proto')
        copyFileSync(join(protos, 'counter.proto'), join(dir, 'counter.proto'))
        await host.load({
          dir,
          manifest: {
            id: 'counter',
            runtime: 'process',
            entry_point: 'counter',
            process: {
              cookie: { key: 'BASIC_PLUGIN', value: 'hello' },
              auto_mtls: way.autoMtls,
              multiplex: way.mux,
              // Plugins of that age have no reflection.
              ...(version === 'v1.0.1' && { proto: 'counter.proto', services: ['proto.Counter'] }),
              callbacks: [{ function: 'Counter.Put', field: 'add_server', services: ['adder'] }],
            },
          },
        })
        for (const value of [5, 37]) await host.call('counter.Counter.Put', { key: 'count', value })
        assert.deepEqual(await host.call('counter.Counter.Get', { key: 'count' }), { value: 42 })
        assert.equal(sums.length, 2)
      })
    }
    await check(named(`(${label}) ends gracefully`), async () => {
      const client = pluginClient({
        ...settings(way),
        handshake: basicHandshake,
        plugins: { kv_grpc: KV },
        command: built.examplePlugin('grpc'),
      })
      await client.start()
      await client.kill()
      assert.deepEqual(client.exit, { code: 0 })
    })
    if (has('streaming')) {
      await check(named(`(${label}) streaming example`), async () => {
        const path = join(scratch(), 'text')
        await using client = pluginClient({
          ...settings(way),
          handshake: { ...basicHandshake, protocolVersion: 1 },
          plugins: { streamer: Streamer },
          command: built.examplePlugin('streaming'),
        })
        const streamer = await client.dispense('streamer')
        await streamer.Configure!({ path, chunk_size: 10 })
        const text = 'Lorem ipsum dolor sit amet'
        const write = streamer.Write!()
        for (let at = 0; at < text.length; at += 10)
          write.write({ bytes_to_write: Buffer.from(text.slice(at, at + 10)) })
        write.end()
        // The example's server ends this call without the one reply that its .proto promises; its own client does not
        // mind.
        await assert.rejects(write.reply, /No message received/)
        assert.equal(readFileSync(path, 'utf8'), text)
        let read = ''
        for await (const { read_bytes } of streamer.Read!({})) read += read_bytes
        assert.equal(read, text)
      })
    }
  }
  await check(named('negotiated example: version 3 of 2 and 3'), async () => {
    await using client = pluginClient({
      handshake: basicHandshake,
      versionedPlugins: { 3: { kv: KV } },
      command: built.examplePlugin('negotiated'),
      cwd: scratch(),
      env: { KV_PROTO: 'grpc' },
    })
    const kv = await client.dispense('kv')
    await kv.Put!({ key: 'a', value: Buffer.from('b') })
    assert.match(String((await kv.Get!({ key: 'a' })).value), /^b/)
    assert.equal(client.negotiatedVersion, 3)
  })
  await refuses(
    check,
    named('negotiated example that speaks net/rpc is refused'),
    'BP_HANDSHAKE_PROTOCOL',
    /unsupported plugin protocol "netrpc"/,
    {
      handshake: basicHandshake,
      versionedPlugins: { 2: { kv: KV } },
      command: built.examplePlugin('negotiated'),
      env: { KV_PROTO: 'netrpc' },
    },
  )
  await refuses(check, named('basic example (net/rpc only) is refused'), 'BP_HANDSHAKE_PROTOCOL', /netrpc/, {
    handshake: basicHandshake,
    plugins: {},
    command: built.examplePlugin('basic'),
  })
  await refuses(check, named('a wrong cookie is told apart'), 'BP_HANDSHAKE_EXITED', /exited before we could connect/, {
    handshake: { cookieKey: 'BASIC_PLUGIN', cookieValue: 'wrong' },
    command: built.examplePlugin('grpc'),
  })
  await check(named('checksum that holds, and one that does not'), async () => {
    const command = built.examplePlugin('grpc')
    const checksum = createHash('sha256').update(readFileSync(command)).digest('hex')
    await using client = pluginClient({ handshake: basicHandshake, command, secure: { checksum } })
    await client.start()
    const wrong = pluginClient({
      handshake: basicHandshake,
      command,
      secure: { checksum: checksum.replace(/^./, 'x').replace('x', checksum[0] === '0' ? '1' : '0') },
    })
    await assert.rejects(wrong.start(), { code: 'BP_HANDSHAKE_CHECKSUM', message: 'checksums did not match' })
  })
  if (helper) await helperModes(check, built, scratch, stdio)
}

/** The Go plugin of `examples/kv`, by its host program, and under a Backplane host. */
export async function exampleKv({ check }: Interop, command: string): Promise<void> {
  await check('examples/kv: host.ts runs the Go plugin', async () => {
    const host = join(import.meta.dirname, '../../examples/kv/host.ts')
    const run = (...words: string[]) =>
      promisify(execFile)(process.execPath, ['--conditions=@backplane/source', host, ...words, '--', command])
    await run('put', 'hello', 'world')
    // It keeps values in memory, and each run is a plugin of its own.
    await assert.rejects(run('get', 'hello'), /there is no "hello"/)
  })
  await check('examples/kv: the Go plugin under a Backplane host', async () => {
    await using host = createHost({ identity: { deviceId: 'interop' }, runtimes: [processRuntime()] })
    await host.start()
    const cookie = { key: 'BASIC_PLUGIN', value: 'hello' }
    await host.load({
      dir: dirname(command),
      manifest: { id: 'kv', runtime: 'process', entry_point: 'go-kv', process: { cookie } },
    })
    await host.call('kv.KV.Put', { key: 'a', value: 'AQID' })
    assert.deepEqual(await host.call('kv.KV.Get', { key: 'a' }), { value: 'AQID' })
    await host.reload('kv')
    await assert.rejects(host.call('kv.KV.Get', { key: 'a' }), { code: 'BP_PLUGIN_FAILED' })
  })
}

/** Every mode of go-plugin's `TestHelperProcess`. */
async function helperModes(
  check: Interop['check'],
  built: Built,
  scratch: () => string,
  _stdio: boolean,
): Promise<void> {
  const named = (what: string) => `TypeScript host, Go ${built.version} helper: ${what}`
  const mode = (name: string, ...rest: string[]) => ({
    handshake: testHandshake,
    command: built.helper,
    args: ['-test.run=TestHelperProcess', '--', name, ...rest],
    env: { GO_WANT_HELPER_PROCESS: '1' },
  })
  const certificates = join(scratch(), 'none')
  assert.ok(!existsSync(certificates))

  for (const way of ways(true)) {
    const base = way.autoMtls
      ? { ...mode('test-mtls'), handshake: { ...testHandshake, protocolVersion: 2 } }
      : mode('test-grpc')
    const label = `${way.autoMtls ? 'test-mtls' : 'test-grpc'} (${nameOf(way)})`
    const stdout = new PassThrough()
    const stderr = new PassThrough()
    const records: { level: string; fields: object; message: string }[] = []
    const client = pluginClient(
      { ...base, ...settings(way), plugins: { test: Test }, syncStdout: stdout, syncStderr: stderr },
      { logger: recorder(records) },
    )
    const test = await client.dispense('test').catch(() => undefined)
    await check(named(`${label}: starts`), () => assert.ok(test))
    if (!test) continue
    await check(named(`${label}: Double`), async () => {
      assert.deepEqual(await test.Double!({ Input: 21 }), { Output: 42 })
    })
    await check(named(`${label}: 640 calls, 64 at once`), async () => {
      const lane = async (lane: number) => {
        for (let i = 0; i < 10; i++) assert.deepEqual(await test.Double!({ Input: lane * i }), { Output: lane * i * 2 })
      }
      await Promise.all(Array.from({ length: 64 }, (_, i) => lane(i)))
    })
    await check(named(`${label}: PrintKV, logged with level and fields`), async () => {
      await test.PrintKV!({ Key: 'k', ValueInt: 7 })
      await eventually(() => records.some(({ message, level }) => message === 'PrintKV called' && level === 'info'))
    })
    await check(named(`${label}: Stream`), async () => {
      const stream = test.Stream!()
      const got: number[] = []
      const all = (async () => {
        for await (const { Output } of stream) got.push(Output)
      })()
      for (let i = 0; i < 20; i++) stream.write({ Input: i })
      stream.end()
      await all
      assert.deepEqual(
        got,
        Array.from({ length: 20 }, (_, i) => i),
      )
    })
    await check(named(`${label}: broker, both directions, three times`), async () => {
      for (let i = 0; i < 3; i++) {
        const id = client.broker!.nextId()
        const pong = implement(PingPong, { Ping: () => ({ msg: 'pong' }) })
        await using _ = await client.broker!.accept(id, [pong])
        const reply = await test.Bidirectional!({ id })
        await using connection = await client.broker!.dial(reply.id)
        assert.deepEqual(await connection.service(PingPong).Ping!({}), { msg: 'pong' })
      }
    })
    await check(named(`${label}: an id that nobody accepts times out`), async () => {
      await assert.rejects(client.broker!.dial(4711), { code: 'BP_HANDSHAKE_BROKER_TIMEOUT' })
    })
    await check(named(`${label}: PrintStdio`), async () => {
      await test.PrintStdio!({ stdout: Buffer.from('to stdout'), stderr: Buffer.from('to stderr') })
      await eventually(() => stdout.readableLength === 9 && stderr.readableLength === 9)
    })
    await check(named(`${label}: ping`), () => client.ping())
    await check(named(`${label}: shutdown leaves code 0 and no socket`), async () => {
      const { address } = client.reattachConfig()!.address
      await client.kill()
      assert.deepEqual(client.exit, { code: 0 })
      assert.ok(!existsSync(address))
    })
  }

  await check(named('test-grpc: reattach, with stdio'), async () => {
    await using first = pluginClient({ ...mode('test-grpc'), plugins: { test: Test } })
    await first.start()
    const stdout = new PassThrough()
    const reattach = (await first.detach())!
    const second = pluginClient({ handshake: testHandshake, plugins: { test: Test }, reattach, syncStdout: stdout })
    const test = await second.dispense('test')
    assert.deepEqual(await test.Double!({ Input: 4 }), { Output: 8 })
    await test.PrintStdio!({ stdout: Buffer.from('still here') })
    await eventually(() => stdout.readableLength === 10)
    await second.kill()
    await first.exited
  })
  await check(named('test-mtls: reattach keeps the certificates'), async () => {
    const handshake = { ...testHandshake, protocolVersion: 2 }
    const first = pluginClient({ ...mode('test-mtls'), handshake, plugins: { test: Test }, autoMtls: true })
    await first.start()
    const reattach = (await first.detach())!
    const second = pluginClient({ handshake, plugins: { test: Test }, reattach })
    assert.deepEqual(await (await second.dispense('test')).Double!({ Input: 4 }), { Output: 8 })
    await second.kill()
  })
  await check(named('test-mtls: a P-521 host certificate, as Go makes them'), async () => {
    const handshake = { ...testHandshake, protocolVersion: 2 }
    await using client = pluginClient({
      ...mode('test-mtls'),
      handshake,
      plugins: { test: Test },
      autoMtls: { curve: 'P-521' },
    })
    assert.deepEqual(await (await client.dispense('test')).Double!({ Input: 4 }), { Output: 8 })
  })
  await check(named('reattach to nothing'), async () => {
    const reattach = { address: { network: 'unix', address: join(scratch(), 'gone') } } as const
    await assert.rejects(pluginClient({ handshake: testHandshake, reattach }).start(), {
      code: 'BP_HANDSHAKE_REATTACH',
    })
  })
  await check(named('test-grpc: a plugin that is killed under a call'), async () => {
    await using client = pluginClient({ ...mode('test-grpc'), plugins: { test: Test } })
    const test = await client.dispense('test')
    const stream = test.Stream!()
    const broken = new Promise<Error>((resolve) => stream.on('error', resolve))
    stream.write({ Input: 1 })
    process.kill(client.pid!, 'SIGKILL')
    assert.match((await broken).message, /plugin exited \(signal SIGKILL\)/)
    await assert.rejects(test.Double!({ Input: 1 }), { code: 'BP_HANDSHAKE_PROCESS_EXITED' })
  })
  // The call came with v1.7.
  if (built.version === 'v1.8.0') {
    await check(named('test-grpc: Panic is told with its text'), async () => {
      const records: { level: string; fields: object; message: string }[] = []
      await using client = pluginClient(
        { ...mode('test-grpc'), plugins: { test: Test } },
        { logger: recorder(records) },
      )
      const test = await client.dispense('test')
      const error = await test.Panic!({ message: 'out of cheese' }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      assert.ok(error instanceof BackplaneError)
      assert.equal(error.code, 'BP_HANDSHAKE_PROCESS_EXITED')
      assert.match(JSON.stringify(error.details.stderr), /goroutine|out of cheese/)
      await client.exited
      assert.ok(records.some(({ level, message }) => level === 'error' && message.startsWith('panic: out of cheese')))
    })
  }

  const cases: readonly [string, string, string, RegExp, Partial<PluginClientInit>?][] = [
    ['mock', 'four fields are net/rpc and refused', 'BP_HANDSHAKE_PROTOCOL', /"netrpc"/],
    [
      'bad-version',
      'a version that nobody has',
      'BP_HANDSHAKE_APP_VERSION',
      /Plugin version: 11, Client versions: \[1\]/,
    ],
    [
      'invalid-rpc-address',
      'a line that is no handshake',
      'BP_HANDSHAKE_LINE',
      /Unrecognized remote plugin message: lolinvalid/,
    ],
    ['start-timeout', 'silence', 'BP_HANDSHAKE_TIMEOUT', /timeout while waiting/, { startTimeoutMs: 300 }],
    [
      'mux-grpc-with-old-plugin',
      'mux with an old plugin',
      'BP_HANDSHAKE_MUX',
      /you will need to update/,
      { multiplex: true },
    ],
    [
      'mux-grpc-with-unsupported-plugin',
      'mux refused',
      'BP_HANDSHAKE_MUX',
      /does not support the feature$/,
      { multiplex: true },
    ],
    ['test-interface', 'a net/rpc plugin', 'BP_HANDSHAKE_PROTOCOL', /"netrpc"/],
    ['nonsense', 'an unknown mode', 'BP_HANDSHAKE_EXITED', /exited before/],
  ]
  for (const [name, what, code, text, more] of cases) {
    await refuses(check, named(`${name}: ${what}`), code, text, { ...mode(name), plugins: {}, ...more })
  }
  for (const name of [
    'test-grpc-tls',
    'test-versioned-plugins',
    'test-proto-upgraded-plugin',
    'test-proto-upgraded-client',
  ]) {
    await check(named(`${name}: the plugin's own TLS, by its authority and name`), async () => {
      const versioned = name !== 'test-grpc-tls'
      await using client = pluginClient({
        ...mode(name),
        ...(versioned ? { versionedPlugins: { 2: { test: Test } } } : { plugins: { test: Test } }),
        tls: { ca: helperCertificate(built), serverName: 'cert.myvault.com' },
      })
      assert.deepEqual(await (await client.dispense('test')).Double!({ Input: 5 }), { Output: 10 })
      assert.equal(client.negotiatedVersion, versioned ? 2 : 1)
    })
    await refuses(
      check,
      named(`${name}: without its authority nothing connects`),
      'BP_HANDSHAKE_CONNECT',
      /could not be reached/,
      {
        ...mode(name),
        ...(name === 'test-grpc-tls' ? { plugins: {} } : { versionedPlugins: { 2: {} } }),
        tls: { serverName: 'cert.myvault.com' },
      },
    )
  }
  await check(named('AutoMTLS asked of a plugin that brings its own TLS fails at once'), async () => {
    const client = pluginClient({ ...mode('test-grpc-tls'), autoMtls: true })
    await assert.rejects(client.start(), { code: 'BP_HANDSHAKE_CERT_MISSING' })
  })
  for (const [name, inheritEnv] of [
    ['test-skip-host-env-true', false],
    ['test-skip-host-env-false', true],
  ] as const) {
    await check(named(`${name}: the environment is as wanted`), async () => {
      process.env.PLUGIN_TEST_SKIP_HOST_ENV = 'set'
      // Refused, since it speaks no gRPC; its exit code tells what it found.
      const seen = await exitOf({ ...mode(name), inheritEnv })
      delete process.env.PLUGIN_TEST_SKIP_HOST_ENV
      assert.equal(seen, 0)
    })
  }
  for (const [name, expected] of [
    [
      'stderr',
      [
        ['debug', 'HELLO'],
        ['debug', 'WORLD'],
      ],
    ],
    [
      'stderr-json',
      [
        ['debug', '["HELLO"]'],
        ['debug', '12345'],
        ['debug', '{"a":1}'],
      ],
    ],
    ['level-warn-text', [['warn', '[WARN] test line 98765']]],
  ] as const) {
    await check(named(`${name}: levels of plain lines`), async () => {
      const records: { level: string; fields: object; message: string }[] = []
      await exitOf(mode(name), recorder(records))
      for (const [level, message] of expected) {
        assert.ok(
          records.some((record) => record.level === level && record.message === message),
          JSON.stringify(records),
        )
      }
    })
  }
  await check(named('cleanup of a registry ends every plugin'), async () => {
    const registry = clientRegistry()
    const clients = [1, 2, 3].map(() => pluginClient({ ...mode('test-grpc'), plugins: { test: Test }, registry }))
    await Promise.all(clients.map((client) => client.start()))
    await registry.cleanupClients()
    assert.deepEqual(
      clients.map((client) => client.exit),
      [{ code: 0 }, { code: 0 }, { code: 0 }],
    )
  })
}

/** Runs a helper that prints a net/rpc line and ends by itself; gives its exit code. */
async function exitOf(init: PluginClientInit, logger?: Logger): Promise<number | undefined> {
  let code: number | undefined
  const runner: RunnerFactory = async (spec) => {
    const inner = await processRunner(spec)
    void inner.wait().then((exit) => {
      code = exit.code
    })
    // It is about to end; the refusal of its line must not come first.
    return Object.assign(inner, { kill: () => {} })
  }
  await assert.rejects(pluginClient({ ...init, runner }, logger ? { logger } : {}).start())
  return code
}

/** The authority of the helper's own certificate, out of go-plugin's test sources. */
function helperCertificate(built: Built): string {
  const text = readFileSync(built.helper).toString('latin1')
  const found = [...text.matchAll(/-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----/g)]
  assert.ok(found.length > 0, 'the helper carries a certificate')
  return found.map(([pem]) => pem).join('\n')
}

async function refuses(
  check: Interop['check'],
  name: string,
  code: string,
  text: RegExp,
  init: PluginClientInit,
): Promise<void> {
  await check(name, async () => {
    const error = await pluginClient(init)
      .start()
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
    assert.ok(error instanceof BackplaneError, 'it started')
    assert.equal(error.code, code, error.message)
    assert.match(error.message, text)
  })
}

/** What a way means for `pluginClient`. Go plugins have no TCP on this system, so a proxy stands in between. */
function settings(way: Way): Pick<PluginClientInit, 'autoMtls' | 'multiplex' | 'runner'> {
  return {
    autoMtls: way.autoMtls,
    multiplex: way.mux,
    ...(way.network === 'tcp' && { runner: behindTcp }),
  }
}

/** A runner whose plugin is reached over TCP: addresses are translated both ways, as for a container. */
const behindTcp: RunnerFactory = async (spec) => {
  const inner = await processRunner(spec)
  const servers: Server[] = []
  void inner.wait().then(() => {
    for (const server of servers) server.close()
  })
  const ports = await reserve(servers, 64)
  const translate = (network: string, address: string) => {
    assert.equal(network, 'unix')
    const next = ports.pop()
    assert.ok(next)
    next.target = address
    return { network: 'tcp', address: `127.0.0.1:${next.port}` }
  }
  return Object.assign(inner, { pluginToHost: translate })
}

async function reserve(servers: Server[], count: number): Promise<{ port: number; target: string }[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const entry = { port: 0, target: '' }
      const server = createServer((socket) => {
        const out = connect(entry.target)
        socket.pipe(out).pipe(socket)
        for (const end of [socket, out]) end.on('error', () => {})
        socket.on('close', () => out.destroy())
        out.on('close', () => socket.destroy())
      })
      servers.push(server)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      server.unref()
      entry.port = (server.address() as { port: number }).port
      return entry
    }),
  )
}

function recorder(records: { level: string; fields: object; message: string }[]): Logger {
  const method = (level: string) => (first: object | string, message?: string) => {
    records.push(
      typeof first === 'string'
        ? { level, fields: {}, message: first }
        : { level, fields: first, message: message ?? '' },
    )
  }
  const logger: Logger = {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    child: () => logger,
  }
  return logger
}

async function eventually(ok: () => boolean): Promise<void> {
  for (let waited = 0; waited < 5000; waited += 10) {
    if (ok()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.fail('it never came')
}
