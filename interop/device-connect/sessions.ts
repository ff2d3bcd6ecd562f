/** What stock Python Device Connect 0.2.5 and this project do with each other, on whatever network `env` names. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type IncomingEvent, silentLogger, systemClock, type TransportFactory } from '@backplane/core'
import { type DeviceConnectMesh, deviceConnect } from '@backplane/mesh-device-connect'
import { eventually } from '../eventually.ts'
import type { Interop } from '../harness.ts'
import type { RunningProcess } from '../running-process.ts'
import type { Venv } from '../venv.ts'

const execute = promisify(execFile)
const here = import.meta.dirname

/** What a session needs. */
export interface Session {
  /** With `device-connect-edge` and `device-connect-agent-tools`. */
  readonly python: Venv
  /** What stands in front of each check's name. */
  readonly name: string
  /** How Python finds the network: `MESSAGING_BACKEND` and its like. */
  readonly env: Readonly<Record<string, string>>
  /** The host, which runs already and has the `hello-world` example in its folder. */
  readonly deviceId: string
}

/** What {@link deviceSession} needs. */
export interface DeviceSession extends Session {
  readonly tenant: string
  /** Our own way to the network. */
  readonly transport: TransportFactory
  readonly host: RunningProcess
}

// biome-ignore lint/suspicious/noExplicitAny: what Python prints is looked into by the checks
type Steps = Record<string, any>

/** Stock agent tools discover a host, load a plugin into it, call it, hear it and broadcast to it. */
export async function agentSession(kit: Interop, { python, name, env, deviceId }: Session): Promise<void> {
  const run = execute(python.bin('python'), [join(here, 'agent.py'), deviceId], {
    env: { ...process.env, ...env },
    timeout: 90_000,
  }).catch((error) => ({ stdout: String(error.stdout), stderr: `${error.message}\n${error.stderr}` }))
  const { stdout, stderr } = await run
  const steps: Steps = {}
  for (const [, step, value] of stdout.matchAll(/^STEP (\w+) (.*)$/gm)) steps[step!] = JSON.parse(value!)
  const check = (what: string, look: () => void) =>
    kit.check(`${name}: agent tools ${what}`, () => {
      try {
        look()
      } catch (error) {
        throw new Error(
          `${(error as Error).message}\n${JSON.stringify(steps, null, 1).slice(0, 3_000)}\n${stderr.slice(-2_000)}`,
        )
      }
    })

  await check('discover the host by its type', () => assert.equal(steps.finds.matched, 1))
  await check('see its labels', () => assert.match(JSON.stringify(steps.labels), /category/))
  await check('select it by category and by a dotted label', () => {
    assert.equal(steps.hub.matched, 1)
    assert.equal(steps.dotted.matched, 1)
  })
  await check('load hello-world', () => {
    assert.equal(steps.before.matched, 0)
    assert.equal(steps.load.success, true)
    assert.equal(steps.load.result.status, 'success')
    assert.deepEqual(steps.load.result.plugin.functions, ['hello_world'])
  })
  await check('see hello_world advertised', () => assert.equal(steps.advertised.matched, 1))
  await check('invoke it', () => {
    assert.deepEqual(steps.invoke.result, { message: 'Hello, agent!' })
    assert.deepEqual(steps.default.result, { message: 'Hello, world!' })
  })
  await check('are told of surplus parameters', () => assert.equal(steps.surplus.success, false))
  await check('unload it', () => assert.equal(steps.unload.result.status, 'success'))
  await check('hear plugin_unloaded', () => assert.match(JSON.stringify(steps.event), /hello-world/))
  await check('see it gone', () => {
    assert.equal(steps.gone.matched, 0)
    assert.equal(steps.refused.success, false)
  })
  await check('read the status', () => assert.equal(steps.status.result.status, 'success'))
  await check('broadcast and get the reply', () => {
    assert.equal(steps.broadcast.length, 1)
    assert.equal(steps.broadcast[0].success, true)
    assert.deepEqual(steps.broadcast[0].result, { message: 'Hello, all!' })
  })
  await check('broadcast with a predicate to those whom it means', () => {
    assert.deepEqual(steps.elected, [deviceId])
    assert.deepEqual(steps.excluded, [])
  })
}

