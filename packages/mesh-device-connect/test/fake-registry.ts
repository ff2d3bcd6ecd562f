import type { Clock, Subscription, Timer, Transport } from '@backplane/core'
import { decodeJson } from '../src/json.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests look into JSON of any form
type Any = any

interface Entry {
  record: Any
  ttl: number
  seen: number
}

const say = (body: unknown) => new TextEncoder().encode(JSON.stringify(body))

/**
 * Device Connect's registry as it behaves on the wire (0.2.5): its schema, its leases, its pull of what it has lost,
 * its pages. The real one is met in `interop/registry`.
 */
export async function fakeRegistry(
  { clock, wire: connect }: { readonly clock: Clock; wire(): Promise<Transport> },
  { largest = 1_000, maxBytes = Number.POSITIVE_INFINITY } = {},
) {
  const tenants = new Map<string, Map<string, Entry>>()
  const asked: Any[] = []
  const registered: Any[] = []
  const pulled: string[] = []
  const beats: Any[] = []
  const wire = await connect()
  let serving: Subscription[] = []
  let sick: string | undefined
  let isSilent = false

  const tenantOf = (subject: string) => subject.split('.')[1] as string
  const devicesOf = (tenant: string) => {
    const devices = tenants.get(tenant) ?? new Map<string, Entry>()
    tenants.set(tenant, devices)
    return devices
  }
  const tell = (tenant: string, change: string, device_id: string) => {
    const body = say({ jsonrpc: '2.0', method: `device/${change}`, params: { device_id, ts: 'now' } })
    wire.publish(`device-connect.${tenant}.device.${change}`, body).catch(() => {})
  }
  const register = (tenant: string, params: Any) => {
    checkSchema(params)
    const entry = { record: structuredClone(params), ttl: params.device_ttl, seen: clock.now() }
    devicesOf(tenant).set(params.device_id, entry)
    registered.push(params)
    tell(tenant, 'online', params.device_id)
  }
  const answer = (id: unknown, result: unknown) => say({ jsonrpc: '2.0', id, result })
  const fail = (id: unknown, code: number, message: string) => say({ jsonrpc: '2.0', id, error: { code, message } })

  const start = async () => {
    const onRegister = await wire.serve('device-connect.*.registry', ({ subject, payload }) => {
      if (isSilent) return undefined
      const { id, method, params } = decodeJson(payload) as Any
      if (method !== 'registerDevice') return fail(id, -32601, 'method not found')
      try {
        if (sick) throw new Error(sick)
        register(tenantOf(subject), params)
        const registration = '0b8f8d8e-3c54-4a5b-9c1e-0f6a9c1d2e3f'
        return answer(id, { status: 'registered', device_registration_id: registration })
      } catch (error) {
        return fail(id, -32602, (error as Error).message)
      }
    })
    const onDiscovery = await wire.serve('device-connect.*.discovery', ({ subject, payload }) => {
      if (isSilent) return undefined
      const devices = devicesOf(tenantOf(subject))
      const { id, method, params = {} } = decodeJson(payload) as Any
      asked.push({ method, ...params })
      const records = [...devices.values()].map(({ record }) => record)
      if (method === 'discovery/getDevice') return answer(id, { device: devices.get(params.device_id)?.record ?? null })
      const { offset = 0, limit } = params
      const size = Math.min(limit ?? records.length, largest)
      const page = records.slice(offset, offset + size)
      const next_offset = offset + size < records.length ? offset + size : null
      const reply = answer(id, { devices: page, next_offset, total_matched: records.length })
      return reply.length > maxBytes ? fail(id, -32000, 'nats: maximum payload exceeded') : reply
    })
    const onBeat = await wire.subscribe('device-connect.*.*.heartbeat', async ({ subject, payload }) => {
      const tenant = tenantOf(subject)
      const { device_id, ts: _, ...status } = decodeJson(payload) as Any
      beats.push({ device_id, ...status })
      const entry = devicesOf(tenant).get(device_id)
      if (entry) {
        entry.seen = clock.now()
        Object.assign(entry.record.status, status)
        return
      }
      pulled.push(device_id)
      const question = say({ jsonrpc: '2.0', id: `re-reg-${device_id}-1`, method: 'requestRegistration', params: {} })
      const cmd = `device-connect.${tenant}.${device_id}.cmd`
      const reply = await wire.request(cmd, question, { timeoutMs: 5_000 }).catch(() => undefined)
      if (reply) register(tenant, (decodeJson(reply.payload) as Any).result)
    })
    serving = [onRegister, onDiscovery, onBeat]
  }
  let sweeping: Timer
  const sweep = () => {
    for (const [tenant, devices] of tenants) {
      for (const [id, { seen, ttl }] of devices) {
        if (clock.now() - seen <= ttl * 1_000) continue
        devices.delete(id)
        tell(tenant, 'offline', id)
      }
    }
    sweeping = clock.after(1_000, sweep)
  }
  await start()
  sweep()

  const devices = devicesOf('t')
  return {
    devices,
    asked,
    registered,
    pulled,
    beats,
    /** What a registering device is told, from now on. */
    refuse: (reason: string | undefined) => {
      sick = reason
    },
    /** It takes what is asked, and answers nothing. */
    silence: (silent: boolean) => {
      isSilent = silent
    },
    async kill() {
      for (const subscription of serving.splice(0)) await subscription.unsubscribe()
      for (const all of tenants.values()) all.clear()
    },
    start,
    forget: (id: string) => {
      const entry = devices.get(id)
      if (entry) entry.seen = Number.NEGATIVE_INFINITY
    },
    add: (id: string, more: object = {}) => {
      const status = { ts: 'now', availability: 'available' }
      const record = {
        device_id: id,
        capabilities: { description: '', functions: [], events: [] },
        identity: {},
        status,
      }
      devices.set(id, { record: { ...record, ...more }, ttl: 1_000_000, seen: clock.now() })
    },
    async close() {
      sweeping.cancel()
      await wire.close()
    },
  }
}

