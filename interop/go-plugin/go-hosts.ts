/** Stock Go hosts run TypeScript plugins. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { Interop } from '../harness.ts'
import { type Built, versions } from './build.ts'

const execute = promisify(execFile)
const node = [process.execPath, '--conditions=@backplane/source']
const testPlugin = join(import.meta.dirname, '../../packages/handshake-grpc/test/fixtures/grpctest.ts')
const examplePlugin = join(import.meta.dirname, '../../examples/kv/plugin.ts')
const pluginFile = (name: string) => join(import.meta.dirname, 'plugins', `${name}.ts`)

/** One way for host and plugin to talk. */
export interface Way {
  readonly network: 'unix' | 'tcp'
  readonly autoMtls: boolean
  readonly mux: boolean
}

/** Every way that a version of go-plugin has. */
export function ways(mux: boolean): Way[] {
  return (['unix', 'tcp'] as const).flatMap((network) =>
    [false, true].flatMap((autoMtls) =>
      (mux ? [false, true] : [false]).map((multiplexed) => ({ network, autoMtls, mux: multiplexed })),
    ),
  )
}

/** `unix, AutoMTLS, mux`. */
export function nameOf({ network, autoMtls, mux }: Way): string {
  return [network, autoMtls ? 'AutoMTLS' : 'plain', ...(mux ? ['mux'] : [])].join(', ')
}

/** Go's own test host, and its example hosts, against TypeScript plugins. */
export async function goHosts({ check, scratch }: Interop, built: Built): Promise<void> {
  const { version } = built
  const { stdio, mux, examples } = versions[version]
  for (const way of ways(mux)) await testHost(check, built, way, stdio)

  const run = (host: string, args: string[], env: Record<string, string>, cwd: string) =>
    execute(host, args, { cwd, env: { ...process.env, ...env }, timeout: 30_000 })
  const named = (what: string) => `Go ${version} host, TypeScript plugin: ${what}`

  await check(named('KV example, put and get'), async () => {
    const cwd = scratch()
    const env = { KV_PLUGIN: `exec ${[...node, examplePlugin].join(' ')}`, KV_PROTO: 'grpc' }
    const host = built.exampleHost('grpc')
    await run(host, ['put', 'hello', 'world'], env, cwd)
    const { stdout } = await run(host, ['get', 'hello'], env, cwd)
    assert.equal(stdout, 'world\n\nWritten from plugin.ts\n')
  })
  await check(named('bidirectional example, 5 + 37'), async () => {
    const cwd = scratch()
    const env = { COUNTER_PLUGIN: `exec ${[...node, pluginFile('counter')].join(' ')}` }
    const host = built.exampleHost('bidirectional')
    await run(host, ['put', 'count', '5'], env, cwd)
    await run(host, ['put', 'count', '37'], env, cwd)
    const { stdout } = await run(host, ['get', 'count'], env, cwd)
    assert.equal(stdout, '42\n')
  })
  await check(named('negotiated example, version 3 of 1 and 3'), async () => {
    const cwd = scratch()
    executable(join(cwd, 'kv-plugin'), 'kv')
    await run(built.exampleHost('negotiated'), ['put', 'a', 'b'], { KV_PROTO: 'grpc' }, cwd)
    const { stdout } = await run(built.exampleHost('negotiated'), ['get', 'a'], { KV_PROTO: 'grpc' }, cwd)
    assert.equal(stdout, 'b\n\nWritten from TypeScript, version 3\n')
  })
  await check(named('negotiated example with a net/rpc host ends with a clear error'), async () => {
    const cwd = scratch()
    executable(join(cwd, 'kv-plugin'), 'kv')
    const failed = await run(built.exampleHost('negotiated'), ['get', 'a'], { KV_PROTO: 'netrpc' }, cwd).catch((e) => e)
    assert.match(String(failed.stdout), /[Ii]ncompatible API version with plugin\. Plugin version: 1/)
  })
  // Hosts take a crash for an error since v1.7; before that all that is no JSON is for debugging.
  if (version === 'v1.8.0') {
    await check(named('a crash is an error in the log of its host, with its text'), async () => {
      const env = { KV_PLUGIN: `exec ${[...node, pluginFile('kv')].join(' ')}`, KV_PROTO: 'grpc' }
      const failed = await run(built.exampleHost('grpc'), ['get', 'crash'], env, scratch()).catch((e) => e)
      assert.match(`${failed.stdout}${failed.stderr}`, /\[ERROR\].*panic: TypeError: out of cheese/)
    })
  }
  if ((examples as readonly string[]).includes('streaming')) {
    await check(named('streaming example, with its cap of 1000 bytes a message'), async () => {
      const cwd = scratch()
      mkdirSync(join(cwd, 'plugin'))
      executable(join(cwd, 'plugin/streamer'), 'streamer')
      const { stderr } = await run(built.exampleHost('streaming'), [join(cwd, 'text')], {}, cwd)
      assert.match(stderr, /received 26 bytes/)
      assert.equal(readFileSync(join(cwd, 'text'), 'utf8'), 'Lorem ipsum dolor sit amet')
    })
  }
  await check(named('a host that is killed leaves no plugin behind'), () => orphan(built, []))
  await check(named('nor behind a shell'), () => orphan(built, ['sh', '-c']))
}

/** A program that the example hosts can start: they take one path and no arguments. */
function executable(path: string, plugin: string): void {
  writeFileSync(path, `#!/bin/sh\nexec ${[...node, pluginFile(plugin)].join(' ')}\n`)
  chmodSync(path, 0o755)
}

async function testHost(check: Interop['check'], built: Built, way: Way, stdio: boolean): Promise<void> {
  const flags = [way.autoMtls && '-automtls', way.mux && '-mux', !stdio && '-stdio=false'].filter(
    (flag) => flag !== false,
  )
  const options = JSON.stringify({ network: way.network })
  const child = spawn(built.host, [...flags, ...node, testPlugin, options], { stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  child.stderr.on('data', (chunk) => {
    log = (log + chunk).slice(-4000)
  })
  let seen = 0
  for await (const line of createInterface({ input: child.stdout })) {
    seen += 1
    const { name, ok, detail } = JSON.parse(line) as { name: string; ok: boolean; detail?: string }
    await check(`Go ${built.version} host, TypeScript plugin (${nameOf(way)}): ${name}`, () => assert.ok(ok, detail))
  }
  if (seen === 0) await check(`Go ${built.version} host (${nameOf(way)}) runs`, () => assert.fail(log))
}

/** Starts a host whose plugin then waits, kills the host, and looks for the plugin. */
async function orphan(built: Built, shell: string[]): Promise<void> {
  const command = [...node, testPlugin]
  // Without exec the shell stays between host and plugin.
  const args = shell.length > 0 ? [...shell, `${command.join(' ')}; true`] : command
  const host = spawn(built.host, ['-wait', ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [first] = await Promise.all([firstLine(host.stdout)])
  const { pid } = JSON.parse(first) as { pid: number }
  assert.ok(alive(pid), 'the plugin runs')
  host.kill('SIGKILL')
  for (let waited = 0; waited < 10_000 && alive(pid); waited += 100)
    await new Promise((resolve) => setTimeout(resolve, 100))
  const left = alive(pid)
  if (left) process.kill(pid, 'SIGKILL')
  assert.ok(!left, 'the plugin is still there')
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stream })) return line
  return ''
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A zombie is gone: only its entry is left, until its parent looks.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
