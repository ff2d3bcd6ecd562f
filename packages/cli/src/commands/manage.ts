import { BackplaneError } from '@backplane/core'
import { type Client, withClient } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { cliError } from '../errors.ts'
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
  const result = await withClient(onHost(flags), io, reporter, (client) => {
    reporter.progress(shown`${verb} ${id} …`)
    return client
      .manage(`${verb}_plugin`, { plugin_id: id, ...(flags.cascade ? { cascade: true } : {}) })
      .catch((thrown) => {
        if (isUnknown(verb, id, thrown)) return notFound(verb, id, client)
        throw thrown
      })
  })
  const { functions = [] } = (result.plugin ?? {}) as { functions?: string[] }
  const unloaded = (result.unloaded ?? [id]) as string[]
  const offers = functions.length > 0 ? `: ${functions.join(', ')}` : ''
  reporter.result(result, shown`${done[verb]} ${unloaded.join(', ')}${offers}`)
}

/** The driver's text for an id that it does not know says nothing of where it looked, and carries no code. */
function isUnknown(verb: string, id: string, thrown: unknown): boolean {
  if (!(thrown instanceof BackplaneError) || thrown.code !== 'BP_CLI_REFUSED') return false
  return thrown.message === `Failed to ${verb} plugin '${id}'`
}

async function notFound(verb: string, id: string, { manage }: Client): Promise<never> {
  const { capabilities_dir: dir, available } = await manage('list_plugins')
  const names = (available as unknown as { id: string }[]).map((one) => one.id)
  const there = names.length === 0 ? 'it has no folders' : `it has ${names.join(', ')}`
  const looked = `no folder of ${String(dir)} is called so, and no manifest there has that id`
  throw cliError('BP_CLI_REFUSED', {
    details: { reason: `Cannot ${verb} '${id}': ${looked}; ${there}.` },
    next: `Correct the id, or put a folder with a manifest.json for it there, then \`backplane ${verb} ${id}\` again.`,
  })
}