/** A stock device and a host find, call and hear each other, and our client both; at the end the host is stopped. */
export async function deviceSession(
  kit: Interop,
  { python, name, env, deviceId, tenant, transport, host }: DeviceSession,
): Promise<void> {
  const start = () => kit.start(python.bin('python'), [join(here, 'device.py'), deviceId], { ready: /READY/, env })
  await using thermometer = await start()
  const enter = deviceConnect({ transport })
  const mesh = enter({ identity: { deviceId: 'checker', tenant }, logger: silentLogger, clock: systemClock })
  await mesh.connect()
  await using _ = mesh
  const check = (what: string, run: (mesh: DeviceConnectMesh) => Promise<void>) =>
    kit.check(`${name}: ${what}`, () => run(mesh))

  await check('our client discovers a Python device', async () => {
    const found = await eventually(async () => (await mesh.discover('device(type:thermometer)'))[0])
    assert.equal(found.deviceId, 'thermo-1')
    assert.equal(found.location, 'lab-1')
    assert.ok(found.functions.some((fn) => fn.name === 'read' && fn.parameters !== undefined))
    assert.ok(found.events.some((event) => event.name === 'hot'))
  })
  await check('our client calls it, NaN in its answer and all', async () => {
    assert.deepEqual(await mesh.invoke('thermo-1', 'read', { unit: 'F' }), { value: 70.7, unit: 'F', odd: Number.NaN })
  })
  await check('its errors are ours', async () => {
    await assert.rejects(mesh.invoke('thermo-1', 'nope'), {
      code: 'BP_FUNCTION_UNKNOWN',
      message: 'Unknown method: nope',
    })
    await assert.rejects(mesh.invoke('thermo-1', 'fail'), { code: 'BP_REMOTE_FAILED', message: /sensor is gone/ })
    await assert.rejects(mesh.invoke('nobody', 'read'), { code: 'BP_NO_RESPONDER' })
  })
  await check('our client hears its events', async () => {
    const heard: IncomingEvent[] = []
    const subscription = await mesh.on({ device: 'thermo-1', event: 'hot' }, (event) => void heard.push(event))
    await mesh.invoke('thermo-1', 'alarm', { level: 3 })
    const event = await eventually(async () => heard[0])
    assert.equal(event.device, 'thermo-1')
    assert.equal(event.payload.level, 3)
    await subscription.unsubscribe()
  })
  await check('it calls our host with invoke_remote', async () => {
    const answer = await mesh.invoke('thermo-1', 'ask_host', { function: 'get_status', params: {} })
    assert.match(JSON.stringify(answer), /"loaded_count":/)
  })
  await check('it hears plugin_loaded by @on', async () => {
    await mesh.invoke(deviceId, 'load_plugin', { plugin_id: 'hello-world' })
    await eventually(async () => /HEARD .*plugin_loaded.*hello-world/.test(thermometer.output()) || undefined)
    await mesh.invoke(deviceId, 'unload_plugin', { plugin_id: 'hello-world' })
  })
  await check('our client broadcasts to host and Python device alike', async () => {
    const replies = []
    for await (const reply of mesh.broadcast('read', { unit: 'C' }, { targets: ['thermo-1', deviceId] }))
      replies.push(reply)
    const by = Object.fromEntries(replies.map((reply) => [reply.device, reply]))
    assert.equal(by['thermo-1']!.ok, true)
    assert.equal(by[deviceId]!.ok, false)
  })
  await check('it hears peer_lost as soon as the host stops', async () => {
    await host.stop('SIGINT')
    await eventually(async () => thermometer.output().includes(`LOST ${deviceId}`) || undefined)
  })
}
