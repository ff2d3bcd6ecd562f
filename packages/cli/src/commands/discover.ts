import { withClient } from '../client.ts'
import type { CommandContext } from '../program.ts'
import type { Flags } from '../settings.ts'
import { table } from '../table.ts'

/** Lists devices and what they offer. */
export async function discover(
  selector: string | undefined,
  flags: Flags & { timeout?: string },
  { io, reporter }: CommandContext,
): Promise<void> {
  const devices = await withClient(flags, io, reporter, ({ mesh, timeoutMs }) => {
    reporter.progress('Listening …')
    return mesh.discover(selector, { timeoutMs: Math.min(timeoutMs, 3_000), signal: io.signal })
  })
  const rows = devices.map(({ deviceId, deviceType = '', location = '', functions }) => [
    deviceId,
    deviceType,
    location,
    functions.map((fn) => fn.name).join(', '),
  ])
  reporter.result(
    devices,
    rows.length > 0 ? table(['DEVICE', 'TYPE', 'LOCATION', 'FUNCTIONS'], rows) : 'Nobody answered.',
  )
}
