import { BackplaneError, silentLogger, systemClock, type Transport } from '@backplane/core'
import type { Subjects } from '@backplane/mesh-device-connect'
import { noBridge } from '../client.ts'
import type { CliIo } from '../io.ts'
import { type Network, networkOf } from '../network.ts'
import { pause } from '../pause.ts'
import type { Settings } from '../settings.ts'
import { type Check, failedBy } from './check.ts'

/** How long devices have to be heard, in milliseconds: they answer a probe at once, or beat every five seconds. */
const listenMs = { d2d: 1_500, p2p: 1_500, infra: 6_000 }
/** What Device Connect's own timestamps may be off by before somebody is confused, in milliseconds. */
const skewMs = 2_000

/** Whether the broker or bridge, the registry and other devices can be reached, and whether the clocks agree. */
export async function networkChecks(settings: Settings, io: CliIo): Promise<Check[]> {
  const entry = settings.preset === 'edge' ? 'bridge' : 'broker'
  let network: Network
  try {
    network = await networkOf(settings, io)
  } catch (error) {
    return [failedBy(entry, error)]
  }
  const transport = network.transport({ logger: silentLogger, clock: systemClock })
  try {
    const began = performance.now()
    await transport.connect({ timeoutMs: 5_000, signal: io.signal })
    const connectMs = Math.round(performance.now() - began)
    const asked = performance.now()
    await transport.flush({ timeoutMs: 5_000, signal: io.signal })
    const roundTripMs = Math.round((performance.now() - asked) * 10) / 10
    const detail = `${transport.address}: connected in ${connectMs} ms, a round trip takes ${roundTripMs} ms`
    const reached: Check = {
      name: entry,
      state: 'ok',
      detail,
      facts: { address: transport.address, connectMs, roundTripMs },
    }
    const { subjectsOf } = await import('@backplane/mesh-device-connect')
    const subjects = subjectsOf(network.tenant)
    const registry = await registryCheck(transport, subjects, network, io)
    return [reached, registry, ...(await deviceChecks(transport, subjects, network, io))]
  } catch (thrown) {
    const isZenoh = network.kind === 'zenoh'
    return [failedBy(entry, isZenoh ? noBridge(thrown, settings.bridge) : thrown)]
  } finally {
    await transport.close()
  }
}

async function registryCheck(
  transport: Transport,
  subjects: Subjects,
  { discovery }: Network,
  io: CliIo,
): Promise<Check> {
  const request = { jsonrpc: '2.0', id: 'doctor', method: 'discovery/listDevices', params: { limit: 1 } }
  const bytes = new TextEncoder().encode(JSON.stringify(request))
  const isNeeded = discovery === 'infra'
  try {
    const { payload } = await transport.request(subjects.discovery, bytes, {
      timeoutMs: isNeeded ? 5_000 : 1_000,
      signal: io.signal,
    })
    const { result } = JSON.parse(new TextDecoder().decode(payload)) as { result?: { total_matched?: number } }
    const count = result?.total_matched
    const detail = `it answers${count === undefined ? '' : `, and knows ${count} devices`}`
    return { name: 'registry', state: 'ok', detail, facts: { devices: count } }
  } catch (thrown) {
    if (isNeeded) {
      const { code, message } = BackplaneError.from(thrown)
      const next = 'Start the registry, check the tenant, or do without: --discovery-mode d2d.'
      return { name: 'registry', state: 'failed', detail: message, next, code }
    }
    return { name: 'registry', state: 'skipped', detail: 'none answers, and none is needed: devices find each other' }
  }
}

/** Hears devices by their presence and heartbeats, whose time stamps tell their clocks. */
async function deviceChecks(
  transport: Transport,
  subjects: Subjects,
  { tenant, discovery }: Network,
  io: CliIo,
): Promise<Check[]> {
  const skews = new Map<string, number>()
  const hear = ({ payload }: { payload: Uint8Array }) => {
    const said = read(payload)
    if (typeof said?.device_id !== 'string' || typeof said.ts !== 'number' || said.departing === true) return
    const skew = said.ts * 1000 - Date.now()
    const known = skews.get(said.device_id)
    // What travelled longest looks most like a clock that is behind.
    if (known === undefined || Math.abs(skew) < Math.abs(known)) skews.set(said.device_id, skew)
  }
  for (const subject of [subjects.presence('*'), subjects.heartbeat('*')]) await transport.subscribe(subject, hear)
  const probe = new TextEncoder().encode(JSON.stringify({ probe: true, ts: Date.now() / 1000 }))
  await transport.publish(subjects.probe, probe)
  await pause(listenMs[discovery], io.signal)

  const names = [...skews.keys()].sort()
  const heard: Check = {
    name: 'devices',
    state: names.length > 0 ? 'ok' : 'warning',
    detail:
      names.length > 0
        ? `${names.length} heard: ${names.slice(0, 10).join(', ')}`
        : `nobody is heard in tenant '${tenant}'`,
    ...(names.length > 0 ? {} : { next: 'Check the tenant (--tenant), and that a host is up: `backplane up`.' }),
    facts: { devices: names },
  }
  const wrong = [...skews].filter(([, skew]) => Math.abs(skew) > skewMs)
  const worst = Math.max(0, ...[...skews.values()].map(Math.abs))
  const facts = Object.fromEntries([...skews].map(([device, skew]) => [device, Math.round(skew)]))
  if (names.length === 0) return [heard, { name: 'clock', state: 'skipped', detail: 'nobody to compare it with' }]
  if (wrong.length === 0) {
    return [heard, { name: 'clock', state: 'ok', detail: `within ${Math.ceil(worst)} ms of every device heard`, facts }]
  }
  const isOurs = wrong.length === skews.size
  const who = wrong.map(([device, skew]) => `${device} ${skew > 0 ? '+' : ''}${(skew / 1000).toFixed(1)} s`).join(', ')
  return [
    heard,
    {
      name: 'clock',
      state: 'warning',
      detail: isOurs ? `it differs from that of every device heard: ${who}` : `some devices differ: ${who}`,
      next: `Set the clock of ${isOurs ? 'this machine' : 'those devices'} by NTP: broadcasts at a time, and certificates, go by it.`,
      facts,
    },
  ]
}

function read(payload: Uint8Array): { device_id?: unknown; ts?: unknown; departing?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(payload))
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
