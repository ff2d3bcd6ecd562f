import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Logger, messageOf } from '@backplane/core'
import { hostError } from './errors.ts'

/** What people asked a host to have loaded, kept across restarts. */
export interface DesiredState {
  /** Whether a plugin was last asked to be loaded (`true`) or unloaded; `undefined`: nobody ever asked. */
  get(pluginId: string): Promise<boolean | undefined>
  /** Writes down what is asked for, on disk before it resolves. Rejects with `BP_STATE_UNWRITABLE`. */
  set(pluginId: string, loaded: boolean): Promise<void>
}

/**
 * Keeps the desired state in a JSON file, replaced as a whole at each change. One process may use it at a time.
 *
 * A file that cannot be read is set aside with the ending `.broken` and said so in the log: a host that starts with its
 * defaults is better than one that does not start.
 */
export function desiredStateFile(path: string, logger?: Logger): DesiredState {
  let reading: Promise<Map<string, boolean>> | undefined
  let writing: Promise<void> = Promise.resolve()
  /** Whether the last write failed: then the file lacks what is known here. */
  let isBehind = false
  const read = () => {
    reading ??= readState(path, logger).catch((cause) => {
      reading = undefined
      throw cause
    })
    return reading
  }
  return {
    async get(pluginId) {
      const state = await read().catch((error) => {
        logger?.warn({ path, reason: messageOf(error) }, 'state not read; the host goes by its defaults')
        return undefined
      })
      return state?.get(pluginId)
    },
    async set(pluginId, loaded) {
      // To write what could not be read would lose what is kept of the other plugins.
      const state = await read().catch((cause) => {
        throw unwritable(path, cause)
      })
      if (state.get(pluginId) === loaded) {
        await writing
        if (!isBehind) return
      }
      state.set(pluginId, loaded)
      const text = `${JSON.stringify({ version: 1, plugins: Object.fromEntries(state) }, null, 2)}\n`
      const written = writing.then(() => replaceFile(path, text))
      writing = written.then(
        () => {
          isBehind = false
        },
        () => {
          isBehind = true
        },
      )
      await written
    },
  }
}

async function readState(path: string, logger?: Logger): Promise<Map<string, boolean>> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return new Map()
  }
  const plugins = pluginsOf(text)
  if (plugins) return new Map(Object.entries(plugins))
  await rename(path, `${path}.broken`).catch(() => {})
  logger?.warn(
    { path: `${path}.broken` },
    'the state file is not readable and was set aside; the host goes by its defaults',
  )
  return new Map()
}

function pluginsOf(text: string): Record<string, boolean> | undefined {
  try {
    const { version, plugins } = JSON.parse(text)
    const right = version === 1 && Object.values(plugins).every((value) => typeof value === 'boolean')
    return right ? plugins : undefined
  } catch {
    return undefined
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(`${path}.new`, text, { flush: true })
    await rename(`${path}.new`, path)
  } catch (cause) {
    throw unwritable(path, cause)
  }
}

function unwritable(path: string, cause: unknown) {
  return hostError('BP_STATE_UNWRITABLE', { details: { path, reason: messageOf(cause) }, cause })
}
