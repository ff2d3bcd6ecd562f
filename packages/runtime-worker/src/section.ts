import { access, constants, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { type BackplaneError, coreError, type PluginSource } from '@backplane/core'

/** The `worker` section of a manifest: the program that speaks the worker protocol for this plugin. */
export interface WorkerSection {
  /**
   * The program: a path in the plugin's folder (`./meter`), or a name on the PATH (`perl`).
   * @default the runtime's `command`, else `./<entry_point>`
   */
  readonly command?: string
  /** Its arguments; relative paths are those of the plugin's folder, which is its working directory. @default none */
  readonly args?: readonly string[]
  /** More variables. @default none */
  readonly env?: Readonly<Record<string, string>>
}

/** A section that has been looked through. */
export interface WorkerPlan {
  readonly command: string
  readonly args: readonly string[]
  readonly dir: string
  readonly env: Readonly<Record<string, string>>
}

/**
 * Works out which program a plugin asks for. Rejects with `BP_PLUGIN_LOAD_FAILED` that names what is wrong.
 *
 * @param common - the runtime's own program, as its words
 * @param path - where programs without a folder are looked for
 */
export async function planOf(
  { manifest, dir }: PluginSource,
  common: readonly string[] | undefined,
  path = '',
): Promise<WorkerPlan> {
  const wrong = (reason: string): BackplaneError =>
    coreError('BP_PLUGIN_LOAD_FAILED', { details: { plugin: manifest.id, reason } })
  if (dir === undefined) throw wrong('it has no folder')
  const { command, args = [], env = {} } = (manifest.worker ?? {}) as WorkerSection
  if (command !== undefined && (typeof command !== 'string' || command === ''))
    throw wrong('worker.command must be a path in its folder or the name of a program; arguments go to worker.args')
  if (!Array.isArray(args) || !args.every(isText)) throw wrong('worker.args must be a list of texts')
  if (typeof env !== 'object' || env === null || !Object.values(env).every(isText))
    throw wrong('worker.env must map names to texts')
  const entry = manifest.entry_point === undefined ? undefined : `./${manifest.entry_point}`
  const [program, ...first]: readonly (string | undefined)[] =
    command === undefined && common ? common : [command ?? entry]
  if (program === undefined) throw wrong('neither worker.command nor entry_point names its program')
  const found = await programAt(program, dir, path)
  if (typeof found !== 'string') throw wrong(found.reason)
  return { command: found, args: [...(first as string[]), ...args], dir, env }
}

async function programAt(name: string, dir: string, path: string): Promise<string | { readonly reason: string }> {
  if (!name.includes('/')) {
    for (const folder of path.split(delimiter)) {
      const candidate = join(folder, name)
      if (isAbsolute(candidate) && (await canRun(candidate))) return candidate
    }
    return { reason: `there is no program '${name}' on the PATH; a file in its folder is './${name}'` }
  }
  const file = isAbsolute(name) ? name : join(dir, name)
  if (await canRun(file)) return file
  const found = await stat(file).catch(() => undefined)
  if (!found?.isFile())
    return { reason: `its program '${name}' is not a file${isAbsolute(name) ? '' : ' in its folder'}` }
  return { reason: `its program '${name}' may not be run: chmod +x it, or name the program that runs it` }
}

async function canRun(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined)
  if (!found?.isFile()) return false
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
