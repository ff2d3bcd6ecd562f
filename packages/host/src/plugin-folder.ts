import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import {
  BackplaneError,
  coreError,
  messageOf,
  type PluginRuntime,
  type PluginSource,
  throwIfAborted,
} from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { parseManifest, parseManifestText } from '@backplane/core/manifest'
import { hostError } from './errors.ts'

/** One folder of a {@link PluginFolder}, readable as a plugin or not. */
export interface FoundPlugin {
  /** The folder's own name; often, but not always, the plugin's id. */
  readonly folder: string
  /** Absolute path of the folder. */
  readonly dir: string
  /** What `manifest.json` holds, where it holds JSON. */
  readonly raw?: unknown
  /** The plugin, ready to be loaded; absent where `error` says why not. */
  readonly source?: PluginSource
  readonly error?: BackplaneError
}

/** What is asked of a runtime; its `kind` is told where it recognises nothing. */
type Recogniser = Pick<PluginRuntime, 'recognise'> & Partial<Pick<PluginRuntime, 'kind'>>

/** Options of {@link pluginFolder}. */
export interface PluginFolderInit {
  /**
   * Runtimes that may recognise a folder without a `manifest.json`, the first that does wins. Asked for at each
   * reading, so the host can be made later. @default none
   */
  readonly runtimes?: () => readonly Recogniser[]
}

/** A folder that holds one plugin in each of its folders. */
export interface PluginFolder {
  /** Absolute path. */
  readonly dir: string
  /**
   * Reads what is there now, sorted by name. A missing folder is an empty one. Rejects with `BP_PLUGINS_UNREADABLE` or
   * `BP_ABORTED`.
   */
  list(options?: PluginFolderOptions): Promise<readonly FoundPlugin[]>
  /**
   * Gives the plugin of this manifest id or, if none has it, in the folder of this name. Rejects with
   * `BP_PLUGIN_ID_INVALID`, `BP_PLUGIN_NOT_FOUND`, `BP_PLUGIN_ID_TAKEN`, `BP_MANIFEST_INVALID` or what `list` rejects
   * with.
   */
  find(id: string, options?: PluginFolderOptions): Promise<PluginSource>
}

/** What may be said of each reading of a {@link PluginFolder}. */
export interface PluginFolderOptions {
  /** Gives up reading. */
  readonly signal?: AbortSignal
}

/** A plugin id is a folder's name too, so it must not be able to leave the folder. */
const plainName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/**
 * Finds plugins on disk: each folder in `dir` whose `manifest.json` describes one, or that a runtime recognises
 * without. Files and names that begin with a dot are passed over. It reads again each time, so what is added later is
 * found; do not use it for plugins made in memory.
 */
export function pluginFolder(dir: string, init: PluginFolderInit = {}): PluginFolder {
  const home = resolve(dir)
  const runtimes = init.runtimes ?? (() => [])
  return {
    dir: home,
    async list({ signal } = {}) {
      throwIfAborted(signal)
      const folders = await foldersOf(home)
      return withoutTakenIds(await Promise.all(folders.map((folder) => read(home, folder, runtimes()))))
    },
    async find(id, options) {
      if (!plainName.test(id)) throw coreError('BP_PLUGIN_ID_INVALID', { details: { plugin: id } })
      const all = await this.list(options)
      const found = all.find(({ source }) => source?.manifest.id === id) ?? all.find(({ folder }) => folder === id)
      if (!found) throw notFound({ plugin: id, dir: home, looked: lookedAt(all, id) })
      if (!found.source) throw found.error
      return found.source
    },
  }
}

async function foldersOf(home: string): Promise<string[]> {
  try {
    const names = (await readdir(home)).filter((name) => !name.startsWith('.'))
    // A link to a folder counts: who may make one here may put a plugin here as well.
    const folders = await Promise.all(names.map(async (name) => (await isFolder(join(home, name))) && name))
    return folders.filter((name) => name !== false).sort()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw hostError('BP_PLUGINS_UNREADABLE', { details: { dir: home, reason: messageOf(cause) }, cause })
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}

async function read(home: string, folder: string, runtimes: readonly Recogniser[]): Promise<FoundPlugin> {
  const dir = join(home, folder)
  let text: string
  try {
    text = await readFile(join(dir, 'manifest.json'), 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return recognised(home, folder, runtimes)
    const details = { of: ` of '${folder}'`, issues: messageOf(cause) }
    return { folder, dir, error: contractError('BP_MANIFEST_INVALID', { details, cause }) }
  }
  const raw = asJson(text)
  try {
    return { folder, dir, raw, source: { manifest: parseManifestText(text, { folder }), dir } }
  } catch (error) {
    return { folder, dir, ...(raw === undefined ? {} : { raw }), error: BackplaneError.from(error) }
  }
}

async function recognised(home: string, folder: string, runtimes: readonly Recogniser[]): Promise<FoundPlugin> {
  const dir = join(home, folder)
  try {
    for (const runtime of runtimes) {
      const raw = await runtime.recognise?.({ dir, name: folder })
      if (raw !== undefined) return { folder, dir, raw, source: { manifest: parseManifest(raw, { folder }), dir } }
    }
  } catch (error) {
    return { folder, dir, error: BackplaneError.from(error) }
  }
  const kinds = runtimes.flatMap(({ kind, recognise }) => (recognise && kind !== undefined ? [kind] : []))
  const unknown = kinds.length === 0 ? '' : `, and it is no plugin that is known without one (${kinds.join(', ')})`
  return {
    folder,
    dir,
    error: notFound({ plugin: folder, dir: home, looked: `${dir} has no manifest.json${unknown}` }),
  }
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    return undefined
  }
}

/** Where several folders claim one id, the folder of that name has it, else the first; the others say so. */
function withoutTakenIds(all: readonly FoundPlugin[]): readonly FoundPlugin[] {
  const owners = new Map<string, string>()
  for (const { folder, source } of all) {
    const id = source?.manifest.id
    if (id !== undefined && (!owners.has(id) || folder === id)) owners.set(id, folder)
  }
  return all.map((found) => {
    const plugin = found.source?.manifest.id
    const owner = plugin === undefined ? undefined : owners.get(plugin)
    if (owner === undefined || owner === found.folder) return found
    const { source: _, ...rest } = found
    return { ...rest, error: hostError('BP_PLUGIN_ID_TAKEN', { details: { folder: found.folder, plugin, owner } }) }
  })
}

/** Names that a message holds at most. */
const mostNames = 20

/** Says which folders and ids an id was compared with. */
function lookedAt(all: readonly FoundPlugin[], id: string): string {
  const names = all.map(({ folder, source }) => {
    const own = source?.manifest.id ?? folder
    return own === folder ? folder : `${folder} (id ${own})`
  })
  const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : ''
  const there = names.length === 0 ? 'there are no folders' : `there are ${names.slice(0, mostNames).join(', ')}${more}`
  return `no folder is called '${id}' and no manifest has that id; ${there}`
}

function notFound(details: { readonly plugin: string; readonly dir: string; readonly looked: string }): BackplaneError {
  return hostError('BP_PLUGIN_NOT_FOUND', { details })
}
