import { withClient } from '../client.ts'
import type { CommandContext } from '../context.ts'
import type { Flags } from '../settings.ts'
import { Shown, shown } from '../shown.ts'
import { table } from '../table.ts'

/** What there is; the keys are those of the registry's `describeFleet`, and `unavailable` is ours. */
interface Fleet {
  total_devices: number
  total_functions: number
  by_type: Record<string, number>
  by_location: Record<string, number>
  /** Devices that say themselves that they take no calls. */
  unavailable: string[]
}

/** Describes who is there, counted as devices come, so that no fleet is too large. */
export async function fleet(flags: Flags & { timeout?: string }, { io, reporter }: CommandContext): Promise<void> {
  const types = new Map<string, number>()
  const locations = new Map<string, number>()
  const count = (map: Map<string, number>, key: string) => void map.set(key, (map.get(key) ?? 0) + 1)
  let [devices, functions] = [0, 0]
  const unavailable: string[] = []
  await withClient(flags, io, reporter, async ({ mesh, timeoutMs }) => {
    reporter.progress(shown`Listening …`)
    for await (const device of mesh.devices(undefined, { timeoutMs, signal: io.signal })) {
      devices++
      functions += device.functions.length
      count(types, device.deviceType ?? 'unknown')
      count(locations, device.location ?? 'unknown')
      const { online = true, availability } = device.status
      if (online === false || availability === 'offline') unavailable.push(device.deviceId)
    }
  })
  const found: Fleet = {
    total_devices: devices,
    total_functions: functions,
    by_type: Object.fromEntries(types),
    by_location: Object.fromEntries(locations),
    unavailable,
  }
  reporter.result(found, textOf(found, types, locations))
}

type Counts = ReadonlyMap<string, number>

function textOf({ total_devices, total_functions, unavailable }: Fleet, types: Counts, locations: Counts): Shown {
  if (total_devices === 0) return shown`Nobody answered.`
  const rows = (map: Counts) => [...map].sort((a, b) => b[1] - a[1]).map(([name, number]) => [name, String(number)])
  const parts = [
    shown`${total_devices} ${total_devices === 1 ? 'device' : 'devices'}, ${total_functions} functions`,
    table(['TYPE', 'DEVICES'], rows(types)),
    table(['LOCATION', 'DEVICES'], rows(locations)),
  ]
  const absent = unavailable.map((device) => [device])
  if (absent.length > 0) parts.push(table(['NOT AVAILABLE'], absent))
  return Shown.join(parts, '\n\n')
}
