import type { Value } from '@backplane/core'
import { withClient } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { Shown, shown } from '../shown.ts'
import { type HostFlags, onHost } from './manage.ts'

/** Says how a host is. */
export async function status(flags: HostFlags, { io, reporter }: CommandContext): Promise<void> {
  const flagsOfHost = onHost(flags)
  const { result, address, deviceId } = await withClient(
    flagsOfHost,
    io,
    reporter,
    async ({ manage, mesh, deviceId }) => ({
      result: await manage('get_status'),
      address: mesh.address,
      deviceId,
    }),
  )
  const plugins = (result.loaded_plugins as string[]).join(', ') || 'none'
  const lines = [
    shown`Host     ${deviceId} (${String(result.device_type)}) on ${address}`,
    shown`Mesh     ${result.connected ? 'connected' : 'not connected'}`,
    shown`Plugins  ${plugins}`,
    shown`Folder   ${String(result.capabilities_dir)}`,
    ...unusable(result),
  ]
  reporter.result(result, Shown.join(lines, '\n'))
}

/** The functions that refuse all calls, and why. */
function unusable({ unusable_functions: found = {} }: Record<string, Value>): Shown[] {
  const plugins = Object.entries(found as Record<string, Record<string, { message: string }>>)
  return plugins.flatMap(([id, functions]) =>
    Object.values(functions).map(({ message }) => shown`Unusable ${id}: ${message}`),
  )
}
