/**
 * Integers beyond 2^53 and what is not finite, between stock Python Device Connect, our client, the host and a Python
 * plugin.
 */
import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { type IncomingEvent, silentLogger, systemClock } from '@backplane/core'
import { deviceConnect } from '@backplane/mesh-device-connect'
import { eventually } from '../eventually.ts'
import type { Interop } from '../harness.ts'
import type { DeviceSession } from './sessions.ts'

const here = import.meta.dirname
const stamp = 1795298180547494123n
const values = [9007199254740993n, -stamp, 2n ** 64n, 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]
const types = ['int', 'int', 'int', 'int', 'float', 'float', 'float']

/** What {@link numberSession} needs. */
export interface NumberSession extends Omit<DeviceSession, 'host'> {
  /** The host's folder of plugins. */
  readonly plugins: string
}

/** Numbers on every way that they take; the host goes on afterwards. */
export async function numberSession(
  kit: Interop,
  { python, name, env, deviceId, tenant, transport, plugins }: NumberSession,
): Promise<void> {
  cpSync(join(here, 'numbers'), join(plugins, 'numbers'), { recursive: true })
  const command = [join(here, 'device.py'), deviceId]
  await using _device = await kit.start(python.bin('python'), command, { ready: /READY/, env })
  const enter = deviceConnect({ transport })
  await using mesh = enter({ identity: { deviceId: 'numbers', tenant }, logger: silentLogger, clock: systemClock })
  await mesh.connect()
  const check = (what: string, run: () => Promise<void>) => kit.check(`${name}: numbers, ${what}`, run)

  await check('our client and a stock device', async () => {
    await eventually(async () => (await mesh.discover('device(type:thermometer)'))[0])
    assert.deepEqual(await mesh.invoke('thermo-1', 'give_back', { values }), { values, types })
  })
  await check('an event of a stock device', async () => {
    const heard: IncomingEvent[] = []
    const subscription = await mesh.on({ device: 'thermo-1', event: 'hot' }, (event) => void heard.push(event))
    await mesh.invoke('thermo-1', 'alarm', { level: stamp })
    const event = await eventually(async () => heard[0])
    assert.equal(event.payload.level, stamp)
    await subscription.unsubscribe()
  })
  await mesh.invoke(deviceId, 'load_plugin', { plugin_id: 'numbers' })
  await check('our client and a Python plugin of the host', async () => {
    const answer = await mesh.invoke(deviceId, 'give_back', { values, half: 2 })
    assert.deepEqual(answer, { values, types, half: '2.0' })
  })
  await check('a stock device and a Python plugin of the host', async () => {
    const params = { values, half: stamp }
    const answer = await mesh.invoke('thermo-1', 'ask_host', { function: 'give_back', params })
    const { result = answer } = answer as { result?: unknown }
    assert.deepEqual(result, { values, types, half: String(stamp) })
  })
  await mesh.invoke(deviceId, 'unload_plugin', { plugin_id: 'numbers' })
}
