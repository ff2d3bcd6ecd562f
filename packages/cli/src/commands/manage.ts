import { withClient } from '../client.ts'
import type { CommandContext } from '../context.ts'
import type { Flags } from '../settings.ts'
import { shown } from '../shown.ts'

/** Flags of the commands that manage one host. */
export interface HostFlags extends Flags {
  readonly device?: string
  readonly timeout?: string
}

/** `--device` is to a client what `--device-id` is to the host itself. */
export function onHost({ device, ...flags }: HostFlags): HostFlags {
  return device === undefined ? flags : { ...flags, deviceId: device }
}

const done = { load: 'Loaded', unload: 'Unloaded', reload: 'Reloaded' } as const

/** Loads, unloads or reloads a plugin of a host. */
export async function manage(
  verb: keyof typeof done,
  id: string,
  flags: HostFlags & { readonly cascade?: boolean },
  { io, reporter }: CommandContext,
): Promise<void> {
  const result = await withClient(onHost(flags), io, reporter, ({ manage }) => {
    reporter.progress(shown`${verb} ${id} …`)
    return manage(`${verb}_plugin`, { plugin_id: id, ...(flags.cascade ? { cascade: true } : {}) })
  })
  const { functions = [] } = (result.plugin ?? {}) as { functions?: string[] }
  const unloaded = (result.unloaded ?? [id]) as string[]
  const offers = functions.length > 0 ? `: ${functions.join(', ')}` : ''
  reporter.result(result, shown`${done[verb]} ${unloaded.join(', ')}${offers}`)
}
