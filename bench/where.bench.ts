/**
 * What the `where` clauses of others cost a host: a usual one, from broadcast to reply, beside the same broadcast
 * without one; and the processor time that a flood of hostile ones takes of the host, beside as many broadcasts without
 * one.
 */
import { silentLogger, systemClock } from '@backplane/core'
import { memoryNetwork, memoryTransport } from '@backplane/core/memory'
import { deviceConnect } from '@backplane/mesh-device-connect'
import type { Contender, Row } from './harness.ts'

const components = { logger: silentLogger, clock: systemClock }

/** A device, and somebody who broadcasts by hand; `heard` resolves with the next reply. */
async function stage() {
  const network = memoryNetwork()
  const join = deviceConnect({ transport: memoryTransport({ network }), status: () => ({ battery: 80 }) })
  const device = join({ ...components, identity: { deviceId: 'lamp', labels: { zone: 'a' } } })
  device.serve(async () => true)
  await device.connect()
  const wire = memoryTransport({ network, client: 'wire' })(components)
  await wire.connect()
  let told: () => void = () => {}
  await wire.subscribe('device-connect.default.lamp.event.async_reply.*', () => told())
  await wire.flush()
  const send = (envelope: object) => wire.publish('device-connect.default.broadcast', bytesOf(envelope))
  return {
    send,
    heard: () => new Promise<void>((resolve) => (told = resolve)),
    async [Symbol.asyncDispose]() {
      await device.close()
      await wire.close()
    },
  }
}

const bytesOf = (envelope: object) =>
  new TextEncoder().encode(JSON.stringify({ correlation_id: 'br-1', function: 'on', ...envelope }))

const answered =
  (envelope: object): Contender =>
  async () => {
    const { send, heard, ...rest } = await stage()
    const run = async () => {
      const began = performance.now()
      for (let at = 0; at < 200; at++) await Promise.all([heard(), send(envelope)])
      const took = performance.now() - began
      // A device has so much for the clauses of a second, and is to have it again.
      await new Promise((resolve) => setTimeout(resolve, 200))
      return (took * 1000) / 200
    }
    return { ...rest, run }
  }

const heardBy =
  (envelope: object): Contender =>
  async () => {
    const { send, ...rest } = await stage()
    const run = async () => {
      const before = process.cpuUsage()
      for (let at = 0; at < 50; at++) await send(envelope)
      await new Promise((resolve) => setTimeout(resolve, 100))
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1000
    }
    return { ...rest, run }
  }

const nobody = { targets: ['another'] }
const loops = 'bindings.a.all(x, bindings.a.all(y, bindings.a.all(z, x + y + z >= 0)))'
const bindings = { a: Array.from({ length: 500 }, () => 1) }

export const rows: Row[] = [
  {
    case: 'broadcast with a where clause, answered (baseline: without one)',
    unit: 'us',
    once: true,
    bar: '<= 5 x baseline',
    ours: answered({ where: "status.battery > 50 && labels.zone == 'a'" }),
    baseline: answered({}),
  },
  {
    case: 'processor time of 50 hostile clauses, loops (baseline: 50 for others)',
    unit: 'ms',
    once: true,
    bar: '<= 100 ms',
    ours: heardBy({ where: loops, bindings }),
    baseline: heardBy({ ...nobody, bindings }),
  },
  {
    case: 'processor time of 50 hostile clauses, patterns (baseline: 50 for others)',
    unit: 'ms',
    once: true,
    bar: '<= 100 ms',
    ours: heardBy({ where: `'${'a'.repeat(40)}!'.matches('^(a+)+$')` }),
    baseline: heardBy(nobody),
  },
]
