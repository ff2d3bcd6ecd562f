/**
 * The real registry of Device Connect 0.2.5 on etcd, its command-line tools, agent tools, devices and MCP bridge, and
 * this project's host and client.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type IncomingEvent, silentLogger, systemClock } from '@backplane/core'
import { type DeviceConnectMesh, deviceConnect } from '@backplane/mesh-device-connect'
import { natsBroker } from '@backplane/nats-broker'
import { natsTransport } from '@backplane/transport-nats'
import { root } from '../../tools/workspace.ts'
import { startEtcd } from '../etcd.ts'
import { eventually } from '../eventually.ts'
import { type Interop, interop } from '../harness.ts'
import type { RunningProcess } from '../running-process.ts'
import type { Venv } from '../venv.ts'
import { type Answer, mcpClient } from './mcp-bridge.ts'
import { underCalls } from './under-calls.ts'

const execute = promisify(execFile)
const here = import.meta.dirname
const tenant = 'dev'
const deviceId = 'plugin-host-1'
const restarts = Number(process.env.BACKPLANE_RESTARTS ?? 20)
// The bridge (0.2.5) is written for FastMCP's second line: the later ones have no `subscribe_resource`.
const versions = [
  ...['server[all]', 'agent-tools[mcp]', 'edge'].map((name) => `device-connect-${name}==0.2.5`),
  'fastmcp<3',
]

await interop('registry', async (kit) => {
  const python = await kit.venv(versions)
  await using etcd = await startEtcd(kit, kit.scratch())

  await using server = await kit.natsServer()
  const natsServer: Broker = { name: 'nats-server', url: server.url, restart: () => server.restart() }
  await withNetwork(kit, python, etcd.port, natsServer, async (network) => {
    await tools(kit, network)
    await agent(kit, network)
    await client(kit, network)
    await device(kit, network)
    await mcp(kit, network)
    await registryRestarts(kit, network)
    await brokerRestarts(kit, network)
    await silence(kit, network)
  })

  let broker = natsBroker({ port: 0 })()
  await broker.listen()
  const port = Number(new URL(broker.url).port)
  const embedded: Broker = {
    name: 'embedded broker',
    url: broker.url,
    async restart() {
      await broker.close()
      broker = natsBroker({ port })()
      await broker.listen()
    },
  }
  await withNetwork(kit, python, etcd.port, embedded, async (network) => {
    await tools(kit, network)
    await agent(kit, network)
    await brokerRestarts(kit, network)
  })
  await broker.close()
})

interface Broker {
  readonly name: string
  readonly url: string
  restart(): Promise<void>
}

/** A broker with a registry and our host on it, and our client. */
interface Network {
  readonly broker: Broker
  readonly env: Readonly<Record<string, string>>
  readonly python: Venv
  readonly mesh: DeviceConnectMesh
  readonly host: RunningProcess
  startRegistry(): Promise<RunningProcess>
  registry: RunningProcess
}

async function withNetwork(
  kit: Interop,
  python: Venv,
  etcdPort: number,
  broker: Broker,
  run: (network: Network) => Promise<void>,
): Promise<void> {
  const env = {
    MESSAGING_BACKEND: 'nats',
    NATS_URL: broker.url,
    MESSAGING_URLS: broker.url,
    TENANT: tenant,
    DEVICE_CONNECT_DISCOVERY_MODE: 'infra',
    DEVICE_CONNECT_ALLOW_INSECURE: 'true',
    ETCD_HOST: '127.0.0.1',
    ETCD_PORT: String(etcdPort),
    // The registry's and the bridge's own caches, so that a check need not outwait them.
    DC_FLEET_CACHE_TTL: '0',
    MCP_REFRESH_INTERVAL: '0',
  }
  const startRegistry = () =>
    kit.start(python.bin('python'), ['-m', 'device_connect_server.registry.service.main'], {
      ready: /listening on all tenants/,
      env,
    })
  const plugins = kit.scratch()
  cpSync(join(root, 'examples', 'hello-world'), join(plugins, 'hello-world'), { recursive: true })
  const script = ['--conditions=@backplane/source', join(here, 'host.ts'), deviceId, tenant, broker.url, plugins]
  const registry = await startRegistry()
  const host = await kit.start(process.execPath, script, { ready: /READY/, cwd: root })
  const join_ = deviceConnect({ transport: natsTransport({ servers: broker.url }), discovery: 'infra' })
  const mesh = join_({ identity: { deviceId: 'checker', tenant }, logger: silentLogger, clock: systemClock })
  const network: Network = { broker, env, python, mesh, host, registry, startRegistry }
  try {
    await mesh.connect()
    await kit.check(`${broker.name}: our host is in the registry, in full`, async () => {
      const found = await mesh.waitFor(`device(${deviceId}).function(get_status)`)
      assert.equal(found.status.availability, 'available')
      assert.equal(found.labels.category, 'hub')
    })
    await run(network)
  } finally {
    await mesh.close()
    await host.stop()
    await network.registry.stop()
  }
}

