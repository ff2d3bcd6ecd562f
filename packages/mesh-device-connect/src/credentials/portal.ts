import { readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { deviceConnectError } from '../errors.ts'
import { matchesGlob } from '../glob.ts'

/** Where credentials that a portal issued are looked for. */
export interface PortalLookup {
  /** @default PORTAL_CREDENTIALS_DIR, else ~/.config/device-connect */
  readonly dir?: string
  /** Names that count, as a pattern. @default PORTAL_CREDENTIALS_GLOB, else *.creds.json */
  readonly glob?: string
}

type Env = Readonly<Record<string, string | undefined>>

/**
 * Gives the newest credentials file of the folder where users keep what their portal issued. Rejects with
 * `BP_DEVICE_CONNECT_CREDENTIALS_MISSING` where there is none.
 */
export async function newestPortalCredentials(
  lookup: PortalLookup,
  { env, cwd }: { env: Env; cwd: string },
): Promise<string> {
  const dir = lookup.dir ?? env.PORTAL_CREDENTIALS_DIR ?? ''
  const folder = dir === '' ? join(homedir(), '.config', 'device-connect') : resolve(cwd, expanded(dir))
  const glob = lookup.glob ?? (env.PORTAL_CREDENTIALS_GLOB || '*.creds.json')
  const names = await readdir(folder).catch(() => [])
  const found = await Promise.all(
    names
      .filter((name) => matchesGlob(glob, name))
      .map(async (name) => ({
        path: join(folder, name),
        entry: await stat(join(folder, name)).catch(() => undefined),
      })),
  )
  const files = found.filter(({ entry }) => entry?.isFile())
  const [newest] = files.sort((a, b) => (b.entry?.mtimeMs ?? 0) - (a.entry?.mtimeMs ?? 0))
  if (newest) return newest.path
  throw deviceConnectError('BP_DEVICE_CONNECT_CREDENTIALS_MISSING', {
    details: { reason: `no file like ${glob} is in ${folder}` },
    next: `Download the device's credentials from its portal into ${folder}, or name their file.`,
  })
}

function expanded(dir: string): string {
  return dir === '~' || dir.startsWith('~/') ? join(homedir(), dir.slice(2)) : dir
}
