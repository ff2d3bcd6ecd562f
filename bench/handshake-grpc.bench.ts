/**
 * A go-plugin host's work: calls, streams and starts. Ours beside bare grpc-js on the same kind of plugin (the
 * baseline) and beside Go's own host (the peer), against go-plugin's own test plugin in Go; then our plugin under our
 * host and under Go's. Starts are measured in hosts that are processes of their own, Go's like ours: one that runs on
 * (its first starts count like the others), and the first start of a new one.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { pluginClient } from '@backplane/handshake-grpc'
import { Client, credentials, Metadata, type ServiceDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { type Built, build } from '../interop/go-plugin/build.ts'
import { root } from '../tools/workspace.ts'
import { absent, type Row, type Subject } from './harness.ts'

const fixtures = join(root, 'packages/handshake-grpc/test/fixtures')
const options = { keepCase: true, defaults: true, oneofs: true }
const Test = loadSync(join(fixtures, 'proto/grpctest.proto'), options)['grpctest.Test'] as ServiceDefinition
const handshake = { cookieKey: 'TEST_MAGIC_COOKIE', cookieValue: 'test' }
const sliceMs = 400

/** A plugin's command, its version and its variables. */
interface Plugin {
  readonly command: string
  readonly args: readonly string[]
  readonly version: number
  readonly env: Readonly<Record<string, string>>
}

let built: Promise<Built> | undefined
function goBuild(): Promise<Built> {
  const go = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'go'))
    .find(existsSync)
  if (go === undefined) absent('go is not on this machine')
  built ??= build(go, 'v1.8.0')
  return built
}

async function goPlugin(mode: 'test-grpc' | 'test-mtls'): Promise<Plugin> {
  const { helper } = await goBuild()
  const args = ['-test.run=TestHelperProcess', '--', mode]
  return { command: helper, args, version: mode === 'test-mtls' ? 2 : 1, env: { GO_WANT_HELPER_PROCESS: '1' } }
}

async function ourPlugin(): Promise<Plugin> {
  const args = ['--conditions=@backplane/source', join(fixtures, 'grpctest.ts')]
  return { command: process.execPath, args, version: 1, env: {} }
}

function host(plugin: Plugin, autoMtls = false) {
  const { version, ...rest } = plugin
  return pluginClient({
    ...rest,
    handshake: { ...handshake, protocolVersion: version },
    plugins: { test: Test },
    autoMtls,
  })
}

type Double = (request: { Input: number }) => Promise<unknown>

/** A client's two abilities, whatever it is made of. */
interface Stub extends AsyncDisposable {
  readonly double: Double
  stream(): { write(message: object): boolean; end(): void } & NodeJS.EventEmitter & AsyncIterable<unknown>
}

async function ours(plugin: Plugin, autoMtls = false): Promise<Stub> {
  const client = host(plugin, autoMtls)
  const test = await client.dispense('test')
  return { double: test.Double as Double, stream: test.Stream as never, [Symbol.asyncDispose]: () => client.kill() }
}

/** grpc-js and nothing else: the plugin's line is read by hand. */
async function bare(plugin: Plugin): Promise<Stub> {
  const env = {
    ...process.env,
    ...plugin.env,
    TEST_MAGIC_COOKIE: 'test',
    PLUGIN_PROTOCOL_VERSIONS: String(plugin.version),
  }
  const child = spawn(plugin.command, plugin.args, { env, stdio: ['ignore', 'pipe', 'ignore'] })
  const line = await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve))
  const client = new Client(`unix:${line.split('|')[3]}`, credentials.createInsecure())
  const { path, requestSerialize, responseDeserialize } = Test.Double!
  const stream = Test.Stream!
  return {
    double: (request) =>
      new Promise((resolve, reject) => {
        const done = (error: unknown, value: unknown) => (error ? reject(error) : resolve(value))
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, new Metadata(), done)
      }),
    stream: () =>
      client.makeBidiStreamRequest(stream.path, stream.requestSerialize, stream.responseDeserialize, new Metadata()),
    async [Symbol.asyncDispose]() {
      client.close()
      await ended(child, 'SIGKILL')
    },
  }
}

async function ended(child: ChildProcess, signal?: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  if (signal) child.kill(signal)
  await exit
}

/** Go's host, told by lines what to measure. */
async function goHost(plugin: Plugin, command: string, figure: string, init: HostInit = {}): Promise<Subject> {
  const { bench } = await goBuild()
  const env = { ...process.env, ...plugin.env, BENCH_MTLS: init.mtls ? '1' : '0' }
  return told(bench, [plugin.command, ...plugin.args], env, undefined, command, init.first ?? false, figure)
}