async function tools(kit: Interop, { broker, python, env }: Network): Promise<void> {
  const shell = async (module: string, ...args: string[]): Promise<Answer> => {
    const command = execute(python.bin('python'), ['-m', `device_connect_server.${module}`, ...args], {
      env: { ...process.env, ...env },
      timeout: 50_000,
      maxBuffer: 1 << 26,
    })
    const { stdout } = await command
    return JSON.parse(stdout.slice(stdout.search(/^[[{]/m)))
  }
  const check = (what: string, run: () => Promise<void>) => kit.check(`${broker.name}: ${what}`, run)
  await check('devctl list shows our host with functions and events', async () => {
    const devices = await shell('devctl', 'list')
    const [host] = devices.filter((device: Answer) => device.device_id === deviceId)
    assert.ok(host.capabilities.functions.some((fn: Answer) => fn.name === 'load_plugin'))
    assert.ok(host.capabilities.events.some((event: Answer) => event.name === 'plugin_loaded'))
    assert.equal(host.status.availability, 'available')
  })
  await check('devctl discover "device(*)" finds it', async () => {
    assert.match(JSON.stringify(await shell('devctl', 'discover', 'device(*)')), /plugin-host-1/)
  })
  await check('statectl invoke calls it', async () => {
    const answer = await shell('statectl', 'invoke', `device(${deviceId}).function(get_status)`)
    assert.match(JSON.stringify(answer), /"loaded_count":0/)
  })
}

async function agent(kit: Interop, { broker, python, env }: Network): Promise<void> {
  const run = execute(python.bin('python'), [join(here, 'agent.py'), deviceId], {
    env: { ...process.env, ...env },
    timeout: 90_000,
  }).catch((error) => ({ stdout: String(error.stdout), stderr: `${error.message}\n${error.stderr}` }))
  const { stdout, stderr } = await run
  const steps: Record<string, Answer> = {}
  for (const [, step, value] of stdout.matchAll(/^STEP (\w+) (.*)$/gm)) steps[step!] = JSON.parse(value!)
  const check = (what: string, look: () => void) =>
    kit.check(`${broker.name}: agent tools with a registry ${what}`, () => {
      try {
        look()
      } catch (error) {
        throw new Error(
          `${(error as Error).message}\n${JSON.stringify(steps).slice(0, 3_000)}\n${stderr.slice(-2_000)}`,
        )
      }
    })
  await check('discover the host by its type and by a dotted label', () => {
    assert.equal(steps.finds.matched, 1)
    assert.equal(steps.dotted.matched, 1)
  })
  await check('read its status', () => assert.equal(steps.status.result.status, 'success'))
  await check('load a plugin and find its function advertised', () => {
    assert.equal(steps.load.result.status, 'success')
    assert.equal(steps.advertised.matched, 1)
  })
  await check('invoke it', () => assert.deepEqual(steps.invoke.result, { message: 'Hello, agent!' }))
  await check('unload it, hear of it and see it gone', () => {
    assert.equal(steps.unload.result.status, 'success')
    assert.match(JSON.stringify(steps.event), /hello-world/)
    assert.equal(steps.gone.matched, 0)
  })
}

async function client(kit: Interop, { broker }: Network): Promise<void> {
  const what = 'our client finds 150 large devices page by page, though a page is too large for a message'
  await kit.check(`${broker.name}: ${what}`, async () => {
    const components = { logger: silentLogger, clock: systemClock }
    const transport = natsTransport({ servers: broker.url })
    await using wire = transport(components)
    await using mesh = deviceConnect({ transport, discovery: 'infra' })({
      ...components,
      identity: { deviceId: 'searcher', tenant: 'large' },
    })
    await wire.connect()
    await mesh.connect()
    const functions = Array.from({ length: 50 }, (_, n) => ({
      name: `function_${n}`,
      description: `Does the thing that is number ${n} of all the things that it does. `.repeat(3),
      parameters: { type: 'object', properties: {}, required: [] },
    }))
    for (let n = 0; n < 150; n++) {
      const params = {
        device_id: `large-${n}`,
        device_ttl: 20,
        capabilities: { description: '', functions, events: [] },
        identity: { device_type: 'large' },
        status: { ts: '2026-01-01T00:00:00Z' },
      }
      const body = JSON.stringify({ jsonrpc: '2.0', id: `large-${n}`, method: 'registerDevice', params })
      const { payload } = await wire.request('device-connect.large.registry', Buffer.from(body))
      assert.match(Buffer.from(payload).toString(), /registered/)
    }
    const ids: string[] = []
    for await (const device of mesh.devices('device(type:large)', { timeoutMs: 20_000 })) {
      assert.equal(device.functions.length, 50)
      ids.push(device.deviceId)
    }
    assert.equal(new Set(ids).size, 150)
    assert.equal(ids.length, 150)
  })
}

async function device(kit: Interop, { broker, python, env, mesh, host }: Network): Promise<void> {
  const script = join(root, 'interop', 'device-connect', 'device.py')
  await using thermometer = await kit.start(python.bin('python'), [script, deviceId], { ready: /READY/, env })
  const check = (what: string, run: () => Promise<void>) => kit.check(`${broker.name}: ${what}`, run)
  await check('our client finds a Python device in the registry, and calls it', async () => {
    const found = await mesh.waitFor('device(type:thermometer).function(read)', { timeoutMs: 15_000 })
    assert.equal(found.deviceId, 'thermo-1')
    assert.deepEqual(await mesh.invoke('thermo-1', 'read', { unit: 'F' }), { value: 70.7, unit: 'F', odd: Number.NaN })
  })
  await check('the Python device calls our host with invoke_remote', async () => {
    const answer = await mesh.invoke('thermo-1', 'ask_host', { function: 'get_status', params: {} })
    assert.match(JSON.stringify(answer), /"loaded_count":/)
  })
  await check('our mesh waits for a Python device that it depends on (dependsOn)', async () => {
    const transport = natsTransport({ servers: broker.url })
    const join_ = deviceConnect({ transport, discovery: 'infra', dependsOn: ['thermometer'], dependsTimeoutMs: 10_000 })
    await using boss = join_({ identity: { deviceId: 'boss', tenant }, logger: silentLogger, clock: systemClock })
    await boss.connect()
    assert.equal(boss.status, 'connected')
  })
  await check('a Python device that depends on plugin hosts (depends_on) starts with ours', async () => {
    const ready = /Dependency satisfied: device_type=plugin_host/
    await using _ = await kit.start(python.bin('python'), [join(here, 'dependent.py')], { ready, env })
  })
  await check('a trace goes from our client through the Python device into our host', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const question = { function: 'trace_of', params: {} }
    const answer = await mesh.invoke('thermo-1', 'ask_host', question, { trace: { traceparent } })
    assert.match(JSON.stringify(answer), /00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01/)
  })
  await check('it hears our event by @on(device_id, event_name)', async () => {
    await mesh.invoke(deviceId, 'load_plugin', { plugin_id: 'hello-world' })
    await eventually(async () => /HEARD .*plugin_loaded.*hello-world/.test(thermometer.output()) || undefined)
    await mesh.invoke(deviceId, 'unload_plugin', { plugin_id: 'hello-world' })
  })
  await check(
    'it is told peer_lost, and device.offline is heard, when our heartbeats stop; and both mend',
    async () => {
      const told: IncomingEvent[] = []
      const lost = await mesh.on({ event: 'peer_lost', device: deviceId }, (event) => void told.push(event))
      process.kill(host.pid, 'SIGSTOP')
      try {
        await eventually(async () => told[0], 15_000)
        await eventually(async () => thermometer.output().includes(`LOST ${deviceId}`) || undefined)
      } finally {
        process.kill(host.pid, 'SIGCONT')
      }
      await mesh.waitFor(`device(${deviceId})`)
      await lost.unsubscribe()
    },
  )
}

async function mcp(kit: Interop, { broker, python, env, mesh }: Network): Promise<void> {
  await using bridge = await kit.start(python.bin('python'), ['-m', 'device_connect_agent_tools.mcp'], {
    ready: /MCP Bridge ready/,
    env: { ...env, FASTMCP_CHECK_FOR_UPDATES: 'off', FASTMCP_SHOW_SERVER_BANNER: 'false' },
  })
  const call = await mcpClient(bridge)
  const check = (what: string, run: () => Promise<void>) => kit.check(`${broker.name}: the MCP bridge ${what}`, run)
  await check('describes the fleet with our host (describe_fleet)', async () => {
    assert.match(JSON.stringify(await call('describe_fleet')), /plugin_host/)
  })
  await check('gives our functions (get_device_functions)', async () => {
    const answer = await call('get_device_functions', { device_id: deviceId })
    assert.match(JSON.stringify(answer), /"load_plugin"/)
  })
  await check('invokes one (invoke_device)', async () => {
    const word = JSON.stringify({ word: 'mcp' })
    const answer = await call('invoke_device', { device_id: deviceId, function: 'shout', arguments: word })
    assert.deepEqual(answer, { success: true, result: { shouted: 'mcp' } })
  })
  await check('waits for our event (wait_for_event)', async () => {
    const waiting = call('wait_for_event', { device_id: deviceId, event_name: 'shouted', timeout_seconds: 10 })
    await sleep(500)
    await mesh.invoke(deviceId, 'shout', { word: 'waited for' })
    assert.match(JSON.stringify(await waiting), /"shouted"/)
  })
}

async function registryRestarts(kit: Interop, network: Network): Promise<void> {
  const { broker, mesh } = network
  await kit.check(
    `${broker.name}: the registry is killed and restarted ${restarts} times under calls: no registration is lost, no call fails`,
    async () => {
      const codes = { call: [], search: ['BP_DEVICE_CONNECT_REGISTRY_UNAVAILABLE'] }
      const stop = underCalls(mesh, deviceId, codes)
      for (let turn = 0; turn < restarts; turn++) {
        await restartRegistry(network)
      }
      console.log(`     ${JSON.stringify(await stop())}`)
    },
    { timeoutMs: 300_000 },
  )
}

async function brokerRestarts(kit: Interop, network: Network): Promise<void> {
  const { broker, mesh } = network
  await kit.check(
    `${broker.name}: the broker is killed and restarted ${restarts} times under calls: no registration and no subscription is lost`,
    async () => {
      const gone = ['BP_DISCONNECTED', 'BP_NO_RESPONDER', 'BP_TIMEOUT']
      const codes = { call: gone, search: [...gone, 'BP_DEVICE_CONNECT_REGISTRY_UNAVAILABLE'] }
      const heard: IncomingEvent[] = []
      const subscription = await mesh.on({ device: deviceId, event: 'shouted' }, (event) => void heard.push(event))
      const stop = underCalls(mesh, deviceId, codes)
      for (let turn = 0; turn < restarts; turn++) {
        await broker.restart()
        await eventually(async () => {
          await mesh.invoke(deviceId, 'shout', { word: `turn ${turn}` }, { timeoutMs: 2_000 })
          return true
        })
        await eventually(async () => heard.find((event) => event.payload.word === `turn ${turn}`))
        await eventually(() => mesh.waitFor(`device(${deviceId}).function(get_status)`), 20_000)
      }
      await subscription.unsubscribe()
      console.log(`     ${JSON.stringify(await stop())}`)
    },
    { timeoutMs: 300_000 },
  )
}

async function silence(kit: Interop, network: Network): Promise<void> {
  const { broker, mesh, host } = network
  await kit.check(`${broker.name}: a host that stops is offline in the registry at once, and then gone`, async () => {
    // The registry's watch over silent devices ends for good when it cannot publish, as while its broker is away.
    await restartRegistry(network)
    const told: IncomingEvent[] = []
    await mesh.on({ event: 'device.offline', device: deviceId }, (event) => void told.push(event))
    await host.stop()
    const [left] = await mesh.discover(`device(${deviceId})`)
    if (left) assert.equal(left.status.availability, 'offline')
    await eventually(async () => told[0])
    await eventually(async () => ((await mesh.discover(`device(${deviceId})`)).length === 0 ? true : undefined))
  })
}

/** Kills the registry, starts it anew and waits until it has our host from the host itself, not from etcd. */
async function restartRegistry(network: Network): Promise<void> {
  await network.registry.stop('SIGKILL')
  network.registry = await network.startRegistry()
  const isTaken = async () => /registered plugin-host-1 /.test(network.registry.output()) || undefined
  await eventually(isTaken)
  await network.mesh.waitFor(`device(${deviceId}).function(get_status)`)
}
