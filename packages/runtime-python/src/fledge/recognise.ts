import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Manifest } from '@backplane/core'
import { fledgeError } from './errors.ts'

/** What a module must define to be a Fledge plugin. */
const definesInfo = /^(?:async\s+)?def\s+plugin_info\s*\(/m

/** How long installing packages and starting may take together. */
const installingTimeoutMs = 150_000

/**
 * Makes the manifest of a folder that holds a Fledge or FogLAMP plugin in Python and no `manifest.json`:
 * `NAME/NAME.py`, a plugin repository (`python/fledge/plugins/TYPE/NAME/NAME.py`, or `NAME/NAME.py` in it), or one
 * module with `plugin_info` under another name, so that a copy of or a link to a plugin's folder is a second instance
 * of it. What `plugin_info` says is added when the plugin is loaded.
 *
 * Gives nothing for any other folder. Rejects with `BP_FLEDGE_FOLDER_AMBIGUOUS`.
 */
export async function recogniseFledge(folder: {
  readonly dir: string
  readonly name: string
}): Promise<Manifest | undefined> {
  const { dir, name } = folder
  const entry = await entryOf(dir, name)
  if (entry === undefined) return undefined
  const packages = await requirementsBeside(dir, entry)
  const needs = packages.length > 0 || (await namesIn(dir)).some((file) => /^requirements\.(txt|lock)$/.test(file))
  return {
    id: name,
    runtime: 'python',
    entry_point: entry,
    python: { adapter: 'fledge', ...typeOf(entry) },
    ...(packages.length > 0 ? { dependencies: { python: packages } } : {}),
    // What it imports is installed before it can say what it is.
    ...(needs ? { limits: { start_timeout_ms: installingTimeoutMs } } : {}),
  }
}

async function entryOf(dir: string, name: string): Promise<string | undefined> {
  if (await isPlugin(dir, `${name}.py`)) return `${name}.py`
  const beside = (await namesIn(dir)).filter((file) => file.endsWith('.py'))
  const usual = await only(dir, [...beside, ...(await inRepository(dir))])
  const found = usual.length > 0 ? usual : await only(dir, await below(dir))
  if (found.length > 1) {
    throw fledgeError('BP_FLEDGE_FOLDER_AMBIGUOUS', { details: { folder: name, files: found.join(', ') } })
  }
  return found[0]
}

/** Where a plugin's repository has its module. */
async function inRepository(dir: string): Promise<string[]> {
  const roots = ['python/fledge/plugins', 'python/foglamp/plugins']
  const types = await Promise.all(
    roots.map(async (root) => (await namesIn(join(dir, root))).map((t) => `${root}/${t}`)),
  )
  const folders = await Promise.all(
    types
      .flat()
      .map(async (type) => (await namesIn(join(dir, type))).map((plugin) => `${type}/${plugin}/${plugin}.py`)),
  )
  return folders.flat()
}

/** Repositories that have the plugin's folder itself at their top. */
async function below(dir: string): Promise<string[]> {
  return (await namesIn(dir)).map((plugin) => `${plugin}/${plugin}.py`)
}

async function only(dir: string, entries: readonly string[]): Promise<string[]> {
  const plugins = await Promise.all(entries.map(async (entry) => ((await isPlugin(dir, entry)) ? [entry] : [])))
  return plugins.flat()
}

async function isPlugin(dir: string, entry: string): Promise<boolean> {
  const code = await readFile(join(dir, entry), 'utf8').catch(() => '')
  return definesInfo.test(code)
}

async function namesIn(dir: string): Promise<string[]> {
  return (await readdir(dir).catch(() => [])).filter((name) => !name.startsWith('.')).sort()
}

/** The type that the module's place says: Fledge leaves a plugin out that says another. */
function typeOf(entry: string): { readonly type?: string } {
  const match = /^python\/\w+\/plugins\/([^/]+)\//.exec(entry)
  return match?.[1] === undefined ? {} : { type: match[1] }
}

/**
 * Reads requirements from where plugins' repositories have them: beside the module, and `python/requirements-NAME.txt`,
 * where NAME may have `-` for the module's `_`. The one in the folder itself counts for every Python plugin and is not
 * read here.
 */
async function requirementsBeside(dir: string, entry: string): Promise<string[]> {
  if (!entry.includes('/')) return []
  const name = dashed(basename(entry, '.py'))
  const own = (await namesIn(join(dir, 'python'))).filter((file) => dashed(file) === `requirements-${name}.txt`)
  const files = [
    `${dirname(entry)}/requirements.txt`,
    ...own.map((file) => `python/${file}`),
    'python/requirements.txt',
  ]
  const texts = await Promise.all(files.map((file) => readFile(join(dir, file), 'utf8').catch(() => '')))
  return [...new Set(texts.flatMap(specifiers))]
}

function dashed(name: string): string {
  return name.replaceAll('_', '-')
}

function specifiers(text: string): string[] {
  return text
    .replaceAll(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .map((line) =>
      line
        .replace(/(^|\s)#.*$/, '')
        .replace(/\s--hash=\S+/g, '')
        .trim(),
    )
    .filter((line) => line !== '' && !line.startsWith('-'))
}
