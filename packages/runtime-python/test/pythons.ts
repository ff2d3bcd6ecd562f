import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** The oldest and the newest Python that plugins are promised, and those between them that matter. */
const promised = ['3.9', '3.11', '3.12', '3.13']

/** The Pythons of this machine, by version; those of pyenv count as well as those on the PATH. */
export function pythonsHere(): ReadonlyMap<string, string> {
  const versions = join(homedir(), '.pyenv', 'versions')
  const installed = existsSync(versions) ? readdirSync(versions) : []
  const found = new Map<string, string>()
  for (const version of promised) {
    const candidates = [
      ...installed
        .filter((name) => name.startsWith(`${version}.`))
        .map((name) => join(versions, name, 'bin', 'python3')),
      ...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, `python${version}`)),
    ]
    const path = candidates.find((candidate) => existsSync(candidate) && !candidate.includes('.pyenv/shims'))
    if (path !== undefined) found.set(version, path)
  }
  return found
}

/** Those that are promised and not here. */
export function pythonsMissing(): readonly string[] {
  const here = pythonsHere()
  return promised.filter((version) => !here.has(version))
}
