import type { Device } from '@backplane/core'
import { withClient } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { countOf } from '../count.ts'
import type { Flags } from '../settings.ts'
import { shown } from '../shown.ts'
import { table } from '../table.ts'

/** How many devices make a page: what is known is shown while the rest is on its way. */
const pageSize = 50

/** Lists devices and what they offer, page by page; `--json` gives them in one line at the end. */
export async function discover(
  selector: string | undefined,
  { limit, ...flags }: Flags & { timeout?: string; limit?: string },
  { io, reporter }: CommandContext,
): Promise<void> {
  const wanted = countOf('--limit', limit)
  const all: Device[] = []
  const show = (page: readonly Device[]) => {
    if (page.length > 0) reporter.part(table(['DEVICE', 'TYPE', 'LOCATION', 'FUNCTIONS'], page.map(row)))
  }
  await withClient(flags, io, reporter, async ({ mesh, timeoutMs }) => {
    reporter.progress(shown`Listening …`)
    for await (const device of mesh.devices(selector, { timeoutMs, signal: io.signal })) {
      all.push(device)
      if (all.length % pageSize === 0) show(all.slice(-pageSize))
      if (all.length >= wanted) break
    }
  })
  show(all.slice(all.length - (all.length % pageSize)))
  if (reporter.json) reporter.value(all)
  else if (all.length === 0) reporter.part(shown`Nobody answered.`)
}

function row({ deviceId, deviceType = '', location = '', functions }: Device): string[] {
  return [deviceId, deviceType, location, functions.map((fn) => fn.name).join(', ')]
}