/** What pydantic would refuse. */
function checkSchema(params: Any): void {
  const must = (holds: boolean, what: string) => {
    if (!holds) throw new Error(`validation error: ${what}`)
  }
  const isText = (value: unknown) => typeof value === 'string'
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
  const optional = (value: unknown, check: (value: unknown) => boolean) =>
    value === undefined || value === null || check(value)
  const isLabels = (labels: Any) =>
    optional(labels, (value) =>
      Object.values(value as object).every((one) => isText(one) || (Array.isArray(one) && one.every(isText))),
    )
  const isTags = (tags: Any) => tags === undefined || (Array.isArray(tags) && tags.every(isText))
  must(isText(params.device_id), 'device_id')
  must(Number.isInteger(params.device_ttl) && params.device_ttl > 0, 'device_ttl')
  const { description, functions, events, labels } = params.capabilities
  must(isText(description) && isLabels(labels), 'capabilities')
  for (const fn of functions) {
    must(isText(fn.name) && isText(fn.description) && isObject(fn.parameters), `function ${fn.name}`)
    must(isLabels(fn.labels) && isTags(fn.tags), `labels of function ${fn.name}`)
  }
  for (const event of events) {
    must(isText(event.name) && /^[A-Za-z0-9_-]+$/.test(event.name), `event ${event.name}`)
    must(
      optional(event.payload_schema, isObject) && isLabels(event.labels) && isTags(event.tags),
      `event ${event.name}`,
    )
  }
  const { identity, status } = params
  for (const key of ['device_type', 'manufacturer', 'model', 'serial_number', 'firmware_version']) {
    must(optional(identity[key], isText), `identity.${key}`)
  }
  must(identity.arch === undefined || isText(identity.arch), 'identity.arch')
  must(isText(status.ts), 'status.ts')
  must(optional(status.location, isText) && optional(status.availability, isText), 'status')
  must(optional(status.busy_score, Number.isFinite) && optional(status.battery, Number.isInteger), 'status')
  must(
    optional(status.online, (value) => typeof value === 'boolean'),
    'status.online',
  )
  must(
    optional(status.task_stack, (value) => Array.isArray(value) && value.every(isText)),
    'status.task_stack',
  )
}