interface HostInit {
  readonly mtls?: boolean
  /** Every figure is that of a new process. */
  readonly first?: boolean
}

/** A program that answers each line with figures. */
function told(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string | undefined,
  line: string,
  first: boolean,
  figure = 'ms',
): Subject {
  const open = () => {
    const child = spawn(program, args, { env, ...(cwd && { cwd }), stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    return {
      async ask() {
        child.stdin.write(`${line}\n`)
        const { value } = await lines.next()
        return (JSON.parse(value ?? '{}') as Record<string, number>)[figure]
      },
      async close() {
        child.stdin.end()
        await ended(child)
      },
    }
  }
  const kept = first ? undefined : open()
  return {
    async run() {
      const host = kept ?? open()
      // A fresh process has loaded everything before it is asked: what is measured is its first start, not its own.
      if (!kept) await pause(settleMs)
      const answer = await host.ask()
      if (!kept) await host.close()
      return answer
    },
    async [Symbol.asyncDispose]() {
      await kept?.close()
    },
  }
}

/** How long a fresh host gets to load itself. */
const settleMs = 1500

/** The package's folder, once it is built. */
function published(): string {
  const home = join(root, 'packages/handshake-grpc')
  if (!existsSync(join(home, 'dist/index.js'))) absent('the packages are not built: npm run build')
  return home
}

async function latency({ double }: Stub, quantile: number): Promise<number> {
  const times: number[] = []
  const end = performance.now() + sliceMs
  while (performance.now() < end) {
    const began = performance.now()
    await double({ Input: 21 })
    times.push((performance.now() - began) * 1000)
  }
  times.sort((a, b) => a - b)
  return times[Math.floor(times.length * quantile)]!
}

async function rate({ double }: Stub, lanes: number): Promise<number> {
  let count = 0
  const began = performance.now()
  const lane = async () => {
    while (performance.now() - began < sliceMs) {
      await double({ Input: 21 })
      count += 1
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return count / ((performance.now() - began) / 1000)
}

/** Keeps 64 messages under way through one stream; the plugin sends each back. */
async function streamRate(stub: Stub): Promise<number> {
  const call = stub.stream()
  const began = performance.now()
  for (let i = 0; i < 64; i++) call.write({ Input: 21 })
  let open = 64
  let count = 0
  for await (const _ of call) {
    count += 1
    if (performance.now() - began < sliceMs) call.write({ Input: 21 })
    else if (--open === 0) call.end()
  }
  return count / ((performance.now() - began) / 1000)
}

/** A subject that keeps a stub and measures it. */
function kept(make: () => Promise<Stub>, measure: (stub: Stub) => Promise<number>): () => Promise<Subject> {
  return async () => {
    const stub = await make()
    await stub.double({ Input: 1 })
    return { run: () => measure(stub), [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose]() }
  }
}

/**
 * A host that starts a plugin each time it is told to, as a process of its own that does nothing else: what Go's host
 * is too. On the packages as published. With `first` every figure is that of a new process, else that of one that runs
 * on.
 */
function nodeHost(program: string, mode: 'test-grpc' | 'test-mtls', first: boolean): () => Promise<Subject> {
  return async () => {
    const { command, args, version, env } = await goPlugin(mode)
    const mtls = mode === 'test-mtls'
    const own = { ...process.env, ...env, PLUGIN: JSON.stringify({ command, args, version, mtls, handshake }) }
    const source = `${hostProgram}\n${program}\nmeasure(start)`
    return told(process.execPath, ['--input-type=module', '-e', source], own, published(), 'start', first)
  }
}

/**
 * What both programs of {@link nodeHost} share: they answer each line with the time from the start to the first answer.
 */
const hostProgram = `
import { createInterface } from 'node:readline'
import { loadSync } from '@grpc/proto-loader'
const plugin = JSON.parse(process.env.PLUGIN)
delete process.env.PLUGIN
const options = ${JSON.stringify(options)}
const Test = loadSync(${JSON.stringify(join(fixtures, 'proto/grpctest.proto'))}, options)['grpctest.Test']
function measure(start) {
  createInterface({ input: process.stdin })
    .on('line', async () => {
      const began = performance.now()
      const stop = await start()
      const ms = performance.now() - began
      await stop()
      console.log(JSON.stringify({ ms }))
    })
    .on('close', () => process.exit())
}`

const oursProgram = `
import { pluginClient } from '@backplane/handshake-grpc'
async function start() {
  const { version, mtls, handshake, ...rest } = plugin
  const client = pluginClient({
    ...rest,
    handshake: { ...handshake, protocolVersion: version },
    plugins: { test: Test },
    autoMtls: mtls,
  })
  const test = await client.dispense('test')
  await test.Double({ Input: 1 })
  return () => client.kill()
}`

const bareProgram = `
import { spawn } from 'node:child_process'
import { Client, credentials, Metadata } from '@grpc/grpc-js'
async function start() {
  const env = { ...process.env, TEST_MAGIC_COOKIE: 'test', PLUGIN_PROTOCOL_VERSIONS: String(plugin.version) }
  const child = spawn(plugin.command, plugin.args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  child.stderr.resume()
  const line = await new Promise((resolve) => child.stdout.once('data', resolve))
  const client = new Client('unix:' + String(line).split('|')[3], credentials.createInsecure())
  const { path, requestSerialize, responseDeserialize } = Test.Double
  await new Promise((resolve, reject) => {
    const done = (error) => (error ? reject(error) : resolve())
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { Input: 1 }, new Metadata(), done)
  })
  return async () => {
    client.close()
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
  }
}`

/** How long a fresh Node process takes to its first line of output, on the packages as published. */
function cold(program: string): () => Subject {
  return () => {
    const home = published()
    return {
      async run() {
        const began = performance.now()
        const args = ['--input-type=module', '-e', program]
        const env = { ...process.env, TEST_MAGIC_COOKIE: 'test' }
        const child = spawn(process.execPath, args, { cwd: home, env, stdio: ['ignore', 'pipe', 'ignore'] })
        await new Promise((resolve) => child.stdout.once('data', resolve))
        const took = performance.now() - began
        await ended(child, 'SIGKILL')
        return took
      },
    }
  }
}

type Measure = readonly [
  what: string,
  unit: string,
  command: string,
  figure: string,
  measure: (stub: Stub) => Promise<number>,
]

const measures: readonly Measure[] = [
  ['unary p50', 'us', `unary ${sliceMs}`, 'p50', (stub) => latency(stub, 0.5)],
  ['unary p99', 'us', `unary ${sliceMs}`, 'p99', (stub) => latency(stub, 0.99)],
  ['unary, 1 in flight', 'calls/s', `parallel 1 ${sliceMs}`, 'rate', (stub) => rate(stub, 1)],
  ['unary, 64 in flight', 'calls/s', `parallel 64 ${sliceMs}`, 'rate', (stub) => rate(stub, 64)],
  ['one stream, 64 messages under way', 'messages/s', `stream ${sliceMs}`, 'rate', streamRate],
]

export const rows: Row[] = [
  {
    case: 'our plugin: cold start to its line',
    unit: 'ms',
    once: true,
    rounds: 12,
    bar: '<= 1.5 x a Node process that loads grpc-js',
    ours: cold(
      `import { servePlugin } from '@backplane/handshake-grpc'
       await servePlugin({ handshake: ${JSON.stringify(handshake)}, plugins: { test: [] } })`,
    ),
    baseline: cold(`import '@grpc/grpc-js'; process.stdout.write('1\\n')`),
  },
  ...measures.map(
    ([what, unit, command, figure, measure]): Row => ({
      case: `Go plugin: ${what}`,
      unit,
      once: true,
      bar: '<= 1.1 x grpc-js',
      ours: kept(async () => ours(await goPlugin('test-grpc')), measure),
      baseline: kept(async () => bare(await goPlugin('test-grpc')), measure),
      peer: async () => goHost(await goPlugin('test-grpc'), command, figure),
    }),
  ),
  ...([false, true] as const).flatMap((mtls) =>
    ([false, true] as const).map((first): Row => {
      const mode = mtls ? 'test-mtls' : 'test-grpc'
      return {
        case: `Go plugin: start to first call, ${mtls ? 'AutoMTLS' : 'plain'}${first ? ', first of a host' : ''}`,
        unit: 'ms',
        once: true,
        rounds: first ? 10 : 40,
        ...(!first && { bar: '<= 1.3 x Go host' }),
        ours: nodeHost(oursProgram, mode, first),
        ...(!mtls && { baseline: nodeHost(bareProgram, mode, first) }),
        peer: async () => goHost(await goPlugin(mode), `start ${mtls ? 1 : 0}`, 'ms', { mtls, first }),
      }
    }),
  ),
  ...measures.map(
    ([what, unit, command, figure, measure]): Row => ({
      case: `our plugin: ${what}`,
      unit,
      once: true,
      ours: kept(async () => ours(await ourPlugin()), measure),
      baseline: kept(async () => bare(await ourPlugin()), measure),
      peer: async () => goHost(await ourPlugin(), command, figure),
    }),
  ),
]
