/**
 * Stock Python Device Connect 0.2.5 (agent tools and edge) and this project's host and client, over NATS without a
 * registry.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseSelector, select } from '@backplane/mesh-device-connect'
import { natsBroker } from '@backplane/nats-broker'
import { natsTransport } from '@backplane/transport-nats'
import { root } from '../../tools/workspace.ts'
import { type Interop, interop } from '../harness.ts'
import type { Venv } from '../venv.ts'
import { numberSession } from './numbers.ts'
import { randomSelectors, samples } from './random-selectors.ts'
import { agentSession, deviceSession } from './sessions.ts'

const execute = promisify(execFile)
const here = import.meta.dirname
const tenant = 'dev'
const deviceId = 'plugin-host-1'
const hostCommand = [process.execPath, join(root, 'packages/cli/bin/backplane.js'), 'up']

/** The row of session W that waits for a host function of a later version. */
const expected = new Map([['W002', 'list_plugin_examples is not offered yet']])

await interop('device-connect', async (kit) => {
  const python = await kit.venv(['device-connect-edge[predicate]==0.2.5', 'device-connect-agent-tools==0.2.5'])
  const broker = natsBroker({ port: 0 })()
  await broker.listen()
  try {
    await onServer(kit, python, 'embedded broker', broker.url)
  } finally {
    await broker.close()
  }
  await using server = await kit.natsServer()
  await onServer(kit, python, 'nats-server', server.url)
  await replay(kit, python, server.url)
  await selectors(kit, python)
  await predicates(kit, python)
})

async function onServer(kit: Interop, python: Venv, name: string, url: string): Promise<void> {
  const plugins = kit.scratch()
  for (const plugin of ['hello-world', 'demo'])
    cpSync(join(root, 'examples', plugin), join(plugins, plugin), { recursive: true })
  const options = ['--nats', url, '--device-id', deviceId, '--tenant', tenant, '--plugins', plugins, '--no-auto-load']
  const [node, ...script] = hostCommand as [string, ...string[]]
  const launch = () => kit.start(node, [...script, ...options], { ready: /Ctrl\+C stops the host/, cwd: root })
  const env = environment(url)
  const host = await launch()
  try {
    await agentSession(kit, { python, name, env, deviceId })
    await kit.check(`${name}: a second host with the same id is refused, and the first goes on`, async () => {
      await assert.rejects(launch, /BP_IDENTITY_TAKEN/)
      assert.match(host.output(), /Ctrl\+C stops the host/)
    })
    const transport = natsTransport({ servers: url })
    await numberSession(kit, { python, name, env, deviceId, tenant, transport, plugins })
    await deviceSession(kit, { python, name, env, deviceId, tenant, transport, host })
    await kit.check(`${name}: a killed host comes back at once under its id`, async () => {
      const first = await launch()
      await first.stop('SIGKILL')
      const again = await launch()
      await again.stop()
    })
  } finally {
    await host.stop()
  }
}

function environment(url: string): Record<string, string> {
  return {
    MESSAGING_BACKEND: 'nats',
    NATS_URL: url,
    MESSAGING_URLS: url,
    DEVICE_CONNECT_DISCOVERY_MODE: 'd2d',
    TENANT: tenant,
    DEVICE_CONNECT_ALLOW_INSECURE: 'true',
    DEVICE_CONNECT_LOG_LEVEL: 'WARNING',
  }
}

async function replay(kit: Interop, python: Venv, url: string): Promise<void> {
  const script = join(here, 'vectors', 'replay.py')
  const answers = join(here, 'vectors', 'answers.jsonl')
  const command = [
    ...hostCommand,
    '--nats',
    '{nats}',
    '--device-id',
    '{id}',
    '--tenant',
    '{tenant}',
    '--plugins',
    '{plugins}',
    '--no-auto-load',
  ]
  const play = async (session: string, timeout: number) => {
    const args = [script, '--nats', url, '--sessions', session, '--answers', answers, '--cwd', root]
    const run = execute(python.bin('python'), [...args, '--host', command.join(' ')], { timeout })
    return (await run.catch((error) => error as { stdout: string })).stdout
  }
  for (const [session, rows, about] of [
    ['A', 85, 'Python folders are loaded, called and unloaded, and bad ones refused'],
    ['B', 13, 'names that collide'],
  ] as const) {
    const what = `replay: session ${session}, ${about}`
    const check = async () => {
      const stdout = await play(session, 110_000)
      assert.ok(stdout.includes(`session ${session}: ${rows} passed, 0 failed, 0 without`), stdout)
    }
    await kit.check(what, check, { timeoutMs: 120_000 })
  }
  await kit.check('replay: session W, odd requests, but for what is named as expected', async () => {
    const stdout = await play('W', 55_000)
    const wrong = [...stdout.matchAll(/^(W\d+) /gm)].map((match) => match[1]!)
    assert.deepEqual(wrong, [...expected.keys()], `a row of the list that passes is to be taken off it:\n${stdout}`)
    const counts = stdout.match(/session W: (\d+) passed, (\d+) failed, (\d+) without/)
    assert.equal(Number(counts?.[1]) + wrong.length, 16, stdout)
    for (const id of wrong) console.log(`     ${id} is expected to fail: ${expected.get(id)}`)
  })
}

async function selectors(kit: Interop, python: Venv): Promise<void> {
  await kit.check('our selector language is that of the Python parser, on 3000 random selectors', async () => {
    const texts = randomSelectors(3_000)
    const run = execute(python.bin('python'), [join(here, 'selector_oracle.py')], { maxBuffer: 1 << 26 })
    run.child.stdin!.end(JSON.stringify([texts, samples]))
    const theirs: unknown[] = JSON.parse((await run).stdout)
    assert.ok(theirs.filter((one) => one !== null).length > 500, 'enough of them are valid')
    for (const [index, text] of texts.entries()) assert.deepEqual(ours(text), theirs[index], text)
  })
}

async function predicates(kit: Interop, python: Venv): Promise<void> {
  await kit.check('cel-python answers predicates as our fixture says, which our own tests go by', async () => {
    const fixture = readFileSync(join(root, 'packages/mesh-device-connect/test/fixtures/where.json'), 'utf8')
    const run = execute(python.bin('python'), [join(here, 'where_oracle.py')])
    run.child.stdin!.end(fixture)
    const theirs: (boolean | null)[] = JSON.parse((await run).stdout)
    const { predicates } = JSON.parse(fixture) as { predicates: { where: string; python: boolean | null }[] }
    assert.ok(predicates.length >= 60)
    for (const [index, { where, python }] of predicates.entries()) assert.equal(theirs[index], python, where)
  })
}

function ours(text: string): boolean[][] | null {
  let selector: ReturnType<typeof parseSelector>
  try {
    selector = parseSelector(text)
  } catch {
    return null
  }
  return samples.map(({ name, labels }) => {
    const one = { name, labels }
    const bare = { deviceId: name, functions: [one], events: [one], labels, status: {}, identity: {} }
    const part = (kept: object) => select(kept, bare) !== undefined
    const { device, fn, event } = selector
    return [part(device ? { device } : {}), part(fn ? { fn } : {}), part(event ? { event } : {})]
  })
}
